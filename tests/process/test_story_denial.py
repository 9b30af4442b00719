"""Stories of the dispute: every way that a denial leaves open, and every clock and limit on the way."""

from datetime import datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization.lines import Certification, LineState
from firstdose.domain.clock.business_calendar import Calendar
from firstdose.domain.clock.clocks import Regime
from firstdose.domain.payer.channel import PeerToPeerRule
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import APPROVED, DENIED, ELECTRONIC, PENDED, Outside, says
from tests.process.story import Script, Story

LINES = [{"sequence": each, "state": "approved"} for each in (1, 2, 3)]
NO_HELP: Script = {K.FIND_ASSISTANCE: [None]}


async def test_two_appeals_and_then_the_external_review_overturns(env: WorkflowEnvironment) -> None:
    script: Script = {
        **NO_HELP,
        K.REVIEW_DECISION: [{"outcome": "appeal"}, {"outcome": "appeal"}, {"outcome": "external_review"}],
        K.APPEAL: [{"outcome": "file"}],
        K.FOLLOW_UP_PAYER: [{"outcome": "answered", "lines": LINES}],
    }
    outside = Outside(submissions=[DENIED])
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED

    certifications = [{line.certification for line in request.lines} for request in outside.requests]
    assert certifications == [{Certification.INITIAL}, {Certification.APPEAL}, {Certification.APPEAL}]
    assert [item.asks["level"] for item in story.asked(K.APPEAL)] == [1, 2, "external_review"]
    assert [item.asks["options"] for item in story.asked(K.REVIEW_DECISION)] == [
        ["decided", "resubmit", "peer_to_peer", "appeal", "give_up"],
        ["decided", "resubmit", "peer_to_peer", "appeal", "give_up"],
        ["decided", "resubmit", "peer_to_peer", "external_review", "give_up"],
    ]
    assert {line.state for line in outside.standing.lines} == {LineState.APPROVED}


@pytest.mark.parametrize(
    ("regime", "window", "rule"),
    [
        (Regime.EMPLOYER, 180, "Employer filing"),
        (Regime.MEDICARE_ADVANTAGE, 65, "Medicare Advantage filing"),
        (Regime.MEDICAID, 60, "Medicaid filing"),
        (Regime.PLAN, 180, "Plan's own filing"),
    ],
)
async def test_an_appeal_names_its_window(env: WorkflowEnvironment, regime: Regime, window: int, rule: str) -> None:
    outside = Outside(plan=ELECTRONIC.model_copy(update={"regime": regime}), submissions=[DENIED, APPROVED])
    script: Script = {**NO_HELP, K.REVIEW_DECISION: [{"outcome": "appeal"}], K.APPEAL: [{"outcome": "file"}]}
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.APPEAL)
    assert item.asks["rule"] == rule
    calendar = Calendar()
    last_day = calendar.day_of(datetime.fromisoformat(item.asks["file_by"]))
    assert last_day - calendar.day_of(item.opened_at) == timedelta(days=window)
    assert item.due_at - item.opened_at <= timedelta(days=window)


async def test_where_the_talk_only_explains_it_overturns_nothing(env: WorkflowEnvironment) -> None:
    plan = ELECTRONIC.model_copy(update={"peer_to_peer": PeerToPeerRule.INFORMATIONAL, "appeal_levels": 1})
    script: Script = {
        **NO_HELP,
        K.REVIEW_DECISION: [{"outcome": "peer_to_peer"}, {"outcome": "appeal"}],
        K.PEER_TO_PEER: [None],
        K.APPEAL: [{"outcome": "file"}],
    }
    async with Story(env, Outside(plan=plan, submissions=[DENIED, APPROVED]), script) as story:
        await story.until(lambda: bool(story.asked(K.PEER_TO_PEER)))
        (talk,) = story.asked(K.PEER_TO_PEER)
        await story.resolve(talk, {"outcome": "overturned", "lines": LINES})
        assert story.refusals == ["Refused: outcome: open here are upheld"]
        await story.resolve(talk, {"outcome": "upheld"})
        assert await story.ends() is Closing.COMPLETED
    assert "peer_to_peer" not in story.asked(K.REVIEW_DECISION)[1].asks["options"]


async def test_a_talk_overturns_the_denial(env: WorkflowEnvironment) -> None:
    script: Script = {
        **NO_HELP,
        K.REVIEW_DECISION: [{"outcome": "peer_to_peer", "reason": "not_medically_necessary"}],
        K.PEER_TO_PEER: [{"outcome": "overturned", "lines": LINES}],
    }
    async with Story(env, Outside(submissions=[DENIED]), script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert len(story.outside.requests) == 1


async def test_assistance_found_meanwhile_ends_the_dispute(env: WorkflowEnvironment) -> None:
    script: Script = {
        K.FIND_ASSISTANCE: [None],
        K.REVIEW_DECISION: [{"outcome": "appeal"}],
        K.APPEAL: [{"outcome": "file"}],
    }
    outside = Outside(submissions=[DENIED, PENDED])
    async with Story(env, outside, script) as story:
        await story.until(lambda: len(outside.requests) == 2 and bool(story.asked(K.FIND_ASSISTANCE)))
        await story.resolve(story.asked(K.FIND_ASSISTANCE)[0], {"outcome": "found", "program": "fund"})
        assert await story.ends() is Closing.COMPLETED
    assert {line.state for line in outside.standing.lines} == {LineState.NOT_REQUIRED}


async def test_modified_is_shown_requested_against_authorized_and_accepted_by_a_person(
    env: WorkflowEnvironment,
) -> None:
    modified = says(LineState.MODIFIED)
    fewer = tuple(word.model_copy(update={"units": 7}) for word in modified.lines)
    script = {K.REVIEW_DECISION: [{"outcome": "decided", "lines": LINES}]}
    async with Story(env, Outside(submissions=[modified.model_copy(update={"lines": fewer})]), script) as story:
        assert await story.ends() is Closing.COMPLETED
    shown = story.asked(K.REVIEW_DECISION)[0].asks["lines"][0]
    assert (shown["units"], shown["authorized_units"], shown["state"]) == (14, 7, "modified")
    assert not story.asked(K.FIND_ASSISTANCE), "nothing is denied"
