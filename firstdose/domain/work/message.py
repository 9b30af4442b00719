"""Messages on their way to a referral's workflow: stored first, delivered until the outcome is known, applied once."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from firstdose.domain.work.role import Actor


class MessageKind(StrEnum):
    START = "start"
    AMEND = "amend"
    CANCEL = "cancel"
    HOLD = "hold"
    RESUME = "resume"
    RESOLVE = "resolve_work_item"
    OVERRIDE = "override"
    APPROVE = "approve_override"
    PAYER_ANSWERED = "payer_answered"


class MessageState(StrEnum):
    """A parked message could not be taken as it is; a person has it tried again, or drops it."""

    PENDING = "pending"
    APPLIED = "applied"
    REFUSED = "refused"
    PARKED = "parked"

    @property
    def is_settled(self) -> bool:
        return self in (MessageState.APPLIED, MessageState.REFUSED)


class ActionLimit(NamedTuple):
    """At most so many messages of one actor to one referral within any such time."""

    most: int
    within: timedelta


STAFF_LIMIT: Final = ActionLimit(30, timedelta(minutes=1))
"""Far above what a person does by hand; a script that acts in a loop is slowed down before it fills a history."""


class Message(BaseModel):
    """One message: the workflow gets its `body` (no PHI); `sealed` stays in the store (facts, notes, a revision)."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: str
    referral_id: str
    kind: MessageKind
    actor: Actor
    body: dict[str, Any] = Field(default_factory=dict)
    sealed: dict[str, Any] | None = None
    state: MessageState = MessageState.PENDING
    attempts: int = 0
    received_at: datetime
    refusal: str | None = None
