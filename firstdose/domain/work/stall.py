"""What stands still and does not mend itself: what it is, since when, how often it was tried, what to do about it."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, Self

from pydantic import BaseModel, ConfigDict

LEAST_FAILURES: Final = 4
"""So many failures in a row are no accident any more."""
LONGEST_WAIT: Final = timedelta(minutes=1)
"""A message or a task that nobody has taken for so long waits for something that does not come by itself."""


class StallKind(StrEnum):
    """The gravest first."""

    WORKFLOW_TASK_FAILING = "workflow_task_failing"
    WORKFLOW_MISSING = "workflow_missing"
    WORKFLOW_TASK_WAITING = "workflow_task_waiting"
    STORE_UNAVAILABLE = "store_unavailable"
    ACTIVITY_FAILING = "activity_failing"
    MESSAGE_WAITING = "message_waiting"
    MESSAGE_PARKED = "message_parked"

    @property
    def meaning(self) -> str:
        """A sentence for whoever looks at the referral."""
        return _TOLD[self].meaning

    @property
    def action(self) -> str:
        """What an operator does about it."""
        return _TOLD[self].action


class Stall(BaseModel):
    """`what` is the type of the activity or the kind of the message, `problem` a code of what it fails with.

    `attempts` are the failures in a row; `since` is None where nobody knows. `meaning` and `action` are the kind's.
    """

    model_config = ConfigDict(frozen=True)

    kind: StallKind
    referral_id: str
    what: str | None = None
    problem: str | None = None
    attempts: int = 0
    since: datetime | None = None
    next_attempt_at: datetime | None = None
    meaning: str
    action: str

    @classmethod
    def of(cls, kind: StallKind, referral_id: str, **known: object) -> Self:
        """One with the words of its kind."""
        told = {"kind": kind, "referral_id": referral_id, "meaning": kind.meaning, "action": kind.action}
        return cls.model_validate({**told, **known})


class _Told(NamedTuple):
    meaning: str
    action: str


_TOLD: Final[dict[StallKind, _Told]] = {
    StallKind.WORKFLOW_TASK_FAILING: _Told(
        meaning="The workflow's task fails again and again: the referral stands still, and no action reaches it.",
        action="Run `firstdose replay --open`: a referral that it names needs the version that ran before. Else read "
        "`Failing workflow task` in the worker's log. Deploy a version that can go on; it then goes on by itself.",
    ),
    StallKind.WORKFLOW_MISSING: _Told(
        meaning="Temporal has no running workflow for this referral, though it has not ended.",
        action="Run `firstdose reconcile`.",
    ),
    StallKind.WORKFLOW_TASK_WAITING: _Told(
        meaning="No worker takes the workflow's task.",
        action="Start a worker (`firstdose worker`), or read its log if one runs.",
    ),
    StallKind.STORE_UNAVAILABLE: _Told(
        meaning="The workflow cannot write to the database, and waits until what happened is recorded.",
        action="Run `firstdose doctor`; start the database, or free its disk. It goes on by itself then.",
    ),
    StallKind.ACTIVITY_FAILING: _Told(
        meaning="A step fails each time it is tried.",
        action="Look for the problem's code in the worker's log. A payer's step goes on when the payer answers, and to "
        "people when the policy's time is over; every other when its cause is mended.",
    ),
    StallKind.MESSAGE_WAITING: _Told(
        meaning="An action or answer is stored, but has not reached the workflow.",
        action="See that Temporal, a worker and a desk run (`firstdose doctor`). It is delivered by itself then.",
    ),
    StallKind.MESSAGE_PARKED: _Told(
        meaning="A message could not be taken, and was set aside.",
        action="Run `firstdose undelivered list`, mend the cause, then `firstdose undelivered retry ID`.",
    ),
}
