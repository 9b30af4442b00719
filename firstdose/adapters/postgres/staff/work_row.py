"""A row of the worklist from what is stored: codes and dates as they are, initials and discharge from sealed facts."""

from collections.abc import Iterable, Mapping
from typing import Any

from firstdose.adapters.postgres.keys.vault import NoDataKey, Vault
from firstdose.adapters.postgres.pool import Connection
from firstdose.adapters.postgres.referrals.revisions import stored_facts
from firstdose.adapters.postgres.shown_rows import shown_row
from firstdose.adapters.postgres.staff.work_views import WorkRow
from firstdose.domain.authorization.lines import LineKind, LineState
from firstdose.domain.work.work_item import WorkItemKind


async def work_row(
    connection: Connection, vault: Vault, row: Mapping[str, Any], *, attempts: int | None = None
) -> WorkRow:
    """`row` is one of `rows_of_items` or `rows_of_referrals`; `attempts` are the calls that the policy allows."""
    shown = await shown_row(connection, vault, {**row, "referral_id": row["id"]})
    facts = _facts(vault, row)
    names = [facts.get("patient", {}).get(name) for name in ("given_name", "family_name")]
    calls = shown["kind"] == WorkItemKind.CONTACT_PATIENT
    return WorkRow.model_validate(
        {
            **shown,
            "number": shown["referral_number"],
            "initials": "".join(name[0] for name in names if name) or None,
            "authorization_number": next(filter(None, (line.get("number") for line in shown["lines"])), None),
            "authorized": _authorized(shown["lines"]),
            "hold": shown["held"] if shown["on_hold"] else None,
            "discharge_at": facts.get("discharge_at"),
            "attempt": (shown["asks"] or {}).get("attempt") if calls else None,
            "attempts": attempts if calls else None,
        }
    )


def _authorized(lines: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Of the approved line of a drug that allows the least."""
    approved = [
        {"code": line["code"], "units": line["authorized_units"]}
        for line in lines
        if line["kind"] == LineKind.DRUG
        and line.get("state") == LineState.APPROVED
        and line.get("authorized_units") is not None
    ]
    return min(approved, key=lambda line: line["units"], default=None)


def _facts(vault: Vault, row: Mapping[str, Any]) -> dict[str, Any]:
    """Empty once it was shredded."""
    try:
        return stored_facts(vault, row)
    except NoDataKey:
        return {}
