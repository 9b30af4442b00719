"""Answers that cannot be: refused with what would be possible, or asked again where the store knows better."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization.lines import LineAnswer, LineState, PayerAnswer
from firstdose.domain.care.visit import VisitProblem
from firstdose.domain.work.journal import Resolved
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import Outside
from tests.process.story import USUAL, Script, Story, placed, ready, visit_at
from workflows.referral import ReferralWorkflow

DAY = timedelta(days=1)
FROM = "visit_at: possible from"


def in_days(days: float, **more: Any) -> Any:
    def answer(item: WorkItem, now: datetime) -> dict[str, Any]:
        return {**visit_at(item, now), "visit_at": (now + days * DAY).isoformat(), **more}

    return answer


async def test_a_mistyped_nurse_is_asked_for_again_with_the_reason(env: WorkflowEnvironment) -> None:
    outside = Outside(holds=[VisitProblem.UNKNOWN_NURSE, None])
    declined = {"outcome": "declined"}
    script: Script = {
        K.CONFIRM_VISIT: [declined],
        K.PLACE_VISIT: [lambda item, now: {**placed(item, now), "nurse": "rn-typo"}, placed],
    }
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert [item.asks.get("problem") for item in story.asked(K.PLACE_VISIT)] == [None, "unknown_nurse"]
    assert story.asked(K.RECONCILE) == []
    assert outside.effects.count("hold_visit") == 1


@pytest.mark.parametrize("problem", [each for each in VisitProblem if each.another_time_may_do])
async def test_a_nurse_whose_time_cannot_be_held_gives_another(env: WorkflowEnvironment, problem: VisitProblem) -> None:
    outside = Outside(holds=[problem, None])
    async with Story(env, outside) as story:
        assert await story.ends() is Closing.COMPLETED
    offers = story.asked(K.CONFIRM_VISIT)
    assert [(item.offered_to, item.asks.get("problem")) for item in offers] == [("rn-1", None), ("rn-1", problem)]


async def test_a_nurse_who_cannot_come_at_all_is_not_asked_again(env: WorkflowEnvironment) -> None:
    outside = Outside(holds=[VisitProblem.NURSE_AWAY, None])
    async with Story(env, outside) as story:
        assert await story.ends() is Closing.COMPLETED
    offers = story.asked(K.CONFIRM_VISIT)
    assert [(item.offered_to, item.asks.get("problem")) for item in offers] == [("rn-1", None), ("rn-2", None)]


async def test_after_two_times_that_cannot_be_held_the_next_nurse_is_asked(env: WorkflowEnvironment) -> None:
    busy = VisitProblem.NURSE_HAS_ANOTHER_VISIT
    async with Story(env, Outside(holds=[busy, busy, None])) as story:
        assert await story.ends() is Closing.COMPLETED
    assert [item.offered_to for item in story.asked(K.CONFIRM_VISIT)] == ["rn-1", "rn-1", "rn-2"]


async def test_why_nurses_could_not_come_is_no_reason_against_the_one_to_be_placed(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(nurses=("rn-1",), holds=[VisitProblem.NURSE_AWAY, None])) as story:
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.PLACE_VISIT)
    assert (item.asks["nurses_asked"], item.asks.get("problem")) == (["rn-1"], None)


async def test_a_visit_before_the_referral_existed_is_refused(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.CONFIRM_VISIT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.CONFIRM_VISIT)))
        (offer,) = story.asked(K.CONFIRM_VISIT)
        for days in (-3, 400):
            await story.resolve(offer, in_days(days))
        await story.resolve(offer, visit_at)
        assert await story.ends() is Closing.COMPLETED
    assert [refusal.partition(" 20")[0] for refusal in refusals(story)] == ["visit_at: possible after", FROM]


def refusals(story: Story) -> list[str]:
    return [refusal.removeprefix("Refused: ") for refusal in story.refusals]


async def test_a_visit_outside_the_authorization_is_refused(env: WorkflowEnvironment) -> None:
    first = (await env.get_current_time() + 5 * DAY).date()
    later = tuple(LineAnswer(sequence=at, state=LineState.APPROVED, number="A1", valid_from=first) for at in (1, 2, 3))
    async with Story(env, Outside(submissions=[PayerAnswer(lines=later)]), {K.CONFIRM_VISIT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.CONFIRM_VISIT)))
        (offer,) = story.asked(K.CONFIRM_VISIT)
        await story.resolve(offer, in_days(2))
        await story.resolve(offer, in_days(6))
        assert await story.ends() is Closing.COMPLETED
    assert [refusal.startswith(f"{FROM} {first} 00:00 UTC to before") for refusal in refusals(story)] == [True]


async def test_a_visit_before_the_delivery_is_refused(env: WorkflowEnvironment) -> None:
    def delivered_later(item: WorkItem, now: datetime) -> dict[str, Any]:
        return {**ready(item, now), "delivered_at": (now + 3 * DAY).isoformat()}

    outside = Outside()
    async with Story(env, outside, {K.CONFIRM_VISIT: [None], K.PREPARE_THERAPY: [delivered_later]}) as story:
        await story.until(lambda: K.PREPARE_THERAPY in resolved(outside) and bool(story.asked(K.CONFIRM_VISIT)))
        (offer,) = story.asked(K.CONFIRM_VISIT)
        await story.resolve(offer, in_days(2))
        await story.resolve(offer, in_days(4))
        assert await story.ends() is Closing.COMPLETED
    assert [refusal.startswith(FROM) for refusal in refusals(story)] == [True]


def resolved(outside: Outside) -> list[K | None]:
    return [entry.kind for entry in outside.entries if isinstance(entry, Resolved)]


async def test_a_visit_is_not_reported_before_it_begins(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.REPORT_VISIT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.SETTLE_ORDER)))
        await env.sleep(2 * DAY - timedelta(hours=1))
        await story.until(lambda: bool(story.asked(K.REPORT_VISIT)))
        (report,) = story.asked(K.REPORT_VISIT)
        await story.resolve(report, USUAL[K.REPORT_VISIT])
        await env.sleep(timedelta(hours=2))
        await story.resolve(report, USUAL[K.REPORT_VISIT])
        assert await story.ends() is Closing.COMPLETED
    assert [refusal.startswith("outcome: the visit begins at ") for refusal in refusals(story)] == [True]


async def test_what_the_patient_could_not_show_back_stays_open(env: WorkflowEnvironment) -> None:
    usual = USUAL[K.REPORT_VISIT]
    assert isinstance(usual, dict)
    report = {**usual, "shown_back": ["storage_taught"]}
    outside = Outside()
    async with Story(env, outside, {K.REPORT_VISIT: [report]}) as story:
        assert await story.ends() is Closing.COMPLETED
        status = await story.handle.query(ReferralWorkflow.status)
    assert status.teaching_open == ("infusion_explained", "side_effects_taught")
    assert "visit.teaching_open" in outside.notes
    assert '"teaching_open":["infusion_explained","side_effects_taught"]' in outside.state


async def test_a_signal_is_judged_as_an_update_is(env: WorkflowEnvironment) -> None:
    outside = Outside()
    async with Story(env, outside, {K.CONFIRM_VISIT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.CONFIRM_VISIT)))
        (offer,) = story.asked(K.CONFIRM_VISIT)
        await story.signals(offer, in_days(-3))
        await story.until(lambda: "signal.refused" in outside.notes)
        await story.signals(offer, visit_at)
        assert await story.ends() is Closing.COMPLETED


async def test_what_a_person_accepts_keeps_the_payers_figures(env: WorkflowEnvironment) -> None:
    granted = LineAnswer(sequence=1, state=LineState.PARTIAL, number="A1", units=7)
    others = tuple(LineAnswer(sequence=at, state=LineState.APPROVED, number="A1") for at in (2, 3))
    outside = Outside(submissions=[PayerAnswer(lines=(granted, *others))])
    async with Story(env, outside, {K.REVIEW_DECISION: [{"outcome": "accept"}]}) as story:
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.REVIEW_DECISION)
    assert item.asks["options"][0] == "accept"
    line = outside.standing.lines[0]
    assert (line.state, line.number, line.authorized_units) == (LineState.APPROVED, "A1", 7)
