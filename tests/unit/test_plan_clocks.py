"""Which clock judges a payer: whose rule comes first, of which line, and what an extension makes of it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.adapters.payers.plan_clocks import PlanClocks, judge_clock
from firstdose.adapters.postgres.payers.rows import PayerRow
from firstdose.domain.authorization.lines import LineKind
from firstdose.domain.clock.clocks import Clock, Extension
from firstdose.domain.clock.rules import ClockPurpose, ClockRule, Regime, answering
from firstdose.domain.clock.state import Phase
from firstdose.domain.payer.channel import Plan
from firstdose.ports import ClockJudgment, ClockRequest

MONDAY = datetime(2026, 3, 2, 17, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def plan(regime: Regime, **row: object) -> Plan:
    return PayerRow.model_validate({"id": "acme", "name": "Acme", "regime": regime, **row}).plan(7)


def asking(
    *purposes: ClockPurpose, kinds: frozenset[LineKind] = frozenset(LineKind), at: datetime = MONDAY
) -> ClockRequest:
    return ClockRequest(referral_id="r", key="k", purposes=purposes or (ClockPurpose.DECISION,), at=at, kinds=kinds)


def own(**more: object) -> ClockRule:
    told = {"name": "ours", "version": "1", "citation": "policy", "regime": Regime.EMPLOYER, "drug": None}
    return ClockRule.model_validate({**told, "standard": DAY, "expedited": HOUR, **more})


def started(clock: Clock | None) -> Clock:
    assert clock is not None
    return clock


def test_the_plans_own_rule_goes_before_the_pharmacys_and_that_before_the_general_one() -> None:
    asked = asking()
    assert started(PlanClocks().start(plan(Regime.EMPLOYER), asked)).rule == "Employer plan"
    assert started(PlanClocks((own(),)).start(plan(Regime.EMPLOYER), asked)).rule == "ours"
    theirs = plan(Regime.EMPLOYER, standard_decision="2 days")
    assert started(PlanClocks((own(),)).start(theirs, asked)).rule == "Plan's own decision"


def test_of_several_lines_the_clock_is_that_of_the_first_due() -> None:
    medicare = plan(Regime.MEDICARE_ADVANTAGE)
    assert started(PlanClocks().start(medicare, asking())).rule == "Part B drug"
    services = asking(kinds=frozenset({LineKind.PER_DIEM, LineKind.NURSING}))
    assert started(PlanClocks().start(medicare, services)).rule == "CMS-0057-F"


@pytest.mark.parametrize(
    ("level", "regime", "rule"),
    [
        (0, Regime.EMPLOYER, "Employer plan"),
        (1, Regime.EMPLOYER, "Employer first of two appeals"),
        (2, Regime.EMPLOYER, "Employer second appeal"),
        (9, Regime.EMPLOYER, "Employer second appeal"),
        (2, Regime.MEDICARE_ADVANTAGE, "Part B drug appeal"),
    ],
)
def test_each_level_of_appeal_has_its_clock_or_that_of_the_level_below(level: int, regime: Regime, rule: str) -> None:
    clock = started(PlanClocks().start(plan(regime), asking(*answering(level))))
    assert clock.rule == rule


def test_a_plan_that_hears_one_appeal_has_longer_for_it() -> None:
    single = plan(Regime.EMPLOYER, appeal_levels=1)
    assert started(PlanClocks().start(single, asking(*answering(1)))).rule == "Employer appeal"


def test_no_rule_is_no_clock() -> None:
    assert PlanClocks().start(plan(Regime.MEDICARE_ADVANTAGE), asking(ClockPurpose.EXTERNAL_REVIEW_FILING)) is None


def test_for_a_patient_who_goes_home_the_payer_has_less_time() -> None:
    theirs = plan(Regime.PLAN, after_discharge="1 business day")
    home = started(PlanClocks().start(theirs, asking(), discharged_at=MONDAY - DAY))
    assert (home.rule, home.started_at) == ("Plan's own after discharge", MONDAY)
    later = started(PlanClocks().start(theirs, asking(), discharged_at=MONDAY + 30 * DAY))
    assert later.rule == "Plan's own", "a discharge far away gives the payer no more time than it has anyway"


@given(st.sampled_from(Regime), st.timedeltas(timedelta(), 400 * DAY), st.sets(st.sampled_from(LineKind), min_size=1))
def test_more_lines_never_give_the_payer_more_time(regime: Regime, later: timedelta, kinds: set[LineKind]) -> None:
    at = MONDAY + later
    clocks = PlanClocks()
    all_together = started(clocks.start(plan(regime), asking(kinds=frozenset(kinds), at=at)))
    for kind in kinds:
        alone = started(clocks.start(plan(regime), asking(kinds=frozenset({kind}), at=at)))
        assert all_together.due_at <= alone.due_at


def test_a_clock_is_judged_after_its_extension() -> None:
    clock = started(PlanClocks().start(plan(Regime.EMPLOYER), asking()))
    longer = Extension(at=MONDAY + DAY, by=5 * DAY, reason="told_by_payer")
    judged = judge_clock(ClockJudgment(referral_id="r", key="k", clock=clock, at=clock.due_at + DAY, extension=longer))
    assert judged.state.due_at - clock.due_at == 5 * DAY
    assert judged.state.phase is Phase.RUNNING
    late = longer.model_copy(update={"at": clock.due_at + HOUR})
    refused = judge_clock(ClockJudgment(referral_id="r", key="k", clock=clock, at=clock.due_at + DAY, extension=late))
    assert (refused.clock, refused.state.phase) == (clock, Phase.BREACHED)
