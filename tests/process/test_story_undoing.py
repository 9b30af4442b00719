"""Stories of what is undone: each compensation reaches the person who counted on it, or somebody who looks after it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.policy import NurseDispatch
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.journal import Told
from firstdose.domain.work.role import SOURCE, Role
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import APART, OUTLINE, Outside
from tests.process.story import UNDO, USUAL, Script, Story
from workflows.messages import AmendRequest, CancelRequest
from workflows.referral import ReferralWorkflow

TOLD = "00000000-0000-4000-8000-000000000001"
DONE: dict[str, Any] = {"outcome": "done"}
LEAVES_AT_ONCE = APART.model_copy(update={"dispatch": NurseDispatch(lead=timedelta(days=3))})
"""The nurse is on the way as soon as everything is ready."""


def outside_of(**more: Any) -> Outside:
    return Outside(policy=LEAVES_AT_ONCE, **more)


def about(story: Story, reason: str) -> list[WorkItem]:
    return [item for item in story.asked(UNDO) if item.asks.get("reason") == reason]


def reasons(story: Story) -> list[str]:
    return [item.asks["reason"] for item in story.asked(UNDO)]


async def cancelled_when(story: Story, asked: K, closing: Closing = Closing.WITHDRAWN) -> None:
    await story.until(lambda: bool(story.asked(asked)) and "hold_visit" in story.outside.effects)
    await story.steer(ReferralWorkflow.cancel, CancelRequest(actor=SOURCE, reason=closing))


async def test_a_nurse_on_the_way_the_household_and_the_bench_acknowledge(env: WorkflowEnvironment) -> None:
    script: Script = {K.REPORT_VISIT: [None], UNDO: [DONE]}
    async with Story(env, outside_of(), script) as story:
        await cancelled_when(story, K.REPORT_VISIT)
        assert await story.ends() is Closing.WITHDRAWN
    nurse, household, bench = story.asked(UNDO)
    assert (nurse.role, nurse.offered_to, nurse.asks["reason"]) == (Role.NURSE, "rn-1", "visit_cancelled")
    assert nurse.due_at - nurse.opened_at == timedelta(minutes=15)
    assert (household.role, household.asks["closing"]) == (Role.CUSTOMER_SERVICE, "withdrawn")
    assert datetime.fromisoformat(household.asks["visit_at"]) > household.opened_at
    assert (bench.role, bench.asks["lot"], bench.asks["delivery"]) == (Role.PHARMACIST, "L1", "delivered")
    assert story.outside.effects.count("tell_nurse") == 2, "the dispatch, and that it is cancelled"
    assert "undoing.not_acknowledged" not in story.outside.notes


async def test_a_nurse_who_does_not_acknowledge_is_called_by_the_coordinator(env: WorkflowEnvironment) -> None:
    async with Story(env, outside_of(), {K.REPORT_VISIT: [None], UNDO: [_unless_nurse]}) as story:
        await cancelled_when(story, K.REPORT_VISIT)
        assert await story.ends() is Closing.WITHDRAWN
    (asked,) = about(story, "nurse_not_told")
    (nurse,) = about(story, "visit_cancelled")
    assert (asked.role, asked.asks["of"], asked.asks["nurse"]) == (Role.NURSE_COORDINATOR, "visit_cancelled", "rn-1")
    assert asked.opened_at - nurse.opened_at >= timedelta(minutes=15)


def _unless_nurse(item: WorkItem, _: datetime) -> dict[str, Any]:
    """A nurse who drives answers with what is refused: as if there were none."""
    return {"outcome": "retry"} if item.role is Role.NURSE else DONE


async def test_what_nobody_acknowledges_goes_to_a_supervisor_and_the_referral_ends(env: WorkflowEnvironment) -> None:
    async with Story(env, outside_of(), {K.REPORT_VISIT: [None], UNDO: [None]}) as story:
        await cancelled_when(story, K.REPORT_VISIT)
        assert await story.ends() is Closing.WITHDRAWN
    unanswered = about(story, "undoing_not_acknowledged")
    assert {item.role for item in unanswered} == {Role.SUPERVISOR}
    assert {item.asks["of"] for item in unanswered} == {
        "nurse_not_told",
        "household_not_told",
        "therapy_to_take_back",
    }
    assert story.outside.notes.count("undoing.not_acknowledged") == 3


async def test_the_source_hears_the_end_before_everybody_has_acknowledged(env: WorkflowEnvironment) -> None:
    async with Story(env, outside_of(), {K.REPORT_VISIT: [None], UNDO: [None]}) as story:
        await cancelled_when(story, K.REPORT_VISIT)
        await story.until(lambda: story.outside.standing.stage is Stage.CLOSED)
        last = [entry for entry in story.outside.entries if isinstance(entry, Told)][-1]
        assert last.milestone == "6.0"
        assert last.at - story.asked(UNDO)[0].opened_at < timedelta(minutes=1)
        open_items = (await story.handle.query(ReferralWorkflow.status)).open_items
        assert {item.role for item in open_items} == {Role.NURSE, Role.CUSTOMER_SERVICE, Role.PHARMACIST}
        for item in open_items:
            await story.resolve(item, DONE)
        assert await story.ends() is Closing.WITHDRAWN
    assert story.refusals == []


async def test_a_nurse_of_a_later_visit_has_until_she_would_leave(env: WorkflowEnvironment) -> None:
    script: Script = {K.REVIEW_BENEFITS: [None], UNDO: [DONE]}
    async with Story(env, Outside(), script) as story:
        await cancelled_when(story, K.REVIEW_BENEFITS)
        assert await story.ends() is Closing.WITHDRAWN
    (nurse,) = about(story, "visit_cancelled")
    assert nurse.due_at - nurse.opened_at == timedelta(hours=24)


@pytest.mark.parametrize("forbidden", ["deceased", "benefits check", "no contact"])
async def test_who_may_not_be_contacted_is_not(env: WorkflowEnvironment, forbidden: str) -> None:
    outside, closing = outside_of(), Closing.WITHDRAWN
    match forbidden:
        case "deceased":
            closing = Closing.DECEASED
        case "benefits check":
            outside.supplied[TOLD] = OUTLINE.model_copy(update={"benefits_check_only": True})
        case "no contact":
            missing = {BlockedStep.CONTACT: ("patient.contact_allowed",)}
            outside.supplied[TOLD] = OUTLINE.model_copy(update={"missing": missing})
    script: Script = {K.REPORT_VISIT: [None], UNDO: [DONE], K.COMPLETE_REFERRAL: [None]}
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.asked(K.REPORT_VISIT)))
        if TOLD in outside.supplied:
            await story.steer(ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id=TOLD))
        await story.steer(ReferralWorkflow.cancel, CancelRequest(actor=SOURCE, reason=closing))
        assert await story.ends() is closing
    assert "household_not_told" not in reasons(story)
    assert about(story, "visit_cancelled")


async def test_what_was_not_dispensed_is_nobodys_work(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.PREPARE_THERAPY: [None], UNDO: [DONE]}) as story:
        await cancelled_when(story, K.PREPARE_THERAPY)
        assert await story.ends() is Closing.WITHDRAWN
    assert "therapy_to_take_back" not in reasons(story)
    assert story.shelves.reserved == set()


async def test_an_order_that_changes_takes_nurse_and_drug_back_and_goes_on(env: WorkflowEnvironment) -> None:
    """The household is told by the call that confirms another time; the bench has its item for what was dispensed."""
    outside = outside_of(changes=frozenset({Change.ORDER}))
    async with Story(env, outside, {K.REPORT_VISIT: [None, USUAL[K.REPORT_VISIT]], UNDO: [DONE]}) as story:
        await story.until(lambda: bool(story.asked(K.REPORT_VISIT)))
        outside.supplied[TOLD] = OUTLINE.model_copy(update={"frequency": "q12h"})
        await story.steer(ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id=TOLD))
        assert await story.ends() is Closing.COMPLETED
    assert sorted(reasons(story)) == ["household_not_told", "therapy_to_take_back", "visit_cancelled"]
    assert (len(story.roster.held), len(story.shelves.reserved)) == (1, 1)


async def test_the_household_that_confirms_another_time_needs_no_other_call(env: WorkflowEnvironment) -> None:
    outside = outside_of(changes=frozenset({Change.ORDER}))
    async with Story(env, outside, {K.REPORT_VISIT: [None, USUAL[K.REPORT_VISIT]], UNDO: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.REPORT_VISIT)))
        outside.supplied[TOLD] = OUTLINE.model_copy(update={"frequency": "q12h"})
        await story.steer(ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id=TOLD))
        assert await story.ends() is Closing.COMPLETED
    assert "household_not_told" not in [item.asks.get("of") for item in about(story, "undoing_not_acknowledged")]


async def test_a_referral_that_is_started_again_asks_once(env: WorkflowEnvironment) -> None:
    outside = outside_of()
    async with Story(env, outside, {K.REPORT_VISIT: [None], UNDO: [DONE, None]}) as story:
        await cancelled_when(story, K.REPORT_VISIT)
        await story.until(lambda: outside.standing.stage is Stage.CLOSED)
        await story.handle.terminate()
    asked = len(story.asked(UNDO))
    again = Story(env, outside, {UNDO: [DONE]}, referral_id=story.referral_id, state=outside.state)
    again.goes_on_with(story.roster.held, story.shelves.reserved)
    async with again:
        assert await again.ends() is Closing.WITHDRAWN
    assert len({item.id for item in [*story.asked(UNDO), *again.asked(UNDO)]}) == asked


async def test_after_a_death_nobody_calls_about_an_earlier_change(env: WorkflowEnvironment) -> None:
    outside = outside_of(changes=frozenset({Change.ORDER}))
    script: Script = {K.REPORT_VISIT: [None], UNDO: [None], K.SETTLE_ORDER: [{"outcome": "settled"}, None]}
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.asked(K.REPORT_VISIT)))
        outside.supplied[TOLD] = OUTLINE.model_copy(update={"frequency": "q12h", "site": Site.SUITE})
        await story.steer(ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id=TOLD))
        await story.until(lambda: "household_not_told" in reasons(story))
        await story.steer(ReferralWorkflow.cancel, CancelRequest(actor=SOURCE, reason=Closing.DECEASED))
        assert await story.ends() is Closing.DECEASED
    assert "household_not_told" not in [item.asks.get("of") for item in about(story, "undoing_not_acknowledged")]
