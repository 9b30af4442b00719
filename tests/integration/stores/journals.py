"""Journals to record: items, batches, messages with a sealed part, and one entry of each kind."""

from datetime import UTC, datetime, timedelta
from typing import Any

from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.messages.messages import Messages
from firstdose.domain.authorization.lines import Line, LineKind, LineState
from firstdose.domain.work.journal import (
    Amended,
    AnyEntry,
    Batch,
    Escalated,
    HandedOver,
    Noted,
    Opened,
    ReferralSnapshot,
    Resolved,
    Told,
    Withdrawn,
)
from firstdose.domain.work.message import Message, MessageKind
from firstdose.domain.work.role import SYSTEM, Actor, Role
from firstdose.domain.work.stage import Milestone
from firstdose.domain.work.work_item import WorkItem, WorkItemKind

AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
COORDINATOR = Actor(id="user-7", roles=(Role.INTAKE_COORDINATOR,))
LINES = (
    Line(sequence=1, kind=LineKind.DRUG, code="J0696", place_of_service="12", units=14, state=LineState.APPROVED),
    Line(sequence=2, kind=LineKind.PER_DIEM, code="S9500", place_of_service="12", units=14, state=LineState.VOID),
)


def item(
    referral_id: str, number: int, kind: WorkItemKind = WorkItemKind.COMPLETE_REFERRAL, **more: object
) -> WorkItem:
    return WorkItem.model_validate(
        {"id": f"{referral_id}-{number}", "kind": kind, "opened_at": AT, "due_at": AT + HOUR, **more}
    )


def batch(referral_id: str, *entries: AnyEntry, **standing: object) -> Batch:
    """A batch without a number, which says nothing of items and state."""
    return Batch(referral_id=referral_id, entries=entries, standing=ReferralSnapshot.model_validate(standing))


async def say(messages: Messages, referral_id: str, kind: MessageKind, sealed: dict[str, Any]) -> str:
    """The id of a stored message with this sealed part."""
    message = Message(id=new_id(), referral_id=referral_id, kind=kind, actor=COORDINATOR, sealed=sealed, received_at=AT)
    await messages.post(message)
    return message.id


async def journal(messages: Messages, referral_id: str) -> tuple[AnyEntry, ...]:
    """One entry of each kind."""
    facts = await say(messages, referral_id, MessageKind.RESOLVE, {"facts": {"patient.weight_kg": 81.0}})
    amended = await say(messages, referral_id, MessageKind.AMEND, {"facts": {"order.dose": "1 g"}})
    first, second = (item(referral_id, number) for number in (1, 2))
    return (
        Opened(key="opened:1", at=AT, item=first),
        Opened(key="opened:2", at=AT, item=second),
        Resolved(
            key="resolved:1",
            at=AT,
            actor=COORDINATOR,
            message_id=facts,
            item_id=first.id,
            resolution={"outcome": "supplied"},
        ),
        Told(key="accepted", at=AT, milestone=Milestone.ACCEPTED),
        Escalated(key="escalated:2:1", at=AT, item_id=second.id, level=1),
        Amended(key="amended:1", at=AT, actor=COORDINATOR, message_id=amended),
        Withdrawn(key="withdrawn:2", at=AT, actor=COORDINATOR, item_id=second.id, why="cancelled"),
        Noted(key="released:1", at=AT, actor=SYSTEM, action="hold_released", details={"nurse": "rn-1"}),
        HandedOver(key="handed_over", at=AT, lines=LINES, served_on=AT),
    )
