"""Stories of the payer's clocks, one for each regime of docs/process.md, "Clocks": breached, paused, extended."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.postgres.payers.rows import PayerRow
from firstdose.domain.authorization.lines import InformationRequest, LineKind, LineState
from firstdose.domain.clock.clocks import Regime
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.referral.referral import Urgency
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import APPROVED, DENIED, ELECTRONIC, OUTLINE, PENDED, WANTS_NOTES, Outside, says
from tests.process.story import Script, Story

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LINES = [{"sequence": each, "state": "approved"} for each in (1, 2, 3)]
NO_HELP: Script = {K.FIND_ASSISTANCE: [None]}


def approved(item: WorkItem, _: datetime) -> dict[str, Any]:
    return {"outcome": "answered", "lines": [line for line in LINES if line["sequence"] in sequences(item)]}


def sequences(item: WorkItem) -> list[int]:
    return [line["sequence"] for line in item.asks["lines"]]


def plan(regime: Regime, **more: Any) -> Plan:
    return ELECTRONIC.model_copy(update={"regime": regime, **more})


SERVICES_ONLY = {"no_authorization": (str(LineKind.DRUG),)}
"""A plan that wants no authorization for the drug: what is left are items and services."""


def due(item: WorkItem) -> datetime:
    return datetime.fromisoformat(item.asks["clock"]["due_at"])


@pytest.mark.parametrize(
    ("of", "urgent", "rule", "least", "most"),
    [
        (plan(Regime.MEDICARE_ADVANTAGE), False, "Part B drug", 72 * HOUR, 72 * HOUR),
        (plan(Regime.MEDICARE_ADVANTAGE), True, "Part B drug", 24 * HOUR, 24 * HOUR),
        (plan(Regime.MEDICARE_ADVANTAGE, **SERVICES_ONLY), False, "CMS-0057-F", 7 * DAY, 8 * DAY),
        (plan(Regime.MEDICARE_ADVANTAGE, **SERVICES_ONLY), True, "CMS-0057-F", 72 * HOUR, 72 * HOUR),
        (plan(Regime.MEDICAID), False, "Medicaid outpatient drug", 24 * HOUR, 24 * HOUR),
        (plan(Regime.MEDICAID, **SERVICES_ONLY), False, "CMS-0057-F", 7 * DAY, 8 * DAY),
        (plan(Regime.EMPLOYER), False, "Employer plan", 15 * DAY, 16 * DAY),
        (plan(Regime.EMPLOYER), True, "Employer plan", 72 * HOUR, 72 * HOUR),
        (plan(Regime.PLAN), False, "Plan's own", 3 * DAY, 7 * DAY),
    ],
)
async def test_no_decision_by_the_clock_goes_to_a_person_who_sees_the_rule(
    env: WorkflowEnvironment, of: Plan, urgent: bool, rule: str, least: timedelta, most: timedelta
) -> None:
    outline = OUTLINE.model_copy(update={"urgency": Urgency.STAT if urgent else Urgency.ROUTINE})
    outside = Outside(plan=of, outline=outline, submissions=[PENDED])
    async with Story(env, outside, {K.FOLLOW_UP_PAYER: [approved]}) as story:
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.FOLLOW_UP_PAYER)
    assert item.asks["clock"]["rule"] == rule
    assert item.asks["clock"]["citation"]
    assert outside.submitted_at is not None
    assert least <= due(item) - outside.submitted_at <= most
    assert timedelta() <= item.opened_at - due(item) < HOUR, "asked when the clock runs out, not before"


async def test_a_plans_own_time_after_discharge(env: WorkflowEnvironment) -> None:
    row = PayerRow.model_validate({"id": "acme", "name": "Acme", "after_discharge": "1 business day"})
    of = plan(Regime.PLAN, clocks=row.plan(3).clocks)
    outside = Outside(plan=of, submissions=[PENDED], discharged_at=datetime.fromisoformat("2026-01-05T15:00:00Z"))
    async with Story(env, outside, {K.FOLLOW_UP_PAYER: [approved]}) as story:
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.FOLLOW_UP_PAYER)
    assert item.asks["clock"]["rule"] == "Plan's own after discharge"
    assert outside.submitted_at is not None
    assert due(item) - outside.submitted_at <= 4 * DAY


@pytest.mark.parametrize(("regime", "moved"), [(Regime.EMPLOYER, 5 * DAY), (Regime.MEDICARE_ADVANTAGE, timedelta())])
async def test_a_clock_stands_still_while_the_payer_waits_for_us_where_its_rule_says_so(
    env: WorkflowEnvironment, regime: Regime, moved: timedelta
) -> None:
    outside = Outside(plan=plan(regime), submissions=[WANTS_NOTES])
    script: Script = {K.ANSWER_INFORMATION_REQUEST: [None], K.FOLLOW_UP_PAYER: [approved]}
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.asked(K.ANSWER_INFORMATION_REQUEST)))
        await story.until(lambda: ("authorization.clock" in outside.notes) == (regime is Regime.EMPLOYER))
        await env.sleep(5 * DAY)
        if regime is Regime.EMPLOYER:
            assert not story.asked(K.FOLLOW_UP_PAYER)
        (item,) = story.asked(K.ANSWER_INFORMATION_REQUEST)
        await story.resolve(item, {"outcome": "sent", "documents": ["clinical_note"]})
        assert await story.ends() is Closing.COMPLETED
    assert "send_documents" in outside.effects or regime is Regime.MEDICARE_ADVANTAGE
    (follow_up,) = story.asked(K.FOLLOW_UP_PAYER)
    assert outside.submitted_at is not None
    allowed = 15 * DAY if regime is Regime.EMPLOYER else 3 * DAY
    late = due(follow_up) - outside.submitted_at - allowed
    assert moved <= late <= moved + 2 * DAY
    assert outside.notes.count("authorization.clock") == (2 if regime is Regime.EMPLOYER else 0)


async def test_what_the_payer_wants_is_due_when_its_rule_says(env: WorkflowEnvironment) -> None:
    urgent = OUTLINE.model_copy(update={"urgency": Urgency.URGENT})
    outside = Outside(outline=urgent, submissions=[WANTS_NOTES], decisions=[(DAY, APPROVED)])
    async with Story(env, outside, {K.ANSWER_INFORMATION_REQUEST: [{"outcome": "sent"}]}) as story:
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.ANSWER_INFORMATION_REQUEST)
    assert item.asks["rule"] == "Employer information"
    assert item.due_at - item.opened_at <= 48 * HOUR


async def test_a_payer_that_decides_without_what_it_wanted(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[WANTS_NOTES], decisions=[(DAY, APPROVED)])
    async with Story(env, outside, {K.ANSWER_INFORMATION_REQUEST: [None]}) as story:
        assert await story.ends() is Closing.COMPLETED
    withdrawn = [entry.why for entry in outside.entries if entry.type == "withdrawn"]
    assert withdrawn == ["the payer asks for it no more"]
    assert "send_documents" not in outside.effects


@pytest.mark.parametrize("channel", [Channel.X12, Channel.PEOPLE])
async def test_where_no_document_travels_a_person_sends_it(env: WorkflowEnvironment, channel: Channel) -> None:
    wanted = InformationRequest(wanted=("11506-3",))
    asked = {"outcome": "answered", "information": wanted.model_dump(), "lines": PENDED.model_dump()["lines"]}
    of = plan(Regime.EMPLOYER, authorization=channel, fax="+1-217-555-0111")
    outside = Outside(plan=of, submissions=[WANTS_NOTES], decisions=[(DAY, APPROVED)])
    script: Script = {
        K.SUBMIT_AUTHORIZATION: [asked],
        K.ANSWER_INFORMATION_REQUEST: [{"outcome": "sent"}],
        K.FOLLOW_UP_PAYER: [approved],
    }
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.ANSWER_INFORMATION_REQUEST)
    assert (item.asks["send"], item.asks["fax"], item.asks["wanted"]) == ("by_hand", "+1-217-555-0111", ["11506-3"])
    assert "send_documents" not in outside.effects


async def test_a_payer_that_takes_more_time_gets_what_its_rule_grants(env: WorkflowEnvironment) -> None:
    def longer(item: WorkItem, now: datetime) -> dict[str, Any]:
        told = due(item) - DAY
        return {"outcome": "extended", "told_at": told.isoformat(), "extended_by_days": 30}

    outside = Outside(submissions=[PENDED])
    async with Story(env, outside, {K.FOLLOW_UP_PAYER: [longer, approved]}) as story:
        assert await story.ends() is Closing.COMPLETED
    first, second = story.asked(K.FOLLOW_UP_PAYER)
    assert (due(second) - due(first)).days == 15, "once, and by no more than the rule gives"
    assert second.opened_at >= due(second)


async def test_a_second_appeal_and_the_first_have_their_own_clocks(env: WorkflowEnvironment) -> None:
    script: Script = {
        **NO_HELP,
        K.REVIEW_DECISION: [{"outcome": "appeal"}],
        K.APPEAL: [{"outcome": "file"}],
        K.FOLLOW_UP_PAYER: [{"outcome": "answered", "lines": DENIED.model_dump()["lines"]}, approved],
    }
    outside = Outside(submissions=[DENIED, PENDED])
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert [item.asks["clock"]["rule"] for item in story.asked(K.FOLLOW_UP_PAYER)] == [
        "Employer first of two appeals",
        "Employer second appeal",
    ]
    assert [request.appeal_level for request in outside.requests] == [0, 1, 2]


async def test_medicare_advantage_hears_one_appeal_and_forwards_the_next_by_itself(env: WorkflowEnvironment) -> None:
    script: Script = {
        **NO_HELP,
        K.REVIEW_DECISION: [{"outcome": "appeal"}, {"outcome": "external_review"}],
        K.APPEAL: [{"outcome": "file"}],
        K.FOLLOW_UP_PAYER: [approved],
    }
    outside = Outside(plan=plan(Regime.MEDICARE_ADVANTAGE), submissions=[DENIED])
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert "appeal" not in story.asked(K.REVIEW_DECISION)[1].asks["options"]
    assert [item.asks["level"] for item in story.asked(K.APPEAL)] == [1], "nothing is filed with the review entity"
    assert story.asked(K.FOLLOW_UP_PAYER)[0].asks["clock"]["rule"] == "Part B drug, review entity"


async def test_an_appeal_that_comes_too_late_is_not_open_any_more(env: WorkflowEnvironment) -> None:
    script: Script = {**NO_HELP, K.REVIEW_DECISION: [None]}
    async with Story(env, Outside(plan=plan(Regime.MEDICARE_ADVANTAGE), submissions=[DENIED]), script) as story:
        await story.until(lambda: bool(story.asked(K.REVIEW_DECISION)))
        await env.sleep(70 * DAY)
        await story.resolve(story.asked(K.REVIEW_DECISION)[0], {"outcome": "appeal"})
        await story.until(lambda: len(story.asked(K.REVIEW_DECISION)) == 2)
        late = story.asked(K.REVIEW_DECISION)[1]
        assert late.asks["options"] == ["decided", "resubmit", "peer_to_peer", "give_up"]
        await story.resolve(late, {"outcome": "decided", "lines": LINES})
        assert await story.ends() is Closing.COMPLETED
    assert not story.asked(K.APPEAL)


async def test_an_answer_with_lines_that_the_item_does_not_show_is_refused(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[PENDED], decisions=[(20 * DAY, APPROVED)])
    async with Story(env, outside, {K.FOLLOW_UP_PAYER: [None]}) as story:
        await env.sleep(17 * DAY)
        (item,) = story.asked(K.FOLLOW_UP_PAYER)
        await story.resolve(item, {"outcome": "answered", "lines": [{"sequence": 9, "state": "approved"}]})
        assert story.refusals == ["Refused: lines: the work item shows the lines 1, 2, 3"]
        assert await story.ends() is Closing.COMPLETED
    assert {line.state for line in outside.standing.lines} == {LineState.APPROVED}
    assert says(LineState.APPROVED).lines == APPROVED.lines
