"""What a payer's answer changes: first in what the payer has said so far, then in the lines of the referral. Pure.

Answers overtake each other and come more than once. This is the one place that says what of an answer is new, and when
two answers contradict each other; the store and the workflow both ask it.
"""

from collections.abc import Iterable
from typing import Final

from firstdose.domain.authorization.lines import (
    APPEALS,
    AWAITING,
    FINAL,
    UNSENT,
    InformationRequest,
    Line,
    LineAnswer,
    LineState,
    PayerAnswer,
    move,
)

CONTRADICTED: Final = "contradicted"
"""The reason of a line that was decided in two ways; a later answer for it is no help."""

_IN_PART: Final = frozenset({LineState.PARTIAL, LineState.MODIFIED})
_DECISIONS: Final = FINAL | {LineState.NOT_REQUIRED}


def receive(known: PayerAnswer | None, incoming: PayerAnswer) -> tuple[PayerAnswer, PayerAnswer | None]:
    """What is known once an answer has come, and of it what is new: None if it changes nothing.

    Where nothing is new, what is known stays `known` itself.
    """
    if known is None:
        return incoming, incoming
    before = {line.sequence: line for line in known.lines}
    after = before | {line.sequence: _merged(before.get(line.sequence), line) for line in incoming.lines}
    stands = incoming.model_copy(update={"lines": tuple(after.values())})
    still_waiting = stands.lines == known.lines and incoming.pending and not known.pending
    if still_waiting or stands.repeats(known):
        return known, None
    asks_anew = incoming.information not in (None, known.information)
    changed = (
        line for line in stands.lines if line != before.get(line.sequence) or (asks_anew and stands.asks_about(line))
    )
    return stands, stands.model_copy(update={"lines": tuple(changed)})


def _merged(known: LineAnswer | None, incoming: LineAnswer) -> LineAnswer:
    """Neither waiting nor silence replaces a decision; of two that differ neither stands, and a person must look.

    What nobody understands after a decision differs from it too: forgotten, the next decision would stand alone.
    """
    if known is None or known.state in AWAITING:
        return incoming
    if incoming.state in AWAITING or known.reason_code == CONTRADICTED:
        return known
    unsure = incoming.state is LineState.NEEDS_REVIEW and known.state in _DECISIONS
    if unsure or (incoming.state is not known.state and {incoming.state, known.state} <= _DECISIONS):
        return incoming.model_copy(update={"state": LineState.NEEDS_REVIEW, "reason_code": CONTRADICTED})
    return incoming


def apply(lines: tuple[Line, ...], answer: PayerAnswer, *, contact: str | None = None) -> tuple[Line, ...]:
    """The lines after what is new in the payer's answer: one that it does not name keeps its state.

    With `contact` it is the answer to that request, and says nothing of lines that are asked for in another one, or
    are about to be.
    """
    named = {each.sequence: each for each in answer.lines}

    def after(line: Line) -> Line:
        elsewhere = contact is not None and (line.contact != contact or line.state in UNSENT)
        if elsewhere or line.sequence not in named:
            return line
        return _applied(line, named[line.sequence], answer.information)

    return tuple(map(after, lines))


def _applied(line: Line, answer: LineAnswer, wanted: InformationRequest | None) -> Line:
    """A decision, the payer's or one that a person recorded, is never replaced silently."""
    if line.state in (LineState.VOID, LineState.NOT_REQUIRED):
        return line
    decided = LineAnswer(sequence=line.sequence, state=line.state) if line.state in FINAL else None
    merged = _merged(decided, answer)
    if merged is decided:
        return line
    if decided and merged.state is not decided.state:  # what was granted stays in sight
        return line.model_copy(update={"state": LineState.NEEDS_REVIEW, "reason_code": merged.reason_code})
    return line.model_copy(
        update={
            "state": _state(line, merged, wanted),
            "number": merged.number or line.number,
            "valid_from": merged.valid_from,
            "valid_to": merged.valid_to,
            "authorized_units": merged.units,
            "reason_code": merged.reason_code,
        }
    )


def _state(line: Line, answer: LineAnswer, wanted: InformationRequest | None) -> LineState:
    if answer.state is LineState.VOID:  # cancelled, and not by us: nobody applies the answer to a cancellation of ours
        return LineState.NEEDS_REVIEW
    if wanted and wanted.concerns(answer):
        return LineState.INFO_REQUESTED
    if answer.state is LineState.PENDED and line.certification in APPEALS:
        return LineState.APPEALED
    return answer.state


def decide(lines: tuple[Line, ...], decisions: tuple[LineAnswer, ...]) -> tuple[Line, ...]:
    """The lines after a person's decision, which stands above whatever the payer said before."""
    reopened = move(lines, LineState.PENDED, of=LineState, only=[each.sequence for each in decisions])
    known = {line.sequence: line for line in lines}
    completed = tuple(_with_what_was_granted(each, known.get(each.sequence)) for each in decisions)
    return apply(reopened, PayerAnswer(lines=completed))


def accept(lines: tuple[Line, ...], sequences: Iterable[int]) -> tuple[Line, ...]:
    """The lines once a person has accepted what the payer granted of these in part."""
    return move(lines, LineState.APPROVED, of=_IN_PART, only=sequences)


def _with_what_was_granted(decision: LineAnswer, line: Line | None) -> LineAnswer:
    """Period and units that the payer granted in part stay, as far as the person says nothing else."""
    if line is None or line.state not in _IN_PART or decision.state is not LineState.APPROVED:
        return decision
    kept: dict[str, object] = {"units": line.authorized_units or None} if decision.units is None else {}
    if decision.valid_from is None and decision.valid_to is None:
        kept |= {"valid_from": line.valid_from, "valid_to": line.valid_to}
    return decision.model_copy(update=kept)
