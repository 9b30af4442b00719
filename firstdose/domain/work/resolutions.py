"""What a person may answer to each kind of work item.

Fields marked `x-sealed` may hold PHI: they stay in the store and never travel through the workflow. What a payer calls
something (`sealed_text.Foreign`) travels sealed.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator
from pydantic.json_schema import SkipJsonSchema

from firstdose.domain.authorization.denial import DenialReason, WayOn
from firstdose.domain.authorization.lines import FINAL, InformationRequest, LineAnswer, LineState
from firstdose.domain.care.assessment import Condition, Suitability
from firstdose.domain.care.therapy import Delivery, KitExemption
from firstdose.domain.care.visit import ReportItem
from firstdose.domain.payer.coverage import Benefits
from firstdose.domain.sealed_text import ForeignText
from firstdose.domain.work.change_review import ReviewChange
from firstdose.domain.work.confirm_start import ConfirmStart
from firstdose.domain.work.confirm_time import ConfirmTime
from firstdose.domain.work.override_approval import OverrideApproval
from firstdose.domain.work.resolution import SEALED, Facts, Note, Resolution
from firstdose.domain.work.settle_order import SettleOrder
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.void_authorization import VoidAuthorization
from firstdose.domain.work.work_item import WorkItemKind

Program = Annotated[str | None, Field(max_length=200, json_schema_extra={SEALED: True})]
NurseId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""The roster's id."""
WORDS: Final = FINAL | {LineState.PENDED, LineState.NOT_REQUIRED, LineState.NEEDS_REVIEW}
"""What people may hear a payer say of a line; what they do not understand needs review."""


class Refused(ValueError):
    """The answer is not accepted; the text says why, names fields, and never echoes a value."""


class CompleteReferral(Resolution):
    outcome: Literal["supplied", "unobtainable"]
    facts: Facts = None


class ContactPatient(Resolution):
    outcome: Literal["reached", "no_answer", "declined"]
    facts: Facts = None


class VerifyBenefits(Resolution):
    outcome: Literal["answered"]
    benefits: Benefits


class ResolveCoverage(Resolution):
    """The work item names the outcomes that are open: `without_nursing` and `suite` only after a denial."""

    outcome: Literal["other_coverage", "self_pay", "assistance", "without_nursing", "suite", "close"]
    facts: Facts = None


class Answered(Resolution):
    """An answer that may carry the payer's word, line by line, with who at the payer said so and when."""

    lines: tuple[LineAnswer, ...] = ()
    told_by: ForeignText = None
    told_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _answers_name_lines(self) -> Self:
        if getattr(self, "outcome", None) in {"answered", "overturned", "decided"} and not self.lines:
            raise ValueError("lines: the payer's word on at least one line is needed")
        if any(word.state not in WORDS for word in self.lines):
            raise ValueError(f"lines: a payer says {', '.join(sorted(WORDS))}")
        return self


class SubmitAuthorization(Answered):
    outcome: Literal["submitted", "answered"]
    reference: ForeignText = None
    """What a payer gave us to refer to."""
    information: InformationRequest | None = None
    """What the payer wants to see before it decides the lines that it pended."""


class FollowUpPayer(Answered):
    """`extended` says that the payer told us at `told_at` that it takes so many days longer, if its clock allows it."""

    outcome: Literal["still_pending", "answered", "extended"]
    information: InformationRequest | None = None
    extended_by_days: int | None = Field(default=None, ge=1, le=60)

    @model_validator(mode="after")
    def _an_extension_has_its_length(self) -> Self:
        if self.outcome == "extended" and (self.told_at is None or self.extended_by_days is None):
            raise ValueError("told_at, extended_by_days: when the payer told us, and how much longer it takes")
        return self


class AnswerInformationRequest(Resolution):
    outcome: Literal["sent", "unobtainable"]
    documents: tuple[str, ...] = ()
    """Kinds of the referral's documents that answer the request."""


class ReviewDecision(Answered):
    """`sequences` are the lines for which this way is taken, all under review if none is named."""

    outcome: WayOn
    reason: DenialReason | None = None
    sequences: tuple[int, ...] = ()


class PeerToPeer(Answered):
    outcome: Literal["overturned", "upheld"]


class Appeal(Resolution):
    outcome: Literal["file", "give_up"]
    argument: Note = None


class FindAssistance(Resolution):
    outcome: Literal["found", "none"]
    program: Program = None


class AssessPatient(Resolution):
    outcome: Suitability
    conditions: tuple[Condition, ...] = ()
    needs_nursing: bool | None = None
    other_services_needed: bool = False
    facts: Facts = None
    findings: Note = None


class ReviewBenefits(Resolution):
    outcome: Literal["accepted", "wants_assistance", "pays_privately", "declined"]
    agreement_signed: bool = False
    bill_pay_account: bool = False

    @model_validator(mode="after")
    def _acceptance_is_signed(self) -> Self:
        if self.outcome == "accepted" and not self.agreement_signed:
            raise ValueError("agreement_signed: an acceptance needs the signed agreement")
        return self


class PrepareTherapy(Resolution):
    outcome: Literal["ready", "unavailable"]
    beyond_use: AwareDatetime | None = None
    kit_present: bool = False
    kit_exemption: KitExemption | None = None
    """Why no kit is needed, where none is there."""
    delivery: Delivery = Delivery.DELIVERED
    delivered_at: AwareDatetime | None = None
    """When it is, or was, at the patient's door."""

    @model_validator(mode="after")
    def _ready_has_a_beyond_use_date(self) -> Self:
        if self.outcome == "ready" and self.beyond_use is None:
            raise ValueError("beyond_use: a dispensed therapy needs its beyond-use date")
        return self


class Placed(Resolution):
    """An answer that holds a visit."""

    visit_at: AwareDatetime | None = None
    patient_confirmed: SkipJsonSchema[bool] = False
    """Given before the patient's word was asked for by `confirm_time`; it counts for nothing."""

    @model_validator(mode="after")
    def _a_visit_has_a_time(self) -> Self:
        if getattr(self, "outcome", None) in {"accepted", "placed"} and self.visit_at is None:
            raise ValueError("visit_at: a visit needs a time")
        return self


class PlaceVisit(Placed):
    outcome: Literal["placed", "suite", "not_possible"]
    nurse: NurseId | None = None


class ConfirmVisit(Placed):
    outcome: Literal["accepted", "declined"]


class ReportVisit(Resolution):
    outcome: Literal["completed", "missed", "kit_missing", "reaction"]
    items: frozenset[ReportItem] = frozenset()
    shown_back: frozenset[ReportItem] = frozenset()
    """The taught items that the patient could show back."""
    facts: Facts = None
    ended_at: AwareDatetime | None = None
    on_word_of: NurseId | None = None
    """The nurse who holds the visit, where the nurse coordinator reports it on that nurse's word."""


class ReviewReaction(Resolution):
    outcome: Literal["continue", "stop"]


ABOUT_DUPLICATES: Final = ("duplicate", "not_duplicate")


class Reconcile(Resolution):
    """`done` says that a person did by hand what the system could not.

    `duplicate` and `not_duplicate` answer an item about a possible duplicate, and no other.
    """

    outcome: Literal["retry", "done", "close", "duplicate", "not_duplicate"]
    closing: Closing | None = None

    @model_validator(mode="after")
    def _closing_is_named(self) -> Self:
        if self.outcome == "close" and self.closing in (None, Closing.COMPLETED):
            raise ValueError("closing: say how the referral ends")
        return self


OF_KIND: dict[WorkItemKind, type[Resolution]] = {
    WorkItemKind.COMPLETE_REFERRAL: CompleteReferral,
    WorkItemKind.CONTACT_PATIENT: ContactPatient,
    WorkItemKind.VERIFY_BENEFITS: VerifyBenefits,
    WorkItemKind.RESOLVE_COVERAGE: ResolveCoverage,
    WorkItemKind.SUBMIT_AUTHORIZATION: SubmitAuthorization,
    WorkItemKind.FOLLOW_UP_PAYER: FollowUpPayer,
    WorkItemKind.ANSWER_INFORMATION_REQUEST: AnswerInformationRequest,
    WorkItemKind.REVIEW_DECISION: ReviewDecision,
    WorkItemKind.PEER_TO_PEER: PeerToPeer,
    WorkItemKind.APPEAL: Appeal,
    WorkItemKind.VOID_AUTHORIZATION: VoidAuthorization,
    WorkItemKind.FIND_ASSISTANCE: FindAssistance,
    WorkItemKind.ASSESS_PATIENT: AssessPatient,
    WorkItemKind.REVIEW_BENEFITS: ReviewBenefits,
    WorkItemKind.SETTLE_ORDER: SettleOrder,
    WorkItemKind.PREPARE_THERAPY: PrepareTherapy,
    WorkItemKind.PLACE_VISIT: PlaceVisit,
    WorkItemKind.CONFIRM_VISIT: ConfirmVisit,
    WorkItemKind.CONFIRM_TIME: ConfirmTime,
    WorkItemKind.REPORT_VISIT: ReportVisit,
    WorkItemKind.CONFIRM_START: ConfirmStart,
    WorkItemKind.REVIEW_REACTION: ReviewReaction,
    WorkItemKind.APPROVE_OVERRIDE: OverrideApproval,
    WorkItemKind.REVIEW_CHANGE: ReviewChange,
    WorkItemKind.RECONCILE: Reconcile,
}


def check(kind: WorkItemKind, answer: Mapping[str, Any]) -> Resolution:
    """Read an answer to a work item of this kind.

    Raises:
        Refused: a field is missing, unknown or of the wrong shape.
    """
    try:
        return OF_KIND[kind].model_validate(answer)
    except ValidationError as error:
        raise Refused("; ".join(_problem(each) for each in error.errors(include_input=False))) from None


def _problem(error: Mapping[str, Any]) -> str:
    steps = [str(part) for part in error["loc"]]
    if error["type"] == "extra_forbidden":  # a name that somebody made up is not repeated
        steps[-1] = "<unknown field>"
    where = ".".join(steps)
    return f"{where}: {error['msg']}" if where else str(error["msg"]).removeprefix("Value error, ")


def split(kind: WorkItemKind, answer: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """An answer in two: what may travel through the workflow, and what must be sealed in the store."""
    sealed_fields = {
        name
        for name, field in OF_KIND[kind].model_fields.items()
        if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get(SEALED)
    }
    open_part = {name: value for name, value in answer.items() if name not in sealed_fields}
    return open_part, {name: value for name, value in answer.items() if name in sealed_fields and value is not None}
