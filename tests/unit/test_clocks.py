"""Clocks as they start: which rule judges, by when, and the rows of docs/process.md, "Clocks"."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.clock.business_calendar import Calendar, Unit
from firstdose.domain.clock.clocks import RULES, Clock, Regime, decision_clock, start_clock
from firstdose.domain.clock.default_rules import ALL_RULES
from firstdose.domain.clock.rules import ClockPurpose, ClockRule, find_rule

NEW_YORK = ZoneInfo("America/New_York")
# A Saturday; in New York it is 7 in the morning.
RECEIVED = datetime(2026, 11, 21, 12, tzinfo=UTC)

MA, MEDICAID, EMPLOYER, PLAN = Regime.MEDICARE_ADVANTAGE, Regime.MEDICAID, Regime.EMPLOYER, Regime.PLAN
MOMENTS = st.timedeltas(timedelta(), timedelta(days=3600)).map(datetime(2026, 1, 2, tzinfo=UTC).__add__)


def hours(number: int) -> datetime:
    return RECEIVED + timedelta(hours=number)


def end_of(month: int, day: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, 23, 59, 59, tzinfo=NEW_YORK)


@pytest.mark.parametrize(
    ("regime", "drug", "rule", "standard", "expedited"),
    [
        (MA, True, "Part B drug", hours(72), hours(24)),
        (MA, False, "CMS-0057-F", end_of(11, 28), hours(72)),
        (MEDICAID, True, "Medicaid outpatient drug", hours(24), hours(24)),
        (MEDICAID, False, "CMS-0057-F", end_of(11, 28), hours(72)),
        (EMPLOYER, True, "Employer plan", end_of(12, 6), hours(72)),
        (EMPLOYER, False, "Employer plan", end_of(12, 6), hours(72)),
        (PLAN, True, "Plan's own", end_of(11, 25), end_of(11, 23)),
        (PLAN, False, "Plan's own", end_of(11, 25), end_of(11, 23)),
    ],
)
def test_decisions(regime: Regime, drug: bool, rule: str, standard: datetime, expedited: datetime) -> None:
    for urgent, due in ((False, standard), (True, expedited)):
        clock = decision_clock(RULES, regime, RECEIVED, drug=drug, expedited=urgent)
        assert (clock.rule, clock.due_at) == (rule, due)
        assert clock.citation
        assert clock.version


@pytest.mark.parametrize(
    ("regime", "purpose", "drug", "standard", "expedited"),
    [
        (PLAN, ClockPurpose.AFTER_DISCHARGE, True, end_of(11, 23), end_of(11, 23)),
        (MA, ClockPurpose.APPEAL, False, end_of(12, 21), hours(72)),
        (MA, ClockPurpose.APPEAL, True, end_of(11, 28), hours(72)),
        (MA, ClockPurpose.EXTERNAL_REVIEW, True, end_of(11, 28), hours(72)),
        (MA, ClockPurpose.APPEAL_FILING, False, end_of(1, 25, 2027), end_of(1, 25, 2027)),
        (MEDICAID, ClockPurpose.APPEAL, True, end_of(12, 21), hours(72)),
        (MEDICAID, ClockPurpose.APPEAL_FILING, False, end_of(1, 20, 2027), end_of(1, 20, 2027)),
        (MEDICAID, ClockPurpose.EXTERNAL_REVIEW_FILING, False, end_of(2, 19, 2027), end_of(2, 19, 2027)),
        # Three working days, and Thanksgiving is the fourth.
        (MEDICAID, ClockPurpose.EXTERNAL_REVIEW, True, end_of(2, 19, 2027), end_of(11, 25)),
        (EMPLOYER, ClockPurpose.APPEAL, True, end_of(12, 21), hours(72)),
        (EMPLOYER, ClockPurpose.APPEAL_FILING, True, end_of(5, 20, 2027), end_of(5, 20, 2027)),
        (EMPLOYER, ClockPurpose.EXTERNAL_REVIEW, False, end_of(1, 5, 2027), hours(72)),
        (EMPLOYER, ClockPurpose.INFORMATION, False, end_of(1, 5, 2027), hours(48)),
    ],
)
def test_what_comes_after_a_denial(
    regime: Regime, purpose: ClockPurpose, drug: bool, standard: datetime, expedited: datetime
) -> None:
    for urgent, due in ((False, standard), (True, expedited)):
        assert start_clock(ALL_RULES, regime, purpose, RECEIVED, drug=drug, expedited=urgent).due_at == due


@pytest.mark.parametrize("regime", [MA, MEDICAID])
def test_the_rule_in_force_on_the_payers_day_of_receipt_judges(regime: Regime) -> None:
    """CMS-0057-F judges what came in from 2026-01-01 on; in UTC the year began five hours earlier."""
    last = datetime(2025, 12, 31, 23, 59, 59, tzinfo=NEW_YORK)
    before = decision_clock(RULES, regime, last, drug=False, expedited=False)
    after = decision_clock(RULES, regime, last + timedelta(seconds=1), drug=False, expedited=False)
    assert (before.version, before.due_at) == ("2020-01-01", end_of(1, 14))
    assert (after.rule, after.version, after.due_at) == ("CMS-0057-F", "2026-01-01", end_of(1, 8))
    west = Calendar(time_zone="America/Los_Angeles")
    eve = datetime(2026, 1, 1, 7, tzinfo=UTC)
    assert decision_clock(RULES, regime, eve, drug=False, expedited=False, calendar=west).version == "2020-01-01"


def test_a_notice_of_medicare_advantage_counts_as_received_five_days_after_its_date_since_2025() -> None:
    dates = (datetime(2024, 12, 31, 12, tzinfo=UTC), datetime(2025, 1, 1, 12, tzinfo=UTC))
    before, after = (
        start_clock(ALL_RULES, MA, ClockPurpose.APPEAL_FILING, at, drug=True, expedited=False) for at in dates
    )
    assert (before.version, before.due_at) == ("2020-01-01", end_of(3, 1, 2025))
    assert (after.version, after.due_at) == ("2026-01-01", end_of(3, 7, 2025))


def test_every_decision_and_every_first_appeal_has_a_clock_and_a_window_and_none_has_two() -> None:
    for regime in Regime:
        for purpose in (
            ClockPurpose.DECISION,
            ClockPurpose.APPEAL,
            ClockPurpose.EXTERNAL_REVIEW,
            ClockPurpose.APPEAL_FILING,
        ):
            for drug in (True, False):
                clock = start_clock(ALL_RULES, regime, purpose, RECEIVED, drug=drug, expedited=False)
                assert clock.due_at > RECEIVED
    judges = Counter(
        (rule.regime, rule.purpose, drug)
        for rule in ALL_RULES
        for drug in (True, False)
        if rule.covers(rule.regime, rule.purpose, drug=drug) and rule.in_force_on(RECEIVED.date())
    )
    assert set(judges.values()) == {1}


@pytest.mark.parametrize("purpose", [ClockPurpose.SECOND_APPEAL, ClockPurpose.EXTERNAL_REVIEW_FILING])
def test_without_a_rule_there_is_no_such_step_and_nobody_guesses(purpose: ClockPurpose) -> None:
    with pytest.raises(LookupError, match="no clock rule"):
        start_clock(ALL_RULES, MA, purpose, RECEIVED, drug=True, expedited=False)
    with pytest.raises(LookupError, match="no clock rule"):
        decision_clock((), PLAN, RECEIVED, drug=True, expedited=False)


def test_a_plans_own_rule_before_the_general_ones_judges_until_it_is_superseded() -> None:
    own = find_rule(RULES, MA, ClockPurpose.DECISION, RECEIVED.date(), drug=True).model_copy(
        update={"name": "faster than the law", "superseded_on": date(2026, 12, 1)}
    )
    rules = (own, *RULES)
    later = datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert decision_clock(rules, MA, RECEIVED, drug=True, expedited=False).rule == "faster than the law"
    assert decision_clock(rules, MA, later, drug=True, expedited=False).rule == "Part B drug"


def test_rules_and_clocks_that_were_written_down_before_there_were_calendars_still_read() -> None:
    rule = ClockRule.model_validate(
        {
            "name": "Plan's own",
            "version": "2026-01-01",
            "citation": "policy",
            "regime": "plan",
            "drug": True,
            "standard": "P3D",
            "expedited": "P1D",
        }
    )
    clock = decision_clock((rule,), PLAN, RECEIVED, drug=True, expedited=False)
    assert clock.due_at == hours(72)
    written = clock.model_dump(mode="json", include={"rule", "version", "citation", "started_at", "due_at"})
    assert Clock.model_validate(written) == clock


@given(MOMENTS, MOMENTS, st.sampled_from(ALL_RULES), st.booleans())
def test_who_is_received_later_is_never_due_sooner(
    one: datetime, other: datetime, rule: ClockRule, expedited: bool
) -> None:
    always = (rule.model_copy(update={"effective_from": None, "superseded_on": None}),)
    first, second = (
        start_clock(always, rule.regime, rule.purpose, at, drug=bool(rule.drug), expedited=expedited)
        for at in sorted((one, other))
    )
    assert first.started_at <= first.due_at <= second.due_at
    assert second.due_at - second.started_at >= timedelta(hours=24) or rule.standard_terms.unit is Unit.BUSINESS_DAYS


@given(MOMENTS, st.sampled_from(RULES), st.booleans())
def test_a_clock_survives_being_written_down(at: datetime, rule: ClockRule, expedited: bool) -> None:
    always = (rule.model_copy(update={"effective_from": None, "superseded_on": None}),)
    clock = decision_clock(always, rule.regime, at, drug=bool(rule.drug), expedited=expedited)
    assert Clock.model_validate_json(clock.model_dump_json()) == clock
    assert ClockRule.model_validate_json(rule.model_dump_json()) == rule
