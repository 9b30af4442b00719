"""What comes next for the lines of a referral: the step that each state asks for, and which lines go together."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from firstdose.domain.authorization.lines import AWAITING, SETTLED, UNSENT, Certification, Line, LineState


class Step(StrEnum):
    """What the process does next for a line, the most pressing first."""

    SUBMIT = "submit"
    INFORM = "inform"
    REVIEW = "review"
    PEER_TO_PEER = "peer_to_peer"
    WAIT = "wait"
    GIVE_UP = "give_up"
    DONE = "done"


STATES: Final[dict[Step, frozenset[LineState]]] = {
    Step.SUBMIT: UNSENT,
    Step.INFORM: frozenset({LineState.INFO_REQUESTED}),
    Step.REVIEW: frozenset({LineState.NEEDS_REVIEW, LineState.DENIED, LineState.PARTIAL, LineState.MODIFIED}),
    Step.PEER_TO_PEER: frozenset({LineState.PEER_TO_PEER}),
    Step.WAIT: AWAITING,
    Step.GIVE_UP: frozenset({LineState.EXHAUSTED}),
    Step.DONE: SETTLED,
}
"""The states in which a line asks for each step."""
REFUSED: Final = frozenset({LineState.DENIED, LineState.PARTIAL, LineState.MODIFIED})
"""The payer does not give all that we asked for: it may be disputed."""
_STEP_OF_STATE: Final = {state: step for step, states in STATES.items() for state in states}
_URGENT_FIRST: Final = tuple(Step)


def at(lines: Iterable[Line], *steps: Step) -> tuple[Line, ...]:
    """The lines for which one of these steps is next."""
    return tuple(line for line in lines if _STEP_OF_STATE[line.state] in steps)


def next_step(lines: Iterable[Line]) -> Step:
    """What comes next: the most pressing step of any line. What we owe comes before what we wait for."""
    steps = {_STEP_OF_STATE[line.state] for line in lines}
    return min(steps, key=_URGENT_FIRST.index, default=Step.DONE)


def as_asked(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Of the lines to submit those that go together in the next request: of one kind, about one earlier request."""

    def kind(line: Line) -> tuple[Certification, str | None]:
        return line.certification, line.contact if line.certification is not Certification.INITIAL else None

    drafts = at(lines, Step.SUBMIT)
    return tuple(line for line in drafts if kind(line) == kind(drafts[0]))


def overall(lines: tuple[Line, ...]) -> LineState:
    """One word for the whole referral: the state of the line that is furthest from being settled."""
    if not lines:
        return LineState.DRAFT
    return min((line.state for line in lines), key=lambda state: _URGENT_FIRST.index(_STEP_OF_STATE[state]))
