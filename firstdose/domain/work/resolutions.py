"""What a person may answer to each kind of work item.

Fields marked `x-sealed` may hold PHI: they stay in the store and never travel through the workflow. What a payer calls
something (`sealed_text.Foreign`) travels sealed.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AwareDatetime, Field, ValidationError, model_validator

from firstdose.domain.authorization.denial import DenialReason, WayOn
from firstdose.domain.authorization.lines import FINAL, InformationRequest, LineAnswer, LineState
from firstdose.domain.care.assessment import Condition, Suitability
from firstdose.domain.care.therapy import Delivery
from firstdose.domain.care.visit import ReportItem
from firstdose.domain.payer.coverage import Benefits
from firstdose.domain.sealed_text import ForeignText
from firstdose.domain.work.change_review import ReviewChange
from firstdose.domain.work.resolution import SEALED, Note, Resolution
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.void_authorization import VoidAuthorization
from firstdose.domain.work.work_item import WorkItemKind

Facts = Annotated[
    dict[str, Any] | None,
    Field(
        description='Facts of the referral by their path, e.g. {"patient.weight_kg": 70}',
        json_schema_extra={SEALED: True},
    ),
]
Program = Annotated[str | None, Field(max_length=200, json_schema_extra={SEALED: True})]
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
    outcome: Literal["other_coverage", "self_pay", "assistance", "close"]
    facts: Facts = None


class Answered(Resolution):
    """An answer that may carry the payer's word, line by line."""

    lines: tuple[LineAnswer, ...] = ()

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
    told_at: AwareDatetime | None = None
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
    outcome: Literal["accepted", "wants_assistance", "declined"]
    agreement_signed: bool = False
    bill_pay_account: bool = False

    @model_validator(mode="after")
    def _acceptance_is_signed(self) -> Self:
        if self.outcome == "accepted" and not self.agreement_signed:
            raise ValueError("agreement_signed: an acceptance needs the signed agreement")
        return self


class SettleOrder(Resolution):
    outcome: Literal["settled", "alternative", "kit_refused", "unavailable"]
    facts: Facts = None


class PrepareTherapy(Resolution):
    outcome: Literal["ready", "unavailable"]
    beyond_use: AwareDatetime | None = None
    kit_present: bool = False
    delivery: Delivery = Delivery.DELIVERED

    @model_validator(mode="after")
    def _ready_has_a_beyond_use_date(self) -> Self:
        if self.outcome == "ready" and self.beyond_use is None:
            raise ValueError("beyond_use: a dispensed therapy needs its beyond-use date")
        return self


class Placed(Resolution):
    """An answer that holds a visit."""

    visit_at: AwareDatetime | None = None
    patient_confirmed: bool = False

    @model_validator(mode="after")
    def _a_visit_has_a_confirmed_time(self) -> Self:
        if getattr(self, "outcome", None) in {"accepted", "placed"} and not (self.visit_at and self.patient_confirmed):
            raise ValueError("visit_at, patient_confirmed: a visit needs a time that the patient confirmed")
        return self


class PlaceVisit(Placed):
    outcome: Literal["placed", "suite", "not_possible"]
    nurse: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    """By the roster's id."""


class ConfirmVisit(Placed):
    outcome: Literal["accepted", "declined"]


class ReportVisit(Resolution):
    outcome: Literal["completed", "missed", "kit_missing", "reaction"]
    items: frozenset[ReportItem] = frozenset()
    shown_back: frozenset[ReportItem] = frozenset()
    """The taught items that the patient could show back."""
    facts: Facts = None
    ended_at: AwareDatetime | None = None

    @model_validator(mode="after")
    def _a_complete_visit_reports_every_item(self) -> Self:
        if self.outcome == "completed" and self.items != frozenset(ReportItem):
            missing = sorted(frozenset(ReportItem) - self.items)
            raise ValueError(f"items: a completed visit reports every item; missing: {', '.join(missing)}")
        return self


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
    WorkItemKind.REPORT_VISIT: ReportVisit,
    WorkItemKind.REVIEW_REACTION: ReviewReaction,
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
