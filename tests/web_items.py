"""Work items in the store of a served desk, for tests of their pages."""

from typing import Any, Final

from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.pool import transaction
from firstdose.domain.sealed_text import TextSealer
from firstdose.domain.work.work_item import ROLE_OF, WorkItemKind
from tests.item_screens import ASKS
from tests.served_desk import ServedDesk
from tests.visits import ORDER, PATIENT, nurse_on_roster

NURSE: Final = "rn-1"
_OF_A_NURSE: Final = (WorkItemKind.CONFIRM_VISIT, WorkItemKind.REPORT_VISIT)


async def item_of(
    desk: ServedDesk, kind: WorkItemKind, asks: dict[str, Any] | None = None, referral_id: str | None = None
) -> str:
    """The id of an open item of this kind; one of a nurse is offered to `NURSE`."""
    if kind in _OF_A_NURSE:
        await nurse_on_roster(desk, NURSE, None)
    referral_id = referral_id or await desk.refer(patient=PATIENT, order=ORDER)
    item = f"{referral_id}-{kind}-{int(new_id()[-5:], 16)}"[:80]
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, asks, offered_to, opened_at, due_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, now() - interval '1 minute', now() + interval '1 hour')",
        item,
        referral_id,
        kind,
        ROLE_OF[kind],
        ASKS[kind][0] if asks is None else asks,
        NURSE if kind in _OF_A_NURSE else None,
    )
    return item


async def stored_answers(desk: ServedDesk) -> list[dict[str, Any]]:
    """The answers in their order, each in one: what travels, with its texts opened, and what was sealed."""
    rows = await desk.desk.pool.fetch(
        "SELECT id, referral_id, body FROM messages WHERE kind = 'resolve_work_item' ORDER BY received_at"
    )
    answers = []
    async with transaction(desk.desk.pool) as connection:
        for row in rows:
            texts = (await desk.desk.vault.sealer(connection, str(row["referral_id"]))).texts
            sealed = await desk.desk.messages.sealed_part(connection, str(row["id"])) or {}
            answers.append({**_opened(row["body"]["resolution"], texts), **sealed})
    return answers


def _opened(told: Any, texts: TextSealer) -> Any:
    if isinstance(told, dict):
        return {name: _opened(value, texts) for name, value in told.items()}
    if isinstance(told, list):
        return [_opened(value, texts) for value in told]
    return texts.open(told) if isinstance(told, str) else told
