"""Stories without a nurse: no nursing line, no visit, and the pharmacist confirms the start by a call."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization.lines import Certification, LineAnswer, LineKind, LineState, PayerAnswer
from firstdose.domain.payer.channel import Plan
from firstdose.domain.work.journal import HandedOver, Resolved
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import OUTLINE, PENDED, Outside, says
from tests.process.story import USUAL, Answer, Script, Story, ready, started

NO_NURSE = OUTLINE.model_copy(update={"needs_nursing": False})
TWO = says(LineState.APPROVED, lines=[1, 2])
BY_PHARMACIST: dict[str, Any] = {"outcome": "suitable_for_home", "needs_nursing": False}
AT_FIRST_A_NURSE: dict[str, Any] = {"outcome": "suitable_for_home", "needs_nursing": True}


def kinds(story: Story) -> set[LineKind]:
    return {line.kind for line in story.outside.standing.lines}


def resolved_kinds(outside: Outside) -> set[K | None]:
    return {entry.kind for entry in outside.entries if isinstance(entry, Resolved)}


def has_no_visit(story: Story) -> bool:
    visits = [K.CONFIRM_VISIT, K.PLACE_VISIT, K.REPORT_VISIT]
    return not any(map(story.asked, visits)) and "hold_visit" not in story.outside.effects


async def test_the_order_needs_no_nurse(env: WorkflowEnvironment) -> None:
    outside = Outside(outline=NO_NURSE, submissions=[TWO])
    async with Story(env, outside) as story:
        assert await story.ends() is Closing.COMPLETED
    assert kinds(story) == {LineKind.DRUG, LineKind.PER_DIEM}
    assert has_no_visit(story)
    assert outside.milestones == ["2.0", "3.0", "5.1.4", "7.0"]
    assert outside.standing.stage is Stage.ON_SERVICE
    (handed,) = (entry for entry in outside.entries if isinstance(entry, HandedOver))
    assert LineKind.NURSING not in {line.kind for line in handed.lines}
    (call,) = story.asked(K.CONFIRM_START)
    assert handed.served_on == datetime.fromisoformat(call.asks["delivered_at"])


@pytest.mark.parametrize("answer", [{"outcome": "suitable_for_suite"}])
async def test_the_suite_has_its_visit_all_the_same(env: WorkflowEnvironment, answer: Answer) -> None:
    outside = Outside(outline=NO_NURSE, submissions=[TWO])
    async with Story(env, outside, {K.ASSESS_PATIENT: [answer]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert story.asked(K.PLACE_VISIT)
    assert not story.asked(K.CONFIRM_START)


async def test_the_pharmacist_decides_before_the_lines_are_asked_for(env: WorkflowEnvironment) -> None:
    """The line is never requested where the decision is known."""
    plan = Plan(payer="acme", phone="555-0100")
    script: Script = {
        K.VERIFY_BENEFITS: [None],
        K.ASSESS_PATIENT: [BY_PHARMACIST],
        K.SUBMIT_AUTHORIZATION: [
            {"outcome": "answered", "lines": [{"sequence": each, "state": "approved"} for each in (1, 2)]}
        ],
    }
    async with Story(env, Outside(plan=plan), script) as story:
        await story.until(lambda: K.ASSESS_PATIENT in resolved_kinds(story.outside))
        answer = {"outcome": "answered", "benefits": {"status": "active"}}
        await story.resolve(story.asked(K.VERIFY_BENEFITS)[0], answer)
        assert await story.ends() is Closing.COMPLETED
    (asked,) = story.asked(K.SUBMIT_AUTHORIZATION)
    assert [line["kind"] for line in asked.asks["lines"]] == ["drug", "per_diem"]
    assert has_no_visit(story)


async def test_a_nursing_line_that_was_asked_for_is_taken_back_alone(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[PENDED], decisions=[(timedelta(days=3), TWO)])
    async with Story(env, outside, {K.ASSESS_PATIENT: [None]}) as story:
        await story.until(lambda: bool(outside.requests) and bool(story.asked(K.ASSESS_PATIENT)))
        await story.until(lambda: LineState.PENDED in {line.state for line in outside.standing.lines})
        await story.resolve(story.asked(K.ASSESS_PATIENT)[0], BY_PHARMACIST)
        assert await story.ends() is Closing.COMPLETED
    (request,) = outside.requests
    assert [(order.replaces, [line.kind for line in order.lines]) for order in outside.voided] == [
        (request.key, [LineKind.NURSING])
    ]
    assert kinds(story) == {LineKind.DRUG, LineKind.PER_DIEM}
    assert has_no_visit(story)


async def test_a_nurse_the_pharmacist_wants_is_authorized_and_comes(env: WorkflowEnvironment) -> None:
    outside = Outside(outline=NO_NURSE, submissions=[TWO, says(LineState.APPROVED, lines=[3])])
    async with Story(env, outside, {K.ASSESS_PATIENT: [None]}) as story:
        await story.until(lambda: LineState.APPROVED in {line.state for line in outside.standing.lines})
        await story.resolve(story.asked(K.ASSESS_PATIENT)[0], AT_FIRST_A_NURSE)
        assert await story.ends() is Closing.COMPLETED
    assert [[line.kind for line in request.lines] for request in outside.requests] == [
        [LineKind.DRUG, LineKind.PER_DIEM],
        [LineKind.NURSING],
    ]
    assert {line.state for line in outside.standing.lines} == {LineState.APPROVED}
    assert story.asked(K.REPORT_VISIT)
    assert not story.asked(K.CONFIRM_START)


async def test_a_start_in_the_future_or_before_the_delivery_is_refused(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(outline=NO_NURSE, submissions=[TWO]), {K.CONFIRM_START: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.CONFIRM_START)))
        (item,) = story.asked(K.CONFIRM_START)
        delivered_at = datetime.fromisoformat(item.asks["delivered_at"])
        for wrong in (delivered_at - timedelta(minutes=1), item.opened_at + timedelta(days=1)):
            await story.resolve(item, {"outcome": "started", "started_at": wrong.isoformat()})
        await story.resolve(item, {"outcome": "started"})
        assert ["started_at" in refusal for refusal in story.refusals] == [True, True, True]
        assert not story.outside.standing.stage.is_end
        await story.resolve(item, {"outcome": "started", "started_at": delivered_at.isoformat()})
        assert await story.ends() is Closing.COMPLETED


async def test_no_nurse_can_bring_the_therapy(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(outline=NO_NURSE, submissions=[TWO]), {K.PREPARE_THERAPY: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.PREPARE_THERAPY)))
        (item,) = story.asked(K.PREPARE_THERAPY)
        ready = USUAL[K.PREPARE_THERAPY]
        assert callable(ready)
        await story.resolve(item, {**ready(item, item.opened_at), "delivery": "with_nurse"})
        assert ["no nurse comes" in refusal for refusal in story.refusals] == [True]
        await story.resolve(item, ready)
        assert await story.ends() is Closing.COMPLETED


async def test_a_patient_who_is_not_reached_is_called_again_and_then_a_supervisor_decides(
    env: WorkflowEnvironment,
) -> None:
    script: Script = {
        K.CONFIRM_START: [{"outcome": "not_reached"}] * 3 + [started],
        K.RECONCILE: [{"outcome": "retry"}],
    }
    async with Story(env, Outside(outline=NO_NURSE, submissions=[TWO]), script) as story:
        assert await story.ends() is Closing.COMPLETED
    calls = story.asked(K.CONFIRM_START)
    assert [item.asks["attempt"] for item in calls] == [1, 2, 3, 1]
    assert calls[1].opened_at - calls[0].opened_at >= timedelta(hours=24)
    (asked,) = story.asked(K.RECONCILE)
    assert asked.asks["reason"] == "start_not_confirmed"


def _after(problem: str) -> list[Answer]:
    return [{"outcome": "problem", "problem": problem}, started]


async def test_what_did_not_arrive_is_prepared_again(env: WorkflowEnvironment) -> None:
    outside = Outside(outline=NO_NURSE, submissions=[TWO])
    async with Story(env, outside, {K.CONFIRM_START: _after("not_usable")}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.PREPARE_THERAPY)) == 2
    assert len(story.shelves.reserved) == 1


async def test_a_nurse_is_needed_after_all(env: WorkflowEnvironment) -> None:
    outside = Outside(outline=NO_NURSE, submissions=[TWO, says(LineState.APPROVED, lines=[3])])
    async with Story(env, outside, {K.CONFIRM_START: _after("needs_nurse")}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert kinds(story) == set(LineKind)
    assert outside.milestones == ["2.0", "3.0", "5.1.1", "5.1.4", "7.0"]


@pytest.mark.parametrize(
    ("problem", "closing"),
    [("declined", Closing.PATIENT_DECLINED), ("reaction", Closing.CLINICALLY_INAPPROPRIATE)],
)
async def test_a_start_that_ends_the_referral(env: WorkflowEnvironment, problem: str, closing: Closing) -> None:
    script: Script = {K.CONFIRM_START: _after(problem), K.REVIEW_REACTION: [{"outcome": "stop"}]}
    async with Story(env, Outside(outline=NO_NURSE, submissions=[TWO]), script) as story:
        assert await story.ends() is closing
    assert story.shelves.reserved == set()


async def test_a_start_later_than_planned_is_asked_about_again(env: WorkflowEnvironment) -> None:
    script = {K.CONFIRM_START: _after("not_yet")}
    async with Story(env, Outside(outline=NO_NURSE, submissions=[TWO]), script) as story:
        assert await story.ends() is Closing.COMPLETED
    first, second = story.asked(K.CONFIRM_START)
    assert second.opened_at - first.opened_at >= timedelta(hours=24)


async def test_an_authorization_that_is_over_is_renewed_before_the_call(env: WorkflowEnvironment) -> None:
    over = (LineAnswer(sequence=each, state=LineState.APPROVED, valid_to=date(2020, 1, 1)) for each in (1, 2))
    outside = Outside(outline=NO_NURSE, submissions=[PayerAnswer(lines=tuple(over)), TWO])
    async with Story(env, outside) as story:
        assert await story.ends() is Closing.COMPLETED
    _, renewal = outside.requests
    assert {line.certification for line in renewal.lines} == {Certification.RENEWAL}
    assert len(story.asked(K.CONFIRM_START)) == 1


async def test_an_authorization_that_begins_later_is_waited_for(env: WorkflowEnvironment) -> None:
    begins = datetime.now(UTC).date() + timedelta(days=20)
    later = (LineAnswer(sequence=each, state=LineState.APPROVED, valid_from=begins) for each in (1, 2))
    beyond_use = (datetime.now(UTC) + timedelta(days=60)).isoformat()
    prepared = {"outcome": "ready", "beyond_use": beyond_use, "kit_present": True}
    outside = Outside(outline=NO_NURSE, submissions=[PayerAnswer(lines=tuple(later))])
    async with Story(env, outside, {K.PREPARE_THERAPY: [prepared]}) as story:
        assert await story.ends() is Closing.COMPLETED
    (call,) = story.asked(K.CONFIRM_START)
    assert call.opened_at.date() >= begins


async def test_a_closed_gate_sends_no_nurse_where_none_is_needed(env: WorkflowEnvironment) -> None:
    script: Script = {K.PREPARE_THERAPY: [_without_kit, USUAL[K.PREPARE_THERAPY]]}
    async with Story(env, Outside(outline=NO_NURSE, submissions=[TWO]), script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.PREPARE_THERAPY)) == 2
    assert not story.asked(K.CONFIRM_VISIT)
    assert story.roster.held == {}


def _without_kit(item: WorkItem, now: datetime) -> dict[str, Any]:
    return {**ready(item, now), "kit_present": False}
