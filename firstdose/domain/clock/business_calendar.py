"""Business time: on which days a payer works, in its own time zone, and when its days end.

Pure, but holiday tables and time zones change: workflows take what activities computed from it,
so that a new table changes no replay.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from math import ceil
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, model_validator

END_OF_DAY: Final = time(23, 59, 59)
_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


def instant(moment: datetime) -> datetime:
    """The same moment in UTC, where adding hours counts hours that pass, whatever clocks on walls do.

    Raises ValueError for a moment without a time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(instant)]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("not the name of a time zone") from None
    return name


class Unit(StrEnum):
    """How time is counted. A rule in hours means hours that pass; a rule in days lasts to the end of its last day."""

    ELAPSED = "elapsed"
    CALENDAR_DAYS = "calendar_days"
    """The day that starts the clock is not counted."""
    BUSINESS_DAYS = "business_days"
    """Likewise, by the payer's calendar."""


class Calendar(BaseModel):
    """A payer's working days and the time zone that they are counted in; data of the plan.

    Days end at midnight; business days end when the office `closes`. The time zone is an IANA name. Where it is not
    known we assume the east coast, whose days end first: we never ask later than the payer's own day ends.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    time_zone: Annotated[str, AfterValidator(_known_zone)] = "America/New_York"
    closes: time = END_OF_DAY
    """Local time at which a business day ends; what comes in later counts as received on the next day."""
    federal_holidays: bool = True
    closed_on: tuple[date, ...] = ()
    """Days off besides weekends and federal holidays."""
    open_on: tuple[date, ...] = ()
    """Weekend days or holidays on which the payer works; stands above `closed_on`."""

    @model_validator(mode="after")
    def _closes_at_a_local_time(self) -> Self:
        if self.closes.tzinfo is not None:
            raise ValueError("closes: a local time, without an offset")
        return self

    def day_of(self, moment: datetime) -> date:
        return instant(moment).astimezone(ZoneInfo(self.time_zone)).date()

    def works_on(self, day: date) -> bool:
        if day in self.open_on:
            return True
        if day.weekday() >= _SATURDAY or day in self.closed_on:
            return False
        return not (self.federal_holidays and day in federal_holidays(day.year))

    def later(self, moment: datetime, by: timedelta, unit: Unit) -> datetime:
        """`by` after the moment: of days a begun one counts as a whole, and the last one counts to its end."""
        match unit:
            case Unit.ELAPSED:
                return instant(moment) + by
            case Unit.CALENDAR_DAYS:
                return self.after_days(moment, ceil(by / _DAY))
            case Unit.BUSINESS_DAYS:
                return self.after_business_days(moment, ceil(by / _DAY))

    def rounded(self, moment: datetime, unit: Unit) -> datetime:
        """The first moment that is not before this one and at which a clock in this unit may end."""
        match unit:
            case Unit.ELAPSED:
                return instant(moment)
            case Unit.CALENDAR_DAYS:
                return self.after_days(moment, 0 if instant(moment) <= self.after_days(moment, 0) else 1)
            case Unit.BUSINESS_DAYS:
                return self.after_business_days(moment, 0)

    def after_days(self, moment: datetime, number: int) -> datetime:
        """The end of the last of `number` calendar days, of which the day of `moment` is not one."""
        return self._end(self.day_of(moment) + number * _DAY, END_OF_DAY)

    def after_business_days(self, moment: datetime, number: int) -> datetime:
        """The close of the last of `number` business days, of which the day of `moment` is not one."""
        day = self.day_of(moment)
        if instant(moment) > self._end(day, self.closes):
            day += _DAY
        for _ in range(number):
            day = self._working_from(day + _DAY)
        return self._end(self._working_from(day), self.closes)

    def _working_from(self, day: date) -> date:
        while not self.works_on(day):
            day += _DAY
        return day

    def _end(self, day: date, at: time) -> datetime:
        # Where clocks are set back at midnight the last second comes twice: the day ends with the second one.
        return datetime.combine(day, at, ZoneInfo(self.time_zone)).replace(fold=1).astimezone(UTC)


@cache
def federal_holidays(year: int) -> frozenset[date]:
    """The days of `year` on which federal offices are closed, as observed (5 U.S.C. 6103, Executive Order 11582).

    A holiday on a Saturday is kept on the Friday before, one on a Sunday on the Monday after; so New Year's Day may
    be kept on the last day of the year before.
    """
    days = (_observed(day) for each in (year, year + 1) for day in _holidays(each))
    return frozenset(day for day in days if day.year == year)


def _holidays(year: int) -> Iterator[date]:
    yield from (date(year, month, day) for month, day in ((1, 1), (7, 4), (11, 11), (12, 25)))
    if year >= 2021:
        yield date(year, 6, 19)
    yield _monday(year, 1, 3)
    yield _monday(year, 2, 3)
    last_of_may = date(year, 5, 31)
    yield last_of_may - last_of_may.weekday() * _DAY
    yield _monday(year, 9, 1)
    yield _monday(year, 10, 2)
    # The fourth Thursday of November is never before the 22nd.
    yield date(year, 11, 22) + (3 - date(year, 11, 22).weekday()) % 7 * _DAY


def _monday(year: int, month: int, number: int) -> date:
    """The first, second or third Monday of a month."""
    first = date(year, month, 1)
    return first + (-first.weekday() % 7 + 7 * (number - 1)) * _DAY


def _observed(day: date) -> date:
    return day + {_SATURDAY: -_DAY, _SATURDAY + 1: _DAY}.get(day.weekday(), timedelta())
