"""How long payers take against their clocks, as a page: bars drawn here, and the same as CSV."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Final, Literal, NamedTuple

from fastapi import Query
from starlette.responses import Response

from desk.http.problems import HttpProblem
from desk.http.reports import csv_file, payer_report
from desk.web.addresses import with_query
from desk.web.forms import FormView
from desk.web.page import StaffPage
from desk.web.route import page_router
from firstdose.domain.authorization.turnaround import Turnaround

router = page_router()

_WIDE: Final = 200
"""Of a bar, in units of its drawing."""
_PARTS: Final = ("in_time", "late", "overdue", "open", "withdrawn")
Typed = Annotated[str, Query(max_length=10)]


class BarPart(NamedTuple):
    """A stretch of a bar: where it begins and how wide it is."""

    name: str
    number: int
    begins: float
    wide: float


class TurnaroundRow(NamedTuple):
    turnaround: Turnaround
    parts: tuple[BarPart, ...]
    median: float | None
    p90: float | None
    allowed: float | None
    """The hours as widths of their bar; None where nothing was decided."""


@router.get("/payers")
async def payers(
    page: StaffPage,
    *,
    since: Typed = "",
    until: Typed = "",
    wanted: Annotated[Literal["", "csv"], Query(alias="format")] = "",
) -> Response:
    """The last 90 days, unless others are asked for. Who keeps us waiting comes first."""
    form = FormView(name="period", values={"since": (since,), "until": (until,)})
    try:
        report = await payer_report(page.desk.pool, _day(since), _day(until))
    except (ValueError, HttpProblem):
        problems = {"until": "Enter days of which the first is not after the last, a year apart at most."}
        refused = FormView(name="period", values=form.values, problems=problems)
        return page.render("payers.html", status=422, form=refused, report=None, rows=(), csv="")
    if wanted:
        return csv_file(report)
    days = {"since": (str(report.since),), "until": (str(report.until),)}
    rows = [_row(each) for each in sorted(report.payers, key=lambda each: -each.overdue)]
    csv = with_query("/payers", [*((name, text) for name, (text,) in days.items()), ("format", "csv")])
    return page.render("payers.html", form=FormView(name="period", values=days), report=report, rows=rows, csv=csv)


def _day(typed: str) -> date | None:
    """Raises ValueError."""
    if not typed:
        return None
    day = date.fromisoformat(typed)
    if not 2000 <= day.year < 2200:
        raise ValueError("a day between 2000 and 2199")
    return day


def _row(payer: Turnaround) -> TurnaroundRow:
    longest = max(payer.allowed_hours or 0, payer.p90_hours or 0) or 1
    hours = (payer.median_hours, payer.p90_hours, payer.allowed_hours)
    median, p90, allowed = (None if each is None else _WIDE * each / longest for each in hours)
    return TurnaroundRow(payer, tuple(_parts(payer)), median, p90, allowed)


def _parts(payer: Turnaround) -> Iterator[BarPart]:
    """What is open and overdue is a part of its own."""
    numbers = {**payer.model_dump(include=set(_PARTS)), "open": payer.open - payer.overdue}
    begins = 0.0
    for name in _PARTS:
        if number := numbers[name]:
            wide = _WIDE * number / payer.requests
            yield BarPart(name, number, round(begins, 2), round(wide, 2))
            begins += wide
