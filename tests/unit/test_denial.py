"""What a denial leaves open, by the plan's rules and what was tried."""

from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.channel import PeerToPeer, Plan
from firstdose.domain.denial import Tried, WayOn, ways_on

PLANS = st.builds(
    Plan,
    payer=st.just("acme"),
    peer_to_peer=st.sampled_from(PeerToPeer),
    appeal_levels=st.integers(0, 2),
    external_review=st.booleans(),
)
TRIED = st.builds(Tried, talked=st.booleans(), appeals=st.integers(0, 2), reviewed_externally=st.booleans())


@given(PLANS, TRIED)
def test_each_way_is_open_only_as_the_plan_and_what_was_tried_allow(plan: Plan, tried: Tried) -> None:
    ways = ways_on(plan, tried)
    assert {WayOn.DECIDED, WayOn.RESUBMIT, WayOn.GIVE_UP} <= set(ways)
    assert (WayOn.PEER_TO_PEER in ways) == (plan.peer_to_peer is not PeerToPeer.NONE and not tried.talked)
    assert (WayOn.APPEAL in ways) == (tried.appeals < plan.appeal_levels)
    assert not {WayOn.APPEAL, WayOn.EXTERNAL_REVIEW} <= set(ways), "the plan is appealed to first"


@given(PLANS)
def test_a_dispute_comes_to_an_end(plan: Plan) -> None:
    exhausted = Tried(talked=True, appeals=plan.appeal_levels, reviewed_externally=True)
    assert ways_on(plan, exhausted) == (WayOn.DECIDED, WayOn.RESUBMIT, WayOn.GIVE_UP)
