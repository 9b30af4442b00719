"""What goes into and comes out of a `Referral` workflow, and its names in Temporal.

Shapes may gain optional fields, never lose or change them: workflows that run for months exchange them.
"""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints
from temporalio.common import SearchAttributeKey

from firstdose.domain.authorization.answer_match import Whose
from firstdose.domain.authorization.lines import Line
from firstdose.domain.care.gates import Gate
from firstdose.domain.care.visit import ReportItem
from firstdose.domain.referral.fact_groups import FactGroup
from firstdose.domain.work.journal import WaitingFor
from firstdose.domain.work.reasons import HoldReason, OverrideReason
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.work_item import WorkItem

WORKFLOW: Final = "Referral"

REFERRALS_QUEUE: Final = "referrals"
PAYERS_QUEUE: Final = "payers"
OUTREACH_QUEUE: Final = "outreach"
QUEUES: Final = (REFERRALS_QUEUE, PAYERS_QUEUE, OUTREACH_QUEUE)

STAGE: Final = SearchAttributeKey.for_keyword("Stage")
THERAPY: Final = SearchAttributeKey.for_keyword("Therapy")
PAYER: Final = SearchAttributeKey.for_keyword("Payer")
SOURCE: Final = SearchAttributeKey.for_keyword("Source")
URGENCY: Final = SearchAttributeKey.for_keyword("Urgency")
AUTHORIZATION: Final = SearchAttributeKey.for_keyword("Authorization")
WAITING_FOR: Final = SearchAttributeKey.for_keyword_list("WaitingFor")
NEXT_DUE: Final = SearchAttributeKey.for_datetime("NextDue")
ON_HOLD: Final = SearchAttributeKey.for_bool("OnHold")
NUMBER: Final = SearchAttributeKey.for_keyword("Number")
"""The number for people, set when the workflow is started."""
SEARCH_ATTRIBUTES: Final[tuple[SearchAttributeKey[Any], ...]] = (
    STAGE,
    THERAPY,
    PAYER,
    SOURCE,
    URGENCY,
    AUTHORIZATION,
    WAITING_FOR,
    NEXT_DUE,
    ON_HOLD,
    NUMBER,
)


def workflow_id(referral_id: str) -> str:
    return f"referral-{referral_id}"


Uuid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$")]
"""The form of the store's ids. Anything else cannot be looked up there."""


class SteeringMessage(BaseModel):
    """`message_id` names the stored message behind it (the update's id too); without one it came by hand."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    actor: Actor
    message_id: Uuid | None = None


class ReferralStart(BaseModel):
    """The only input: everything else is loaded. `source` is the configured name of the referral source."""

    model_config = ConfigDict(frozen=True)

    referral_id: str
    source: str
    state: str = ""
    """The state to go on from, where Temporal lost this referral or knows an older state of it."""


class ResolveWorkItem(SteeringMessage):
    """`resolution` is read against the schema of the item's kind (`GET /api/work-items/{id}` names it)."""

    item_id: str = Field(max_length=200)
    resolution: dict[str, Any]
    note: str | None = Field(default=None, max_length=4000)
    groups: tuple[FactGroup, ...] = ()
    """Whose facts the answer changes, which stay in the store."""


class HoldRequest(SteeringMessage):
    reason: HoldReason
    until: AwareDatetime | None = None


class ResumeRequest(SteeringMessage):
    pass


class CancelRequest(SteeringMessage):
    reason: Closing


class AmendRequest(SteeringMessage):
    """A new version of the facts is in the store under `message_id`; `revision` is informative."""

    revision: int | None = None
    groups: tuple[FactGroup, ...] | None = None
    """Whose facts it changes; None counts as all."""


class OverrideRequest(SteeringMessage):
    """Without `until` the policy says when the override ends."""

    gate: Gate
    reason: OverrideReason
    until: AwareDatetime | None = None


class ApproveOverride(SteeringMessage):
    override_id: str


class PayerAnswered(BaseModel):
    """`refused`: the answer was about another patient or request, and is not the stored one.

    `ask`: the payer has news and did not say what; nothing is stored.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    contact_id: Uuid
    refused: Literal[Whose.ANOTHER_REQUEST, Whose.ANOTHER_PATIENT] | None = None
    ask: bool = False


class Done(BaseModel):
    """The answer to an accepted update. `id` names what was made of it, if anything was: an override."""

    model_config = ConfigDict(frozen=True)

    id: str | None = None


class Hold(BaseModel):
    model_config = ConfigDict(frozen=True)

    reason: HoldReason
    until: datetime | None = None


class Override(BaseModel):
    """A request to pass a closed gate; it takes effect once another supervisor has approved, until its end."""

    model_config = ConfigDict(frozen=True)

    id: str
    gate: Gate
    reason: OverrideReason
    asked_by: str
    approved_by: str | None = None
    refused_by: str | None = None
    until: datetime | None = None
    """None in overrides from before they had an end."""
    ended: bool = False

    @property
    def in_force(self) -> bool:
        return self.approved_by is not None and not self.ended

    @property
    def undecided(self) -> bool:
        return self.approved_by is None and self.refused_by is None and not self.ended


class Status(BaseModel):
    """The answer to the query `status`."""

    model_config = ConfigDict(frozen=True)

    stage: Stage
    closing: Closing | None = None
    lines: tuple[Line, ...] = ()
    open_items: tuple[WorkItem, ...] = ()
    blocked_by: tuple[str, ...] = ()
    hold: Hold | None = None
    overrides: tuple[Override, ...] = ()
    waiting_for: tuple[Role | WaitingFor, ...] = ()
    next_due: datetime | None = None
    teaching_open: tuple[ReportItem, ...] = ()
    """What the patient was taught at the first visit and could not show back."""
    recorded: int = 0
    """How many batches of the journal the store has taken."""
