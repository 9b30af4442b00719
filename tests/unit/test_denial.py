"""What a denial leaves open, by the plan's rules and what was tried."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.authorization.denial import Tried, WayOn, filing_window, still_open, ways_on
from firstdose.domain.clock.rules import ClockPurpose, Regime
from firstdose.domain.payer.channel import PeerToPeerRule, Plan

PLANS = st.builds(
    Plan,
    payer=st.just("acme"),
    peer_to_peer=st.sampled_from(PeerToPeerRule),
    appeal_levels=st.none() | st.integers(0, 2),
    regime=st.sampled_from(Regime),
    external_review=st.booleans(),
)
TRIED = st.builds(Tried, talked=st.booleans(), appeals=st.integers(0, 2), reviewed_externally=st.booleans())


@given(PLANS, TRIED)
def test_each_way_is_open_only_as_the_plan_and_what_was_tried_allow(plan: Plan, tried: Tried) -> None:
    ways = ways_on(plan, tried)
    assert {WayOn.DECIDED, WayOn.RESUBMIT, WayOn.GIVE_UP} <= set(ways)
    assert (WayOn.PEER_TO_PEER in ways) == (plan.peer_to_peer is not PeerToPeerRule.NONE and not tried.talked)
    assert (WayOn.APPEAL in ways) == (tried.appeals < plan.hears_appeals)
    assert not {WayOn.APPEAL, WayOn.EXTERNAL_REVIEW} <= set(ways), "the plan is appealed to first"


@given(PLANS)
def test_a_dispute_comes_to_an_end(plan: Plan) -> None:
    exhausted = Tried(talked=True, appeals=plan.hears_appeals, reviewed_externally=True)
    assert ways_on(plan, exhausted) == (WayOn.DECIDED, WayOn.RESUBMIT, WayOn.GIVE_UP)


@pytest.mark.parametrize(
    ("regime", "levels"),
    [(Regime.MEDICARE_ADVANTAGE, 1), (Regime.MEDICAID, 1), (Regime.EMPLOYER, 2), (Regime.PLAN, 2)],
)
def test_where_the_plan_says_nothing_its_regime_does(regime: Regime, levels: int) -> None:
    assert Plan(payer="acme", regime=regime).hears_appeals == levels
    assert Plan(payer="acme", regime=regime, appeal_levels=0).hears_appeals == 0


@given(PLANS, TRIED)
def test_the_window_is_that_of_the_appeal_which_is_open(plan: Plan, tried: Tried) -> None:
    ways = ways_on(plan, tried)
    purpose = filing_window(ways, tried)
    assert (purpose is ClockPurpose.EXTERNAL_REVIEW_FILING) == (WayOn.EXTERNAL_REVIEW in ways)
    assert (purpose in (ClockPurpose.APPEAL_FILING, ClockPurpose.SECOND_APPEAL_FILING)) == (WayOn.APPEAL in ways)
    assert (purpose is None) == (not {WayOn.APPEAL, WayOn.EXTERNAL_REVIEW} & set(ways))


@given(PLANS, TRIED, st.timedeltas(timedelta(days=-400), timedelta(days=400)))
def test_a_window_that_has_closed_closes_the_appeal_and_nothing_else(plan: Plan, tried: Tried, left: timedelta) -> None:
    now = datetime(2026, 11, 2, tzinfo=UTC)
    ways = ways_on(plan, tried)
    gone = set(ways) - set(still_open(ways, now + left, now))
    assert gone == (set() if left > timedelta() else {WayOn.APPEAL, WayOn.EXTERNAL_REVIEW} & set(ways))
    assert still_open(ways, None, now) == ways
