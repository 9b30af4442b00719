"""Whether a keyring belongs to this database: its root, what its key ids stand for, and that none is missing."""

from collections.abc import Iterable, Mapping
from typing import Any

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.pool import Pool, reachable
from firstdose.adapters.postgres.queries import load

_sql = load("key_check")


class UnfitKeys(Exception):
    """With these keys known referrals would look new, or what is stored could not be read; the text has the fix."""


async def recorded_root(pool: Pool) -> str | None:
    """The fingerprint of the root that the database was begun with; None if it was not. Raises Unavailable."""
    async with reachable():
        root: str | None = await _sql.root(pool) if await _sql.has_root(pool) else None
    return root


async def refuse_other_root(pool: Pool, keyring: Keyring) -> None:
    """Changes nothing. Raises UnfitKeys, Unavailable."""
    _same_root(await recorded_root(pool), keyring)


async def refuse_unfit_keys(pool: Pool, keyring: Keyring) -> None:
    """Changes nothing. Raises UnfitKeys, Unavailable."""
    await refuse_other_root(pool, keyring)
    async with reachable():
        _fitting([row async for row in _sql.known(pool)], keyring)


async def check_keys(pool: Pool, keyring: Keyring, *, wraps: bool) -> None:
    """Before anything is written: the first root to come, and what each id stands for, are remembered.

    `wraps` says that data keys will be wrapped under the active key: others need it from now on, too. Raises UnfitKeys,
    Unavailable.
    """
    await refuse_unfit_keys(pool, keyring)
    held, wrapping = keyring.fingerprints, keyring.active_id if wraps else ""
    async with reachable():
        _same_root(await _sql.claim_root(pool, fingerprint=keyring.root_fingerprint), keyring)
        learned = _sql.learn(pool, key_ids=list(held), fingerprints=list(held.values()), wrapping=wrapping)
        _fitting([row async for row in learned], keyring)


def _same_root(recorded: str | None, keyring: Keyring) -> None:
    if recorded not in (None, keyring.root_fingerprint):
        raise UnfitKeys("FIRSTDOSE_KEYS: its last key is not the root that this database was begun with; put it back")


def _fitting(known: Iterable[Mapping[str, Any]], keyring: Keyring) -> None:
    """Raises UnfitKeys."""
    held = keyring.fingerprints
    for key in known:
        key_id = key["key_id"]
        if key_id not in held and key["wraps"]:
            raise UnfitKeys(f"FIRSTDOSE_KEYS lacks {key_id}, which wraps the data keys of this database; put it back")
        if held.get(key_id, key["fingerprint"]) != key["fingerprint"]:
            raise UnfitKeys(f"FIRSTDOSE_KEYS: {key_id} stood for another key; put that one back, or take a new id")
