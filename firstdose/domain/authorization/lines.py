"""Prior authorization, line by line: the states of a line, and the payer's answers as they are read.

A payer's decision is read from each item's review action code (X12 306) and from nothing else: an authorization number
or a period is no proof of approval.
"""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from firstdose.domain.clock.clocks import Clock
from firstdose.domain.payer.channel import Channel
from firstdose.domain.payer.remark import PayerRemark
from firstdose.domain.sealed_text import ForeignCode, ForeignCodes, ForeignText


class LineKind(StrEnum):
    DRUG = "drug"
    PER_DIEM = "per_diem"
    NURSING = "nursing"


class LineState(StrEnum):
    NOT_REQUIRED = "not_required"
    DRAFT = "draft"
    SUBMITTED = "submitted"
    PENDED = "pended"
    INFO_REQUESTED = "info_requested"
    APPROVED = "approved"
    PARTIAL = "partial"
    MODIFIED = "modified"
    DENIED = "denied"
    PEER_TO_PEER = "peer_to_peer"
    APPEALED = "appealed"
    EXTERNAL_REVIEW = "external_review"
    EXHAUSTED = "exhausted"
    EXPIRED = "expired"
    VOID = "void"
    NEEDS_REVIEW = "needs_review"


class Certification(StrEnum):
    """What kind of request it is: X12 1322 certification type code."""

    INITIAL = "I"
    RENEWAL = "R"
    REVISED = "S"
    CANCEL = "3"
    APPEAL_EXPEDITED = "1"
    APPEAL = "2"


APPEALS: Final = frozenset({Certification.APPEAL, Certification.APPEAL_EXPEDITED})


class Line(BaseModel):
    """One requested service and its authorization. `sequence` is stable: the payer's answers name it."""

    model_config = ConfigDict(frozen=True)

    sequence: int
    kind: LineKind
    medication: int = 0
    """Which of the order's medications a drug or per diem is for; nursing is shared by all."""
    code: str
    """HCPCS."""
    modifiers: tuple[str, ...] = ()
    place_of_service: str
    units: int
    state: LineState = LineState.DRAFT
    certification: Certification = Certification.INITIAL
    number: ForeignText = None
    valid_from: date | None = None
    valid_to: date | None = None
    authorized_units: int | None = None
    reason_code: ForeignCode = None
    evidence: ForeignText = None
    contact: str | None = None
    """The contact with the payer that carries its present request: lines may be asked for apart from each other."""

    @property
    def settled(self) -> bool:
        """Nothing more is asked of the payer for this line."""
        return self.state in SETTLED

    def covers(self, day: date) -> bool:
        """Whether the visit on `day` is authorized by this line: by its period, and with units left."""
        if self.state is LineState.NOT_REQUIRED:
            return True
        begun = self.valid_from is None or self.valid_from <= day
        lasting = begun and (self.valid_to is None or day <= self.valid_to)
        return self.state is LineState.APPROVED and lasting and self.authorized_units != 0

    def begins_after(self, day: date) -> bool:
        """Whether it is approved for a period that begins later: the visit is moved, and nothing is renewed."""
        begins_later = self.valid_from is not None and self.valid_from > day
        over = self.valid_to is not None and self.valid_to < day
        return self.state is LineState.APPROVED and begins_later and not over and self.authorized_units != 0


UNSENT: Final = frozenset({LineState.DRAFT, LineState.EXPIRED})
"""To be asked for, or asked for again: the contact that such a line names carried its request before."""
SETTLED: Final = frozenset({LineState.NOT_REQUIRED, LineState.APPROVED, LineState.VOID})
FINAL: Final = frozenset({LineState.APPROVED, LineState.PARTIAL, LineState.MODIFIED, LineState.DENIED})
"""The payer's decision on a request; another decision after it needs a person."""
AWAITING: Final = frozenset({LineState.SUBMITTED, LineState.PENDED, LineState.APPEALED, LineState.EXTERNAL_REVIEW})

_STATE_OF_CODE: Final = {
    "A1": LineState.APPROVED,
    "A2": LineState.PARTIAL,
    "A3": LineState.DENIED,
    "A4": LineState.PENDED,
    "A6": LineState.MODIFIED,
    "C": LineState.VOID,
    "CT": LineState.NEEDS_REVIEW,  # "contact payer" asks for a call, and promises no other answer than that
    "NA": LineState.NOT_REQUIRED,
}


def state_of(review_action_code: str | None) -> LineState:
    """The state that a review action code (X12 306) gives a line; what is not known needs a person."""
    return _STATE_OF_CODE.get(review_action_code or "", LineState.NEEDS_REVIEW)


class LineAnswer(BaseModel):
    """The payer's answer for one line."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    sequence: int
    state: LineState
    number: ForeignText = None
    valid_from: date | None = None
    valid_to: date | None = None
    units: int | None = Field(default=None, ge=0)
    reason_code: ForeignCode = None


class InformationRequest(BaseModel):
    """What the payer wants to see before it decides: codes of documents, and by when."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    wanted: ForeignCodes = ()
    lines: SkipJsonSchema[tuple[int, ...]] = ()
    """The sequences of the lines that it is about; none if it is about all that wait."""
    due_on: date | None = None
    control_number: ForeignText = None
    """What the payer wants to see on the documents, so that it can match them."""

    def concerns(self, line: LineAnswer) -> bool:
        return line.state is LineState.PENDED and (not self.lines or line.sequence in self.lines)


class PayerAnswer(BaseModel):
    """One answer to one request. `tracking` is the payer's own reference for a pended request."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    lines: tuple[LineAnswer, ...] = ()
    tracking: ForeignText = None
    information: InformationRequest | None = None
    received_at: datetime | None = None
    remarks: tuple[PayerRemark, ...] = ()

    @property
    def pending(self) -> bool:
        """Whether the payer has yet to decide any line. An answer without a line decides nothing."""
        return not self.lines or any(line.state in AWAITING for line in self.lines)

    def asks_about(self, line: LineAnswer) -> bool:
        """Whether the payer wants to see something before it decides the line."""
        return self.information is not None and self.information.concerns(line)

    def repeats(self, other: "PayerAnswer") -> bool:
        """Whether it says what the other says, whenever and however each came."""
        return self.model_copy(update={"received_at": other.received_at}) == other


class PayerEvent(BaseModel):
    """A numbered event of a payer's Subscription, and the SHA-256 of each answer that it brought."""

    model_config = ConfigDict(frozen=True)

    subscription: str
    number: int
    answers: tuple[str, ...]


class Submission(BaseModel):
    """A request that the payer has: which contact carried it and how, its first answer, and the clock that now runs.

    `plan_version` is that of the plan by which it was sent and the clock chosen.
    """

    model_config = ConfigDict(frozen=True)

    contact_id: str
    answer: PayerAnswer
    clock: Clock | None
    channel: Channel = Channel.PAS
    plan_version: int = 1


def move(
    lines: tuple[Line, ...],
    to: LineState,
    *,
    of: Iterable[LineState],
    only: Iterable[int] | None = None,
    **changes: object,
) -> tuple[Line, ...]:
    """The lines, with those that are in one of the states `of` (and whose sequence is in `only`) moved to `to`."""
    movable, named = frozenset(of), None if only is None else frozenset(only)

    def moved(line: Line) -> Line:
        if line.state not in movable or (named is not None and line.sequence not in named):
            return line
        return line.model_copy(update={"state": to, **changes})

    return tuple(map(moved, lines))


def taken_back(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines of a referral that ends early: whatever was asked or granted is void, a refusal stays what it was."""
    kept = (LineState.NOT_REQUIRED, LineState.DENIED, LineState.EXHAUSTED)
    return move(lines, LineState.VOID, of=frozenset(LineState) - frozenset(kept))
