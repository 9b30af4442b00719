"""Prior authorization, line by line: states, the payer's answers, and what to do next.

A payer's decision is read from each item's review action code (X12 306) and from nothing else: an authorization number
or a period is no proof of approval (standards.md section 2.2b).
"""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from firstdose.domain.clocks import Clock


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
    code: str
    """HCPCS."""
    modifiers: tuple[str, ...] = ()
    place_of_service: str
    units: int
    state: LineState = LineState.DRAFT
    certification: Certification = Certification.INITIAL
    number: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    authorized_units: int | None = None
    reason_code: str | None = None
    evidence: str | None = None

    @property
    def settled(self) -> bool:
        """Nothing more is asked of the payer for this line."""
        return self.state in SETTLED

    def covers(self, day: date) -> bool:
        """Whether the visit on `day` is authorized by this line."""
        if self.state is LineState.NOT_REQUIRED:
            return True
        started = self.valid_from is None or self.valid_from <= day
        return self.state is LineState.APPROVED and started and (self.valid_to is None or day <= self.valid_to)


SETTLED: Final = frozenset({LineState.NOT_REQUIRED, LineState.APPROVED, LineState.VOID})
FINAL: Final = frozenset({LineState.APPROVED, LineState.PARTIAL, LineState.MODIFIED, LineState.DENIED})
"""The payer's last word on a request; another word after it needs a person."""
AWAITING: Final = frozenset({LineState.SUBMITTED, LineState.PENDED, LineState.APPEALED, LineState.EXTERNAL_REVIEW})

_STATE_OF_CODE: Final = {
    "A1": LineState.APPROVED,
    "A2": LineState.PARTIAL,
    "A3": LineState.DENIED,
    "A4": LineState.PENDED,
    "A6": LineState.MODIFIED,
    "C": LineState.VOID,
    "NA": LineState.NOT_REQUIRED,
}


def state_of(review_action_code: str | None) -> LineState:
    """The state that a review action code (X12 306) gives a line; what is not known needs a person."""
    return _STATE_OF_CODE.get(review_action_code or "", LineState.NEEDS_REVIEW)


class LineAnswer(BaseModel):
    """The payer's word on one line."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    sequence: int
    state: LineState
    number: str | None = Field(default=None, max_length=80)
    valid_from: date | None = None
    valid_to: date | None = None
    units: int | None = Field(default=None, ge=0)
    reason_code: str | None = Field(default=None, max_length=20)


class InformationRequest(BaseModel):
    """What the payer wants to see before it decides: codes of documents, and by when."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    wanted: tuple[str, ...] = ()
    due_on: date | None = None


class PayerAnswer(BaseModel):
    """One answer to one request. `tracking` is the payer's own reference for a pended request."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    lines: tuple[LineAnswer, ...] = ()
    tracking: str | None = Field(default=None, max_length=80)
    information: InformationRequest | None = None
    received_at: datetime | None = None

    @property
    def pending(self) -> bool:
        """Whether the payer has yet to decide any line. An answer without a line decides nothing."""
        return not self.lines or any(line.state in AWAITING for line in self.lines)

    def says_the_same(self, other: "PayerAnswer") -> bool:
        """Whether it is the same word, whenever and however it came."""
        mine, theirs = ((each.lines, each.tracking, each.information) for each in (self, other))
        return mine == theirs


class Submission(BaseModel):
    """A request that the payer has: which contact carried it, its first answer, and the clock that now runs."""

    model_config = ConfigDict(frozen=True)

    contact_id: str
    answer: PayerAnswer
    clock: Clock


def apply(lines: tuple[Line, ...], answer: PayerAnswer) -> tuple[Line, ...]:
    """The lines after the payer's answer: one it does not name keeps its state, a final word never changes silently."""
    words = {word.sequence: word for word in answer.lines}
    return tuple(_answered(line, words.get(line.sequence), answer) for line in lines)


def _answered(line: Line, word: LineAnswer | None, answer: PayerAnswer) -> Line:
    if word is None or line.state in (LineState.VOID, LineState.NOT_REQUIRED):
        return line
    if line.state in FINAL and word.state != line.state:
        return line.model_copy(update={"state": LineState.NEEDS_REVIEW})
    state = word.state
    if state is LineState.PENDED and answer.information is not None:
        state = LineState.INFO_REQUESTED
    elif state is LineState.PENDED and line.certification in APPEALS:
        state = LineState.APPEALED
    return line.model_copy(
        update={
            "state": state,
            "number": word.number or line.number,
            "valid_from": word.valid_from,
            "valid_to": word.valid_to,
            "authorized_units": word.units,
            "reason_code": word.reason_code,
        }
    )


def decide(lines: tuple[Line, ...], words: tuple[LineAnswer, ...]) -> tuple[Line, ...]:
    """The lines after a person's decision, which stands above whatever the payer said before."""
    reopened = {word.sequence for word in words}
    pended = tuple(
        line.model_copy(update={"state": LineState.PENDED}) if line.sequence in reopened else line for line in lines
    )
    return apply(pended, PayerAnswer(lines=words))


def move(lines: tuple[Line, ...], to: LineState, *, of: Iterable[LineState], **changes: object) -> tuple[Line, ...]:
    """The lines, with those that are in one of the states `of` moved to the state `to`."""
    movable = frozenset(of)
    return tuple(line.model_copy(update={"state": to, **changes}) if line.state in movable else line for line in lines)


def taken_back(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The lines of a referral that ends early: whatever was asked or granted is void, a refusal stays what it was."""
    kept = (LineState.NOT_REQUIRED, LineState.DENIED, LineState.EXHAUSTED)
    return move(lines, LineState.VOID, of=frozenset(LineState) - frozenset(kept))


class Step(StrEnum):
    """What the process does next for the lines of a referral."""

    SUBMIT = "submit"
    INFORM = "inform"
    REVIEW = "review"
    PEER_TO_PEER = "peer_to_peer"
    WAIT = "wait"
    GIVE_UP = "give_up"
    DONE = "done"


_STEP_OF_STATE: Final = {
    LineState.DRAFT: Step.SUBMIT,
    LineState.EXPIRED: Step.SUBMIT,
    LineState.INFO_REQUESTED: Step.INFORM,
    LineState.NEEDS_REVIEW: Step.REVIEW,
    LineState.DENIED: Step.REVIEW,
    LineState.PARTIAL: Step.REVIEW,
    LineState.MODIFIED: Step.REVIEW,
    LineState.PEER_TO_PEER: Step.PEER_TO_PEER,
    LineState.SUBMITTED: Step.WAIT,
    LineState.PENDED: Step.WAIT,
    LineState.APPEALED: Step.WAIT,
    LineState.EXTERNAL_REVIEW: Step.WAIT,
    LineState.EXHAUSTED: Step.GIVE_UP,
    LineState.APPROVED: Step.DONE,
    LineState.NOT_REQUIRED: Step.DONE,
    LineState.VOID: Step.DONE,
}
_URGENT_FIRST: Final = tuple(Step)


def next_step(lines: tuple[Line, ...]) -> Step:
    """What comes next: the most pressing step of any line. What we owe comes before what we wait for."""
    steps = {_STEP_OF_STATE[line.state] for line in lines}
    return min(steps, key=_URGENT_FIRST.index, default=Step.DONE)


def overall(lines: tuple[Line, ...]) -> LineState:
    """One word for the whole referral: the state of the line that is furthest from being settled."""
    if not lines:
        return LineState.DRAFT
    return min((line.state for line in lines), key=lambda state: _URGENT_FIRST.index(_STEP_OF_STATE[state]))
