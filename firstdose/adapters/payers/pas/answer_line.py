"""What a ClaimResponse decides about each line: by the review action code of its items, and by nothing else.

Never by outcome, authorization number or period: public examples of denials and pends carry all three.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final, NamedTuple

from firstdose.adapters.payers.pas.elements import codes, day, extensions, has, part, parts, short_text, whole
from firstdose.adapters.payers.pas.terminology import (
    AUTHORIZATION_NUMBER,
    AUTHORIZED_DETAIL,
    ITEM_TRACE,
    PREAUTH_PERIOD,
    REVIEW_ACTION,
    REVIEW_ACTION_CODE,
    Element,
)
from firstdose.domain.authorization.lines import LineAnswer, LineState, state_of

_AUTHORIZING: Final = (LineState.APPROVED, LineState.PARTIAL, LineState.MODIFIED)
_UNAUTHORIZED: Final = (LineState.DENIED, LineState.PENDED, LineState.VOID)
_CONTRADICTORY: Final = "contradictory"


class Adjudicated(NamedTuple):
    """The parts of a ClaimResponse about each line, found in one pass."""

    items: dict[int, list[tuple[str | None, Element]]]
    """With the review action code of each."""
    added: dict[int, Element]
    """The added item with what was authorized instead of the requested item."""
    errors: dict[int | None, str | None]
    """The first error of the line, and under None that of the whole request."""

    @classmethod
    def of(cls, response: Element, trace: str | None) -> "Adjudicated":
        """`trace` is our number, by which an item may name its line."""
        return cls(_items(response, trace), _added(response), _errors(response))

    @property
    def decides(self) -> bool:
        return any(code for same in self.items.values() for code, _ in same)

    def error(self, sequence: int) -> str | None:
        """For a person to see."""
        return self.errors.get(sequence, self.errors.get(None))


def read_lines(
    response: Element, asked: Iterable[int], trace: str | None, *, trust_outcome: bool
) -> tuple[LineAnswer, ...]:
    adjudicated = Adjudicated.of(response, trace)
    sequences = sorted({*adjudicated.items, *asked})
    if adjudicated.decides:
        return tuple(_line(response, adjudicated, sequence) for sequence in sequences)
    return tuple(_undecided(response, adjudicated, each, trust_outcome=trust_outcome) for each in sequences)


def sequence_of(item: Element, trace: str | None) -> int | None:
    """The line's sequence: by the item's own, else by our trace number of the line."""
    if (sequence := whole(item.get("itemSequence"))) is not None:
        return sequence
    for told in extensions(item, ITEM_TRACE):
        named, _, number = (short_text(part(told, "valueIdentifier").get("value")) or "").rpartition("-")
        if trace and named.casefold() == trace.casefold() and number.isascii() and number.isdigit():
            return int(number)
    return None


def sequences_of(added: Element) -> list[int]:
    """Of the lines that an added item stands for."""
    named = added.get("itemSequence")
    found = map(whole, named if isinstance(named, list) else [named])
    return [sequence for sequence in found if sequence is not None]


def review_actions(item: Element) -> Iterator[Element]:
    for holder in (*parts(item, "adjudication"), item):  # before version 2 the item itself held it
        yield from extensions(holder, REVIEW_ACTION)


def action_code_of(item: Element) -> str | None:
    """The item's review action code; contradictory ones are read as an unknown code."""
    found = {
        code
        for action in review_actions(item)
        for extension in extensions(action, REVIEW_ACTION_CODE)
        for one in parts(part(extension, "valueCodeableConcept"), "coding")
        if str(one.get("system")).endswith("/306") and (code := short_text(one.get("code"), 20))
    }
    return found.pop() if len(found) == 1 else (_CONTRADICTORY if found else None)


def units_of(item: Element) -> int | None:
    """What is authorized, as the item itself says it."""
    for detail in extensions(item, AUTHORIZED_DETAIL):
        for quantity in extensions(detail, "quantity"):
            return whole(part(quantity, "valueQuantity").get("value"))
    return None


def period_of(item: Element) -> Element:
    return next((part(extension, "valuePeriod") for extension in extensions(item, PREAUTH_PERIOD)), {})


def _items(response: Element, trace: str | None) -> dict[int, list[tuple[str | None, Element]]]:
    found: dict[int, list[tuple[str | None, Element]]] = {}
    for item in parts(response, "item"):
        sequence = sequence_of(item, trace)
        if sequence is not None:
            found.setdefault(sequence, []).append((action_code_of(item), item))
    return found


def _added(response: Element) -> dict[int, Element]:
    found: dict[int, Element] = {}
    for added in parts(response, "addItem"):
        for sequence in sequences_of(added):
            found.setdefault(sequence, added)
    return found


def _errors(response: Element) -> dict[int | None, str | None]:
    found: dict[int | None, str | None] = {}
    for error in parts(response, "error"):
        sequence = whole(error.get("itemSequence"))
        found.setdefault(sequence, next(codes(part(error, "code")), None))
        if sequence is None:  # the first of every line that has none yet
            break
    return found


def _line(response: Element, adjudicated: Adjudicated, sequence: int) -> LineAnswer:
    if sequence not in adjudicated.items:  # the others have their answer, this one not yet
        return LineAnswer(sequence=sequence, state=LineState.PENDED)
    found = {code for code, _ in adjudicated.items[sequence]}
    code = found.pop() if len(found) == 1 else _CONTRADICTORY
    state, item = state_of(code), adjudicated.items[sequence][0][1]
    # An added item counts only in a partial or modified decision; its quantity is what was authorized.
    added = adjudicated.added.get(sequence, {})
    authorized = added if state in (LineState.PARTIAL, LineState.MODIFIED) else {}
    units = whole(part(authorized, "quantity").get("value")) if "quantity" in authorized else units_of(item)
    period = period_of(authorized) or period_of(item) or part(response, "preAuthPeriod")
    number = _number(state, item, added, response)
    if (state is LineState.PARTIAL and units is None) or (state in _AUTHORIZING and not _dated(period)):
        state = LineState.NEEDS_REVIEW
    reason = _reason(item) or adjudicated.error(sequence)
    return LineAnswer(
        sequence=sequence,
        state=state,
        number=number,
        valid_from=day(period.get("start")),
        valid_to=day(period.get("end")),
        units=units,
        # The reviewing person sees at least the payer's code: CT is "contact payer".
        reason_code=reason or (code if state is LineState.NEEDS_REVIEW else None),
    )


def _undecided(response: Element, adjudicated: Adjudicated, sequence: int, *, trust_outcome: bool) -> LineAnswer:
    """No item has a review action code: old servers answer by the outcome alone."""
    outcome, error = response.get("outcome"), adjudicated.error(sequence)
    period = part(response, "preAuthPeriod")
    if response.get("status") == "cancelled" and not has(response, "error"):
        return LineAnswer(sequence=sequence, state=LineState.VOID)
    if outcome == "queued":
        return LineAnswer(sequence=sequence, state=LineState.PENDED, reason_code=error)
    if trust_outcome and outcome == "complete" and not has(response, "error") and _dated(period):
        return LineAnswer(
            sequence=sequence,
            state=LineState.APPROVED,
            number=short_text(response.get("preAuthRef")),
            valid_from=day(period.get("start")),
            valid_to=day(period.get("end")),
        )
    return LineAnswer(sequence=sequence, state=LineState.NEEDS_REVIEW, reason_code=error)


def _number(state: LineState, item: Element, added: Element, response: Element) -> str | None:
    """The authorization's number, nearest first: of the decision, of the item, then of the whole.

    What else was numbered is no number of a line that was refused or still waits.
    """
    if state in _UNAUTHORIZED:
        return _decided_as(item)
    instead = state in (LineState.PARTIAL, LineState.MODIFIED)
    nearest = [added, item] if instead else [item, added]
    places = (
        *map(_decided_as, nearest),
        *map(_numbered, nearest),
        _decided_as(response),
        short_text(response.get("preAuthRef")),
    )
    return next(filter(None, places), None)


def _decided_as(holder: Element) -> str | None:
    """The number that stands with a review action."""
    told = (extension for action in review_actions(holder) for extension in extensions(action, "number"))
    return next((number for one in told if (number := short_text(one.get("valueString")))), None)


def _numbered(item: Element) -> str | None:
    told = extensions(item, AUTHORIZATION_NUMBER)
    return next((number for one in told if (number := short_text(one.get("valueString")))), None)


def _reason(item: Element) -> str | None:
    for action in review_actions(item):
        for extension in extensions(action, "reasonCode"):
            return next(codes(part(extension, "valueCodeableConcept")), None)
    return None


def _dated(period: Element) -> bool:
    """Whether both ends can be read: an end that cannot be read must not become "no end"."""
    dates: list[date | None] = [day(period[end]) for end in ("start", "end") if period.get(end) is not None]
    return None not in dates
