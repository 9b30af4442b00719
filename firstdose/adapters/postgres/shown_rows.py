"""Rows as people see them: the sealed texts in their JSON columns opened, with the key of the row's referral."""

from collections.abc import Mapping
from typing import Any

from firstdose.adapters.keyring.sealed_texts import holds_sealed, shown
from firstdose.adapters.postgres.keys.vault import NoDataKey, Vault
from firstdose.adapters.postgres.pool import Connection


async def shown_row(connection: Connection, vault: Vault, row: Mapping[str, Any]) -> dict[str, Any]:
    """`row` is one of `referrals`, or has a `referral_id`. The key is read only for a row that needs it."""
    columns = dict(row)
    sealed = {name: value for name, value in columns.items() if holds_sealed(value)}
    if not sealed:
        return columns
    try:
        texts = (await vault.sealer(connection, columns.get("referral_id") or columns["id"])).texts
    except NoDataKey:
        texts = None
    return {**columns, **{name: shown(value, texts) for name, value in sealed.items()}}
