"""A payer's days: federal holidays by rule, weekends, closing times, and weeks in which the clocks are changed."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from firstdose.domain.clock.business_calendar import Calendar, Unit, federal_holidays, instant

CHICAGO = ZoneInfo("America/Chicago")
OFFICE = Calendar(time_zone="America/Chicago", closes=time(17))

MOMENTS = st.timedeltas(timedelta(), timedelta(days=5800)).map(datetime(2020, 1, 1, tzinfo=UTC).__add__)
CALENDARS = st.builds(
    Calendar,
    time_zone=st.sampled_from(["America/New_York", "America/Phoenix", "Pacific/Honolulu", "America/Santiago", "UTC"]),
    closes=st.sampled_from([time(12), time(17), time(23, 59, 59)]),
    federal_holidays=st.booleans(),
    closed_on=st.lists(st.dates(date(2020, 1, 1), date(2035, 12, 31)), max_size=5).map(tuple),
    open_on=st.lists(st.dates(date(2020, 1, 1), date(2035, 12, 31)), max_size=5).map(tuple),
)
COUNTED = st.sampled_from([Unit.CALENDAR_DAYS, Unit.BUSINESS_DAYS])


def local(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=CHICAGO)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2020, "01-01 01-20 02-17 05-25 07-03 09-07 10-12 11-11 11-26 12-25"),
        (2021, "01-01 01-18 02-15 05-31 06-18 07-05 09-06 10-11 11-11 11-25 12-24 12-31"),
        (2022, "01-17 02-21 05-30 06-20 07-04 09-05 10-10 11-11 11-24 12-26"),
        (2026, "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25"),
    ],
)
def test_federal_holidays_are_those_that_the_government_published(year: int, days: str) -> None:
    assert federal_holidays(year) == {date.fromisoformat(f"{year}-{day}") for day in days.split()}


@given(st.integers(2021, 2200))
def test_eleven_holidays_a_year_none_of_them_on_a_weekend(year: int) -> None:
    kept = federal_holidays(year)
    assert all(day.weekday() < 5 for day in kept)
    borrowed = date(year, 12, 31) in kept
    lent = date(year, 1, 1).weekday() == 5
    assert len(kept) == 11 + borrowed - lent


@pytest.mark.parametrize(
    ("received", "days", "due"),
    [
        (local(2026, 11, 16, 9), 3, local(2026, 11, 19, 17)),
        (local(2026, 11, 20, 9), 3, local(2026, 11, 25, 17)),
        # Thanksgiving and a weekend lie between.
        (local(2026, 11, 25, 9), 3, local(2026, 12, 1, 17)),
        # On a Saturday: Monday is the first day.
        (local(2026, 11, 21, 9), 1, local(2026, 11, 23, 17)),
        # After closing time it counts as received on the next day.
        (local(2026, 11, 16, 17, 1), 1, local(2026, 11, 18, 17)),
        (local(2026, 11, 16, 17), 1, local(2026, 11, 17, 17)),
        # Already the 17th in UTC.
        (datetime(2026, 11, 17, 2, tzinfo=UTC), 1, local(2026, 11, 18, 17)),
    ],
)
def test_business_days_are_counted_in_the_payers_zone_from_the_next_day_on(
    received: datetime, days: int, due: datetime
) -> None:
    assert OFFICE.after_business_days(received, days) == due


def test_calendar_days_last_to_midnight_also_on_weekends() -> None:
    assert OFFICE.after_days(local(2026, 11, 14, 18), 7) == local(2026, 11, 21, 23, 59, 59)


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 7, 23), (10, 31, 25)])
def test_a_day_on_which_the_clocks_change_is_still_one_day(month: int, day: int, hours: int) -> None:
    """It is an hour shorter or longer, and the close stays at the same hour of the wall clock."""
    before = OFFICE.after_days(local(2026, month, day, 12), 0)
    after = OFFICE.after_days(local(2026, month, day, 12), 1)
    assert after - before == timedelta(hours=hours)
    saturday = local(2026, month, day, 12)
    assert OFFICE.after_business_days(saturday, 1).astimezone(CHICAGO).timetz().replace(tzinfo=None) == time(17)


def test_where_the_last_hour_comes_twice_the_day_ends_with_the_second_one() -> None:
    santiago = Calendar(time_zone="America/Santiago")
    changed = datetime(2026, 4, 4, 12, tzinfo=UTC)
    assert santiago.after_days(changed, 1) - santiago.after_days(changed, 0) == timedelta(hours=24)
    assert santiago.after_days(changed, 0) - santiago.after_days(changed, -1) == timedelta(hours=25)


@pytest.mark.parametrize(("unit", "hours", "due"), [(Unit.CALENDAR_DAYS, 36, 23), (Unit.BUSINESS_DAYS, 60, 26)])
def test_a_begun_day_counts_as_a_whole_one(unit: Unit, hours: int, due: int) -> None:
    later = OFFICE.later(local(2026, 10, 21, 12), timedelta(hours=hours), unit)
    assert OFFICE.day_of(later).day == due


def test_days_that_the_plan_keeps_or_works_stand_above_the_rule() -> None:
    veterans_day, a_friday, a_sunday = date(2026, 11, 11), date(2026, 11, 27), date(2026, 11, 29)
    plan = Calendar(closed_on=(a_friday, a_sunday), open_on=(veterans_day, a_sunday))
    assert [plan.works_on(day) for day in (veterans_day, a_friday, a_sunday)] == [True, False, True]
    assert [Calendar().works_on(day) for day in (veterans_day, a_friday, a_sunday)] == [False, True, False]
    assert Calendar(federal_holidays=False).works_on(veterans_day)


@given(CALENDARS, MOMENTS, st.integers(0, 40))
def test_no_business_day_ends_on_a_day_off(calendar: Calendar, moment: datetime, number: int) -> None:
    end = calendar.after_business_days(moment, number)
    assert end >= moment
    assert calendar.works_on(calendar.day_of(end))
    assert end.astimezone(ZoneInfo(calendar.time_zone)).time() == calendar.closes


@given(CALENDARS, MOMENTS, st.integers(1, 40))
def test_between_the_moment_and_the_end_lie_as_many_working_days(
    calendar: Calendar, moment: datetime, number: int
) -> None:
    first, last = calendar.day_of(moment), calendar.day_of(calendar.after_business_days(moment, number))
    days = [first + timedelta(days=each) for each in range(1, (last - first).days + 1)]
    late = moment > datetime.combine(first, calendar.closes, ZoneInfo(calendar.time_zone)).replace(fold=1)
    uncounted = late and calendar.works_on(days[0])
    assert sum(map(calendar.works_on, days)) == number + uncounted


@given(CALENDARS, MOMENTS, MOMENTS, st.timedeltas(timedelta(), timedelta(days=30)), st.sampled_from(Unit))
def test_who_comes_later_is_never_due_sooner(
    calendar: Calendar, one: datetime, other: datetime, by: timedelta, unit: Unit
) -> None:
    first, second = sorted((one, other))
    assert calendar.later(first, by, unit) <= calendar.later(second, by, unit)


@given(CALENDARS, MOMENTS, COUNTED)
def test_rounding_goes_to_the_next_end_and_no_further(calendar: Calendar, moment: datetime, unit: Unit) -> None:
    end = calendar.rounded(moment, unit)
    assert end >= moment
    assert calendar.rounded(end, unit) == end
    # In Santiago the last hour of a day in April comes twice.
    assert unit is Unit.BUSINESS_DAYS or end - moment <= timedelta(hours=25)


@given(MOMENTS, st.timedeltas(timedelta(), timedelta(days=30)))
def test_hours_are_hours_that_pass_whatever_zone_the_moment_is_told_in(moment: datetime, by: timedelta) -> None:
    told = moment.astimezone(CHICAGO)
    assert Calendar().later(told, by, Unit.ELAPSED) - moment == by


def test_72_hours_over_a_change_of_the_clocks_are_72_hours() -> None:
    received = local(2026, 3, 6, 12)
    assert OFFICE.later(received, timedelta(hours=72), Unit.ELAPSED).astimezone(CHICAGO) == local(2026, 3, 9, 13)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "America", "a\x00b", "/etc/localtime"])
def test_a_zone_that_nobody_knows_is_refused_unrepeated(zone: str) -> None:
    with pytest.raises(ValidationError, match="not the name of a time zone") as refused:
        Calendar(time_zone=zone)
    assert not zone or zone not in str(refused.value)


def test_a_closing_time_is_a_local_one() -> None:
    with pytest.raises(ValidationError, match="closes: a local time"):
        Calendar(closes=time(17, tzinfo=UTC))


def test_a_moment_without_a_zone_is_no_moment() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        instant(datetime(2026, 1, 1))  # noqa: DTZ001
