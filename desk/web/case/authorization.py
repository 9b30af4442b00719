"""The authorization of a case: requested against authorized, line by line, and what the payer said to it."""

from dataclasses import dataclass, field

from desk.web.case.reading import OpenCase
from desk.web.case.terms import day, joined
from desk.web.words import words
from firstdose.adapters.postgres.referrals.remark_view import RemarkView
from firstdose.adapters.postgres.referrals.views import LineView, RequestView
from firstdose.domain.authorization.lines import LineKind, LineState
from firstdose.domain.authorization.requested_period import Period, requested_period

GOOD = frozenset({LineState.APPROVED, LineState.NOT_REQUIRED})
BAD = frozenset({LineState.DENIED, LineState.EXHAUSTED, LineState.EXPIRED})


@dataclass(frozen=True, kw_only=True)
class LineRow:
    """`tone` is how the state stands out: `good`, `bad`, `warn` or nothing."""

    line: LineView
    service: str
    asked: str
    granted: str
    tone: str
    remarks: tuple[RemarkView, ...] = field(default=(), repr=False)


def line_rows(case: OpenCase) -> tuple[LineRow, ...]:
    return tuple(_row(case, line) for line in case.view.lines)


def other_remarks(case: OpenCase) -> tuple[RemarkView, ...]:
    """What the payers said of eligibility, and of the request as a whole."""
    sequences = {line.sequence for line in case.view.lines}
    return tuple(remark for remark in case.view.remarks if remark.line not in sequences)


def requests_of(case: OpenCase) -> tuple[RequestView, ...]:
    """The newest first."""
    return tuple(reversed(case.view.requests))


def _row(case: OpenCase, line: LineView) -> LineRow:
    return LineRow(
        line=line,
        service=_service(case, line),
        asked=joined(f"{line.units} units", _days(_requested(case, line))),
        granted=_granted(line),
        tone="good" if line.state in GOOD else "bad" if line.state in BAD else "",
        remarks=tuple(remark for remark in case.view.remarks if remark.line == line.sequence),
    )


def _service(case: OpenCase, line: LineView) -> str:
    """`Drug: ceftriaxone`; the name where the facts are shown."""
    ordered = case.facts.order.medications if case.facts else ()
    named = line.kind is not LineKind.NURSING and line.medication < len(ordered)
    drug = ordered[line.medication].drug.name if named else None
    return joined(words(line.kind), drug, by=": ")


def _requested(case: OpenCase, line: LineView) -> Period | None:
    return requested_period(case.facts.order, line) if case.facts else None


def _days(period: Period | None) -> str | None:
    return f"{day(period.first)} to {day(period.last)}" if period else None


def _granted(line: LineView) -> str:
    units = f"{line.authorized_units} units" if line.authorized_units is not None else None
    first = f"from {day(line.valid_from)}" if line.valid_from else None
    last = f"until {day(line.valid_to)}" if line.valid_to else None
    return joined(units, joined(first, last, by=" ")) or "Nothing yet"
