"""Reports over many referrals: counts and hours, nothing about a person."""

import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, BaseModel
from starlette.responses import Response

from desk.http.app_context import Context
from desk.http.identity import Reader
from desk.http.problems import HttpProblem
from firstdose.adapters.postgres.payers.turnaround import TurnaroundReport
from firstdose.adapters.postgres.pool import Pool
from firstdose.domain.authorization.turnaround import Turnaround

router = APIRouter(prefix="/api/reports", tags=["reports"])

_USUAL: Final = timedelta(days=90)
_LONGEST: Final = timedelta(days=366)
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
_CSV: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


def _of_our_time(day: date) -> date:
    if not 2000 <= day.year < 2200:
        raise ValueError("the day must lie between 2000 and 2199")
    return day


Day = Annotated[date, AfterValidator(_of_our_time)]


class PayerReport(BaseModel):
    """Requests that left from the beginning of `since` to the end of `until`, days in UTC."""

    since: date
    until: date
    as_of: datetime
    payers: tuple[Turnaround, ...]


@router.get("/payers", response_model=PayerReport, responses=_CSV)
async def payer_turnaround(
    request: Request,
    desk: Context,
    _actor: Reader,
    *,
    since: Day | None = None,
    until: Day | None = None,
    wanted: Annotated[Literal["json", "csv"] | None, Query(alias="format")] = None,
) -> PayerReport | Response:
    """Each payer's turnaround against its clocks; the last 90 days if nothing else is asked, a year at most.

    CSV with `format=csv`, or if `Accept` says `text/csv`.
    """
    report = await payer_report(desk.pool, since, until)
    accepted = request.headers.get("accept", "").partition(";")[0].strip()
    as_csv = wanted == "csv" or (wanted is None and accepted == "text/csv")
    return csv_file(report) if as_csv else report


async def payer_report(pool: Pool, since: date | None, until: date | None) -> PayerReport:
    """Of these days. Raises Problem 422."""
    now = datetime.now(UTC)
    first, last = _window(since, until, now.date())
    rows = await TurnaroundReport(pool).payers(_midnight(first), _midnight(last) + timedelta(days=1), now=now)
    return PayerReport(since=first, until=last, as_of=now, payers=rows)


def csv_file(report: PayerReport) -> Response:
    name = f"payers-{report.since}-{report.until}.csv"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(_csv(report.payers), media_type="text/csv", headers=headers)


def _window(since: date | None, until: date | None, today: date) -> tuple[date, date]:
    """The first and the last day. Raises Problem 422."""
    last = until or today
    first = since or last - _USUAL
    if not timedelta() <= last - first <= _LONGEST:
        raise HttpProblem(422, "`since` must not lie after `until`, nor more than a year before it")
    return first, last


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _csv(rows: tuple[Turnaround, ...]) -> str:
    """With a heading; what is None is empty. No text begins like a formula of a spreadsheet."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(Turnaround.model_fields))
    writer.writeheader()
    writer.writerows({name: _plain(value) for name, value in row.model_dump().items()} for row in rows)
    return text.getvalue()


def _plain(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value
