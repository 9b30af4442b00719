"""The audit as a page: search by person, referral, act and time, and whether the records are intact."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from fastapi import Query
from starlette.responses import Response

from desk.http.parameters import CursorText
from desk.http.problems import HttpProblem
from desk.web.act_words import ACTS, act_words
from desk.web.addresses import with_query
from desk.web.forms import FormView
from desk.web.page import AuditPage, DeskPage
from desk.web.route import page_router
from firstdose.adapters.postgres.audit import SYSTEM_CHAIN, AuditReport
from firstdose.adapters.postgres.audit_search import AuditFilters
from firstdose.adapters.postgres.paging import BadCursor, is_uuid
from firstdose.domain.referral.number import read_number

router = page_router()

_SHOWN: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
_ALONE: Final = ("source", "system")
"""Actors without an id."""
Typed = Annotated[str, Query(max_length=200, pattern=r"^[^\x00-\x1f]*$")]


@router.get("/audit")
async def audit(
    page: AuditPage,
    *,
    person: Typed = "",
    referral: Typed = "",
    act: Typed = "",
    since: Typed = "",
    until: Typed = "",
    codes: bool = False,
    cursor: CursorText = None,
) -> Response:
    """What was done: the last seven days, unless others are asked for. That somebody searched is audited."""
    typed = {"person": person, "referral": referral, "act": act, "since": since, "until": until}
    filters, problems = _filters(page, typed, await _chain(page, typed["referral"]))
    form = FormView(name="search", values={name: (text,) for name, text in typed.items()}, problems=problems)
    last = await page.desk.audit_search.last_verification()
    shown: dict[str, Any] = {
        "form": form,
        "acts": _acts(typed["act"]),
        "codes": codes,
        "switch": _switch(typed, codes=codes),
    }
    if filters is None:
        return page.render("audit.html", status=422, rows=(), more=None, last=last, report=None, **shown)
    try:
        found = await page.desk.audit_search.find(filters, cursor)
    except BadCursor:
        raise HttpProblem(400) from None
    asked = {"by": sorted(name for name, text in typed.items() if text), "found": len(found.items)}
    await page.desk.note(page.actor, "audit_searched", asked)
    given = [*_given(typed), *_codes(shown=codes)]
    more = with_query("/audit", [*given, ("cursor", found.cursor)]) if found.cursor else None
    report = await _verified(page, filters.chain)
    return page.render("audit.html", rows=found.items, more=more, last=last, report=report, **shown)


async def _chain(page: DeskPage, typed: str) -> str | None:
    """The chain that was typed, by the referral's id or number; empty if none was, None if it names none."""
    named = typed.strip().lower().removeprefix("referral-")
    if not named or named == SYSTEM_CHAIN or is_uuid(named):
        return named
    number = read_number(named)
    return await page.desk.audit_search.chain_of(number) if number else None


def _acts(chosen: str) -> list[tuple[str, str]]:
    """The acts in words, in their order; one that the address has besides."""
    known = sorted(ACTS.items(), key=lambda act: act[1])
    return known if not chosen or chosen in ACTS else [(chosen, act_words(chosen)), *known]


def _switch(typed: dict[str, str], *, codes: bool) -> str:
    """The address of the same records with codes, or without."""
    return with_query("/audit", [*_given(typed), *_codes(shown=not codes)])


def _codes(*, shown: bool) -> list[tuple[str, str]]:
    return [("codes", "1")] if shown else []


def _filters(page: DeskPage, typed: dict[str, str], chain: str | None) -> tuple[AuditFilters | None, dict[str, str]]:
    """The filters, or what is wrong with them by field."""
    problems: dict[str, str] = {}
    today = page.now.astimezone(page.zone).date()
    first = _day(typed, "since", today - _SHOWN, problems)
    last = _day(typed, "until", today, problems)
    if chain is None:
        problems["referral"] = "No referral is named so. Enter its number (FD-…), its whole id, or “system”."
    if not problems and first > last:
        problems["until"] = "The last day lies before the first."
    if problems:
        return None, problems
    filters = AuditFilters(
        chain=chain or None,
        actor=_label(typed["person"].strip()),
        action=typed["act"].strip() or None,
        since=_midnight(first, page.zone),
        until=_midnight(last + _DAY, page.zone),
    )
    return filters, {}


def _day(typed: dict[str, str], name: str, otherwise: date, problems: dict[str, str]) -> date:
    try:
        day = date.fromisoformat(typed[name]) if typed[name] else otherwise
    except ValueError:
        day = date.min
    if date(2000, 1, 1) <= day <= date(2200, 1, 1):
        return day
    problems[name] = "This is not a day."
    return otherwise


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _label(person: str) -> str | None:
    """Staff are found by their id alone; others as the audit names them."""
    if not person:
        return None
    return person if ":" in person or person in _ALONE else f"staff:{person}"


def _given(typed: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, text) for name, text in typed.items() if text]


async def _verified(page: DeskPage, chain: str | None) -> AuditReport | None:
    """One referral's records are few enough to verify them while somebody waits."""
    if chain is None or chain == SYSTEM_CHAIN:
        return None
    return await page.desk.audit.verify(page.desk.pool, chain)
