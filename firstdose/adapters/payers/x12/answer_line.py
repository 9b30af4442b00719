"""Parses one service loop of a 278 response into the answer to its line."""

from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple

from firstdose.adapters.payers.x12.hierarchy import Level
from firstdose.adapters.payers.x12.rejection import rejections
from firstdose.adapters.payers.x12.request_278 import DELIVERY_UNIT, EVENT_DATE, SERVICE_DATE
from firstdose.adapters.payers.x12.segments import Segment
from firstdose.adapters.payers.x12.values import period, short_text, whole
from firstdose.domain.authorization.lines import Line, LineAnswer, LineState, state_of
from firstdose.payer_ports import PayerCase

_EFFECTIVE, _EXPIRATION = "007", "036"
PAYERS_OWN: Final = "1"
_NUMBERS: Final = ("BB", "G1")
"""Of an authorization, in REF: BB by the guide, G1 as claims have it."""
_SERVICES: Final = ("SV1", "SV2", "SV3")
_CONTRADICTORY: Final = "contradictory"
_AUTHORIZING: Final = (LineState.APPROVED, LineState.PARTIAL, LineState.MODIFIED, LineState.NOT_REQUIRED)
_UNAUTHORIZED: Final = (LineState.DENIED, LineState.PENDED, LineState.VOID)
_PATTERN: Final = (3, 4, 7, 8)
_UNIT: Final = {"SV1": 4, "SV2": 5, "SV3": 6}
_COMPOSITE: Final = {"SV1": 1, "SV2": 2, "SV3": 1}


def trace_numbers(level: Level) -> set[str]:
    return {trn.value(2).upper() for trn in level.all("TRN")}


def names_a_request(level: Level) -> bool:
    """Whether it repeats the number of the request that it answers; the payer's own one (TRN01) names none."""
    return any(trn.value(2) for trn in level.all("TRN") if trn.value(1) != PAYERS_OWN)


class ServiceLine(NamedTuple):
    """One SS loop."""

    level: Level

    @property
    def named(self) -> list[Segment]:
        return [one for one in self.level.segments if one.tag in _SERVICES]

    @property
    def codes(self) -> set[str]:
        return {code for one in self.named if (code := one.value(_COMPOSITE[one.tag], 2))}

    def is_of(self, line: Line, case: PayerCase) -> bool:
        """By our trace number for the line; by its code only if the loop has none of our numbers."""
        ours = {trace for trace in trace_numbers(self.level) if trace.startswith(f"{case.trace.upper()}-")}
        return f"{case.trace.upper()}-{line.sequence}" in ours if ours else self.codes == {line.code}


class Term(NamedTuple):
    """From when to when a decision holds; not `certain` if there is a date that cannot be read."""

    start: date | None = None
    end: date | None = None
    certain: bool = True


def action_code(level: Level) -> str | None:
    """The review action (X12 306); contradictory ones are read as an unknown code."""
    found = {hcr.value(1) for hcr in level.all("HCR")}
    return found.pop() or _CONTRADICTORY if len(found) == 1 else (_CONTRADICTORY if found else None)


def read_line(service: ServiceLine, line: Line, decided: Level, event: Level) -> LineAnswer:
    """The line's answer by the action at the level `decided`; what contradicts itself needs a person."""
    hcr = next(decided.all("HCR"), None)
    refused = rejections(service.level.segments)
    term, units = _term(service.level, event), _units(service, line)
    code = action_code(decided)
    state = state_of(code)
    if state in _AUTHORIZING and (refused or not term.certain or not _fits(service, line, state, units)):
        state = LineState.NEEDS_REVIEW
    reason = short_text(hcr.value(3), 20) if hcr else None
    return LineAnswer(
        sequence=line.sequence,
        state=state,
        number=number_of(service.level, decided, event),
        valid_from=term.start,
        valid_to=term.end,
        units=units,
        # The reviewing person sees at least the payer's code: CT is "contact payer".
        reason_code=reason
        or next((rejection.reason for rejection in refused), None)
        or (short_text(code, 20) if code and state is LineState.NEEDS_REVIEW else None),
    )


def number_of(service: Level, decided: Level, event: Level) -> str | None:
    """The authorization's number, nearest first: HCR02 and REF of the service, then of the event.

    What the event was numbered is no number of a service that was refused or still waits.
    """
    own = _number_at(service) or _number_at(decided)
    if own or state_of(action_code(decided)) in _UNAUTHORIZED:
        return own
    return _number_at(event)


def _number_at(level: Level) -> str | None:
    told = [hcr.value(2) for hcr in level.all("HCR")]
    told += [ref.value(2) for kind in _NUMBERS for ref in level.all("REF") if ref.value(1) == kind]
    return next((number for one in told if (number := short_text(one, 50))), None)


def _fits(service: ServiceLine, line: Line, state: LineState, units: int | None) -> bool:
    """Whether the answer has what its state needs, and is about the line's own service."""
    if any(whole(hsd.value(2)) is None for hsd in service.level.all("HSD") if hsd.value(2)):
        return False
    if state is LineState.MODIFIED:
        return True
    if state is LineState.PARTIAL:
        return units is not None
    return service.codes <= {line.code} and (units is None or units >= line.units)


def _units(service: ServiceLine, line: Line) -> int | None:
    """A plain count in the line's own unit (HSD01, HSD02), else a quantity of the service that is not the one asked.

    A pattern (so many a week) is no count; over how long it is meant (HSD05, HSD06) does not make it one.
    """
    for hsd in service.level.all("HSD"):
        plain = not any(hsd.value(place) for place in _PATTERN)
        if plain and hsd.value(1) == DELIVERY_UNIT[line.kind]:
            return whole(hsd.value(2))
    found = {whole(one.value(_UNIT[one.tag])) for one in service.named} - {None, line.units}
    return found.pop() if len(found) == 1 else None


def _term(service: Level, event: Level) -> Term:
    """The period of the decision, else the dates of service that are repeated; the service's own before the event's."""
    for qualifiers in ((_EFFECTIVE, _EXPIRATION), (SERVICE_DATE, EVENT_DATE)):
        for level in (service, event):
            if found := [one for one in level.all("DTP") if one.value(1) in qualifiers]:
                return _term_of(found)
    return Term()


def _term_of(found: Sequence[Segment]) -> Term:
    starts: set[date] = set()
    ends: set[date] = set()
    for one in found:
        days = period(one)
        if days is None:
            return Term(certain=False)
        if one.value(1) != _EXPIRATION:
            starts.add(days.start)
        if one.value(1) != _EFFECTIVE or one.value(2) == "RD8":
            ends.add(days.end)
    start, end = min(starts, default=None), min(ends, default=None)
    sure = len(starts) <= 1 and len(ends) <= 1 and not (start and end and end < start)
    return Term(start, end, sure)
