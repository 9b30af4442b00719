"""FHIR's dates, which may be a year, or a year and a month."""

import re
from datetime import UTC, date, datetime, timedelta

from desk.intake.draft import Draft
from firstdose.domain.referral.question import QuestionReason

_PARTIAL = re.compile(r"[0-9]{4}(-[0-9]{2})?")
_DAY_LENGTH = len("2026-11-20")


def put_day(draft: Draft, path: str, moment: object, origin: str) -> None:
    """The day of a dateTime. One that is no more than a month or a year is asked about."""
    if is_partial(moment):
        draft.put(path, None, origin)
        draft.ask(path, QuestionReason.NOT_UNDERSTOOD, [moment])
    else:
        draft.put(path, moment[:_DAY_LENGTH] if isinstance(moment, str) else moment, origin)


def is_partial(moment: object) -> bool:
    """A year, or a year and a month: FHIR allows both for a date."""
    return isinstance(moment, str) and _PARTIAL.fullmatch(moment) is not None


def moment_of(told: object) -> datetime | None:
    """A dateTime, with what it leaves out as early as can be."""
    first = first_day(told)
    if first is None:
        return None
    try:
        said = datetime.fromisoformat(str(told))
    except ValueError:
        return datetime(first.year, first.month, first.day, tzinfo=UTC)
    return said if said.tzinfo else said.replace(tzinfo=UTC)


def first_day(told: object) -> date | None:
    """The first day that a whole or partial dateTime can mean."""
    if not isinstance(told, str):
        return None
    whole = f"{told}-01-01"[:_DAY_LENGTH] if is_partial(told) else told[:_DAY_LENGTH]
    try:
        return date.fromisoformat(whole)
    except ValueError:
        return None


def last_day(told: object) -> date | None:
    """The last day that a whole or partial dateTime can mean."""
    first = first_day(told)
    if first is None or not is_partial(told):
        return first
    after = date(first.year + 1, 1, 1) if len(str(told)) == 4 else (first + timedelta(days=31)).replace(day=1)
    return after - timedelta(days=1)
