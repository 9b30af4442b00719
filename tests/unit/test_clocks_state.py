"""Clocks as they run: paused, extended, answered, breached, and escalated level by level."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.clock.business_calendar import Unit
from firstdose.domain.clock.clocks import RULES, Clock, Pause, Regime, decision_clock
from firstdose.domain.clock.rules import Terms
from firstdose.domain.clock.state import Phase, answered, extended, paused, resumed, state

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NONE = timedelta()
NEW_YORK = ZoneInfo("America/New_York")
# A Monday at noon in New York.
RECEIVED = datetime(2026, 3, 2, 17, tzinfo=UTC)

EMPLOYER = decision_clock(RULES, Regime.EMPLOYER, RECEIVED, drug=True, expedited=False)
URGENT = decision_clock(RULES, Regime.EMPLOYER, RECEIVED, drug=True, expedited=True)
PLAN = decision_clock(RULES, Regime.PLAN, RECEIVED, drug=True, expedited=False)
PART_B = decision_clock(RULES, Regime.MEDICARE_ADVANTAGE, RECEIVED, drug=True, expedited=False)

MOMENTS = st.timedeltas(timedelta(), timedelta(days=1800)).map(datetime(2026, 1, 2, tzinfo=UTC).__add__)
SPANS = st.timedeltas(NONE, timedelta(days=20))


@st.composite
def clocks(draw: st.DrawFn, units: tuple[Unit, ...] = tuple(Unit)) -> Clock:
    """A clock that tolls and can be extended, in one of the units."""
    rule = next(rule for rule in RULES if rule.regime is Regime.EMPLOYER)
    terms = Terms(unit=draw(st.sampled_from(units)), extension=15 * DAY)
    allowed = draw(st.timedeltas(HOUR, 15 * DAY))
    told = rule.model_copy(update={"standard": allowed, "standard_terms": terms, "effective_from": None})
    return decision_clock((told,), Regime.EMPLOYER, draw(MOMENTS), drug=True, expedited=False)


@st.composite
def lives(draw: st.DrawFn) -> Clock:
    """A clock to which anything may have happened, pauses across each other and open ones too."""
    clock = draw(clocks())
    spans = draw(st.lists(st.tuples(SPANS, st.none() | SPANS), max_size=4))
    first = clock.started_at - 2 * DAY
    pauses = tuple(
        Pause(since=first + begun, until=None if lasted is None else first + begun + lasted) for begun, lasted in spans
    )
    at = draw(st.none() | SPANS.map(lambda span: clock.started_at + span))
    clock = clock.model_copy(update={"pauses": pauses, "answered_at": at})
    if draw(st.booleans()):
        clock = extended(clock, clock.started_at + draw(SPANS), draw(st.timedeltas(DAY, 30 * DAY)), "complex_case")
    return clock


def test_until_it_is_due_it_runs_and_then_it_is_breached_by_so_much() -> None:
    early, late = state(PART_B, RECEIVED + HOUR), state(PART_B, RECEIVED + 80 * HOUR)
    assert (early.phase, early.breached_by, early.due_at) == (Phase.RUNNING, NONE, RECEIVED + 72 * HOUR)
    assert (late.phase, late.breached_by) == (Phase.BREACHED, 8 * HOUR)
    assert (late.rule, late.version, late.citation) == (PART_B.rule, PART_B.version, PART_B.citation)
    assert state(PART_B, PART_B.due_at).phase is Phase.RUNNING


@pytest.mark.parametrize(("after", "phase", "late"), [(72, Phase.MET, NONE), (80, Phase.MISSED, 8 * HOUR)])
def test_an_answer_ends_it_for_good(after: int, phase: Phase, late: timedelta) -> None:
    clock = answered(PART_B, RECEIVED + after * HOUR)
    standing = state(clock, RECEIVED + 500 * HOUR)
    assert (standing.phase, standing.breached_by) == (phase, late)
    assert answered(clock, RECEIVED + 300 * HOUR) == clock
    assert paused(clock, RECEIVED + 300 * HOUR) == clock
    assert extended(clock, RECEIVED + 300 * HOUR, DAY, "complex_case") == clock
    assert state(clock, RECEIVED + HOUR).phase is Phase.RUNNING


def test_a_clock_that_stands_still_is_never_breached_and_runs_on_afterwards() -> None:
    still = paused(URGENT, RECEIVED + 10 * HOUR)
    week = state(still, RECEIVED + 170 * HOUR)
    assert (week.phase, week.paused_for, week.breached_by) == (Phase.PAUSED, 160 * HOUR, NONE)
    running = resumed(still, RECEIVED + 170 * HOUR)
    assert state(running, RECEIVED + 200 * HOUR).phase is Phase.RUNNING
    assert state(running, RECEIVED + 233 * HOUR).breached_by == HOUR
    assert paused(still, RECEIVED + 11 * HOUR) == still
    assert resumed(running, RECEIVED + 300 * HOUR) == running


def test_where_the_rule_gives_no_pause_and_no_extension_the_payer_gets_none() -> None:
    assert paused(PART_B, RECEIVED + HOUR) == PART_B
    assert extended(PART_B, RECEIVED + HOUR, DAY, "complex_case") == PART_B


def test_an_extension_is_given_once_in_time_and_no_longer_than_the_rule_says() -> None:
    longer = extended(EMPLOYER, RECEIVED + DAY, 100 * DAY, "complex_case")
    assert state(EMPLOYER, RECEIVED).due_at == datetime(2026, 3, 17, 23, 59, 59, tzinfo=NEW_YORK)
    assert state(longer, RECEIVED + DAY).due_at == datetime(2026, 4, 1, 23, 59, 59, tzinfo=NEW_YORK)
    assert state(longer, RECEIVED).due_at == EMPLOYER.due_at
    assert extended(longer, RECEIVED + 2 * DAY, DAY, "complex_case") == longer
    assert extended(EMPLOYER, RECEIVED + 30 * DAY, DAY, "complex_case") == EMPLOYER


def test_a_pause_that_begins_when_the_time_is_up_brings_nothing_back() -> None:
    clock = paused(URGENT, URGENT.due_at + HOUR)
    standing = state(clock, URGENT.due_at + 5 * HOUR)
    assert (standing.phase, standing.breached_by, standing.paused_for) == (Phase.BREACHED, 5 * HOUR, NONE)


def test_after_a_pause_business_days_still_end_with_a_business_day() -> None:
    """Due on Thursday, 26 hours paused: by Saturday's small hours, so by the end of Monday."""
    clock = resumed(paused(PLAN, RECEIVED + HOUR), RECEIVED + 27 * HOUR)
    assert PLAN.due_at == datetime(2026, 3, 5, 23, 59, 59, tzinfo=NEW_YORK)
    # On Sunday the clocks change.
    assert state(clock, RECEIVED + 30 * HOUR).due_at == datetime(2026, 3, 9, 23, 59, 59, tzinfo=NEW_YORK)


def test_pauses_across_each_other_count_once_and_only_while_the_clock_runs() -> None:
    pauses = tuple(
        Pause(since=RECEIVED + begun * HOUR, until=RECEIVED + ended * HOUR)
        for begun, ended in ((-5, 1), (10, 20), (12, 15), (18, 25), (30, 30))
    )
    standing = state(URGENT.model_copy(update={"pauses": pauses}), RECEIVED + 40 * HOUR)
    assert (standing.paused_for, standing.due_at) == (16 * HOUR, URGENT.due_at + 16 * HOUR)


@given(clocks(), SPANS, SPANS)
def test_a_pause_moves_the_due_time_by_at_least_its_length(clock: Clock, begun: timedelta, lasted: timedelta) -> None:
    since = min(clock.started_at + begun, clock.due_at)
    after = state(resumed(paused(clock, since), since + lasted), since + lasted)
    assert after.paused_for == lasted
    moved = after.due_at - clock.due_at
    assert moved == lasted if clock.terms.unit is Unit.ELAPSED else moved >= lasted


@given(clocks(), st.integers(1, 15))
def test_an_extension_adds_its_days(clock: Clock, days: int) -> None:
    due_at = state(extended(clock, clock.started_at, days * DAY, "complex_case"), clock.started_at).due_at
    match clock.terms.unit, clock.calendar:
        case Unit.ELAPSED, None:
            assert due_at - clock.due_at == days * DAY
        case Unit.CALENDAR_DAYS, calendar:
            assert calendar
            assert calendar.day_of(due_at) - calendar.day_of(clock.due_at) == days * DAY
        case _, calendar:
            assert calendar
            first = calendar.day_of(clock.due_at)
            passed = (calendar.day_of(due_at) - first).days
            assert sum(calendar.works_on(first + each * DAY) for each in range(1, passed + 1)) == days


@given(lives(), st.timedeltas(NONE, 60 * DAY))
def test_a_state_agrees_with_itself(clock: Clock, later: timedelta) -> None:
    now = clock.started_at + later
    standing = state(clock, now)
    done = clock.answered_at is not None and clock.answered_at <= now
    assert clock.started_at <= clock.due_at <= standing.due_at
    assert NONE <= standing.paused_for <= later
    assert (standing.breached_by > NONE) == (standing.phase in (Phase.BREACHED, Phase.MISSED))
    assert done == (standing.phase in (Phase.MET, Phase.MISSED))
    if standing.breached_by:
        judged_at = clock.answered_at if done and clock.answered_at else now
        assert standing.due_at + standing.breached_by == judged_at
    if clock.calendar and clock.terms.unit is Unit.BUSINESS_DAYS:
        assert clock.calendar.works_on(clock.calendar.day_of(standing.due_at))


@given(lives(), st.timedeltas(NONE, 60 * DAY), st.timedeltas(NONE, 60 * DAY))
def test_with_time_a_clock_is_paused_longer_due_later_and_breached_further(
    clock: Clock, one: timedelta, other: timedelta
) -> None:
    earlier, later = (state(clock, clock.started_at + after) for after in sorted((one, other)))
    assert earlier.paused_for <= later.paused_for
    assert earlier.due_at <= later.due_at
    assert earlier.phase is not Phase.BREACHED or earlier.breached_by <= later.breached_by
    assert earlier.phase not in (Phase.MET, Phase.MISSED) or earlier == later
