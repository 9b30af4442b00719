"""Stories whose authorization is voided by people: what people obtained, and what a payer does not confirm."""

from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.journal import Escalated, Withdrawn
from firstdose.domain.work.role import SOURCE, Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.ports import Impossible
from tests.process.outside import ELECTRONIC, OUTLINE, Outside
from tests.process.story import Script, Story
from workflows.messages import AmendRequest, CancelRequest
from workflows.referral import ReferralWorkflow

BY_PHONE = Plan(payer="acme", eligibility=Channel.PAS, phone="555-0100", fax="555-0101")
APPROVED_BY_PHONE = {
    "outcome": "answered",
    "reference": "R-9",
    "lines": [{"sequence": each, "state": "approved", "number": "A1"} for each in (1, 2, 3)],
}
VOIDED = {"outcome": "voided", "reference": "C-1", "told_by": "A. Clerk"}
REFUSED = {"outcome": "refused", "told_by": "A. Clerk"}
MESSAGE = "00000000-0000-4000-8000-000000000001"
AT_REVIEW: Script = {K.SUBMIT_AUTHORIZATION: [APPROVED_BY_PHONE], K.REVIEW_BENEFITS: [None]}
UNCONFIRMED = Impossible(ProblemCode.CANCELLATION_NOT_CONFIRMED)


async def cancelled(story: Story) -> None:
    await story.until(lambda: bool(story.asked(K.REVIEW_BENEFITS)))
    await story.steer(ReferralWorkflow.cancel, CancelRequest(actor=SOURCE, reason=Closing.WITHDRAWN))


async def changes_the_plan(story: Story, to: Plan) -> None:
    story.outside.plan = to
    story.outside.supplied[MESSAGE] = OUTLINE
    await story.steer(ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id=MESSAGE))


async def test_what_people_obtained_is_voided_by_people_before_the_referral_is_closed(
    env: WorkflowEnvironment,
) -> None:
    async with Story(env, Outside(plan=BY_PHONE), {**AT_REVIEW, K.VOID_AUTHORIZATION: [None]}) as story:
        await cancelled(story)
        await story.until(lambda: bool(story.asked(K.VOID_AUTHORIZATION)))
        (item,) = story.asked(K.VOID_AUTHORIZATION)
        assert (await story.handle.query(ReferralWorkflow.status)).closing is None
        await story.resolve(item, VOIDED)
        assert await story.ends() is Closing.WITHDRAWN

    assert item.role is Role.REIMBURSEMENT_SPECIALIST
    assert {name: item.asks[name] for name in ("payer", "phone", "fax", "reference")} == {
        "payer": "acme",
        "phone": "555-0100",
        "fax": "555-0101",
        "reference": "R-9",
    }
    assert [line["number"] for line in item.asks["lines"]] == ["A1", "A1", "A1"]
    assert item.asks["trace"] == str(story.outside.standing.lines[0].contact).replace("-", "")
    assert not story.outside.voided, "nothing of it went electronically"
    assert story.outside.milestones[-2:] == ["5.2", "6.0"]


async def test_a_cancellation_that_the_payer_does_not_confirm_is_asked_about_by_a_person(
    env: WorkflowEnvironment,
) -> None:
    plan = ELECTRONIC.model_copy(update={"phone": "555-0100"})
    script: Script = {K.REVIEW_BENEFITS: [None], K.VOID_AUTHORIZATION: [VOIDED]}
    async with Story(env, Outside(plan=plan, voiding=[UNCONFIRMED]), script) as story:
        await cancelled(story)
        assert await story.ends() is Closing.WITHDRAWN
    (item,) = story.asked(K.VOID_AUTHORIZATION)
    assert (item.asks["problem"], item.asks["phone"]) == ("cancellation_not_confirmed", "555-0100")
    assert len(story.outside.voided) == 1
    assert not story.asked(K.RECONCILE)


async def test_after_a_change_of_plan_people_void_at_the_old_payer_while_the_work_goes_on(
    env: WorkflowEnvironment,
) -> None:
    outside = Outside(plan=BY_PHONE, changes=frozenset({Change.COVERAGE}))
    script: Script = {
        K.SUBMIT_AUTHORIZATION: [APPROVED_BY_PHONE],
        K.REVIEW_BENEFITS: [None],
        K.VOID_AUTHORIZATION: [None],
    }
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.asked(K.REVIEW_BENEFITS)))
        await changes_the_plan(story, ELECTRONIC.model_copy(update={"payer": "other", "phone": "555-0199"}))
        await story.until(lambda: bool(outside.requests) and bool(story.asked(K.VOID_AUTHORIZATION)))
        (item,) = story.asked(K.VOID_AUTHORIZATION)
        await story.resolve(item, VOIDED)
        await story.steer(ReferralWorkflow.cancel, CancelRequest(actor=SOURCE, reason=Closing.WITHDRAWN))
        assert await story.ends() is Closing.WITHDRAWN
    assert (item.asks["payer"], item.asks["phone"]) == ("acme", "555-0100"), "the payer that has it, not the new one"
    assert len(story.asked(K.VOID_AUTHORIZATION)) == 1, "the other payer's was cancelled electronically"
    assert [order.replaces for order in outside.voided] == [outside.requests[0].key]


async def test_the_referral_does_not_end_on_service_while_the_old_payer_is_still_to_be_told(
    env: WorkflowEnvironment,
) -> None:
    outside = Outside(plan=BY_PHONE, changes=frozenset({Change.COVERAGE}))
    script: Script = {
        K.SUBMIT_AUTHORIZATION: [APPROVED_BY_PHONE],
        K.VOID_AUTHORIZATION: [None],
        K.CONFIRM_VISIT: [None],
    }
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.asked(K.CONFIRM_VISIT)))
        await changes_the_plan(story, ELECTRONIC)
        await story.until(lambda: bool(story.asked(K.VOID_AUTHORIZATION)))
        opened_at = story.asked(K.VOID_AUTHORIZATION)[0].opened_at
        assert await story.ends() is Closing.COMPLETED
    last = outside.entries[-1]
    assert last.at - opened_at >= timedelta(days=7)


async def test_after_the_policys_time_the_referral_ends_without_it_and_a_supervisor_was_told(
    env: WorkflowEnvironment,
) -> None:
    async with Story(env, Outside(plan=BY_PHONE), {**AT_REVIEW, K.VOID_AUTHORIZATION: [None]}) as story:
        await cancelled(story)
        assert await story.ends() is Closing.WITHDRAWN
    (item,) = story.asked(K.VOID_AUTHORIZATION)
    about = [entry for entry in story.outside.entries if getattr(entry, "item_id", None) == item.id]
    assert any(isinstance(entry, Escalated) for entry in about)
    (gone,) = (entry for entry in about if isinstance(entry, Withdrawn))
    assert gone.at - item.opened_at >= timedelta(days=7)
    assert "authorization.void_not_confirmed" in story.outside.notes


@pytest.mark.parametrize(("decided", "asked"), [("done", 1), ("retry", 2)])
async def test_a_payer_that_refuses_to_void_is_a_supervisors_matter(
    env: WorkflowEnvironment, decided: str, asked: int
) -> None:
    script: Script = {
        **AT_REVIEW,
        K.VOID_AUTHORIZATION: [REFUSED, VOIDED],
        K.RECONCILE: [{"outcome": decided}],
    }
    async with Story(env, Outside(plan=BY_PHONE), script) as story:
        await cancelled(story)
        assert await story.ends() is Closing.WITHDRAWN
    (supervisors,) = story.asked(K.RECONCILE)
    assert supervisors.asks["step"] == "void the authorization"
    assert len(story.asked(K.VOID_AUTHORIZATION)) == asked


async def test_nobody_is_asked_to_void_what_the_payer_denied(env: WorkflowEnvironment) -> None:
    denied = {"outcome": "answered", "lines": [{"sequence": each, "state": "denied"} for each in (1, 2, 3)]}
    script: Script = {
        K.SUBMIT_AUTHORIZATION: [denied],
        K.REVIEW_DECISION: [{"outcome": "give_up"}],
        K.FIND_ASSISTANCE: [{"outcome": "none"}],
        K.RESOLVE_COVERAGE: [{"outcome": "close"}],
    }
    async with Story(env, Outside(plan=BY_PHONE), script) as story:
        assert await story.ends() is Closing.DENIED_FINAL
    assert not story.asked(K.VOID_AUTHORIZATION)


async def test_a_referral_started_again_still_waits_for_the_person(env: WorkflowEnvironment) -> None:
    outside = Outside(plan=BY_PHONE)
    async with Story(env, outside, {**AT_REVIEW, K.VOID_AUTHORIZATION: [None]}) as story:
        await cancelled(story)
        await story.until(lambda: bool(story.asked(K.VOID_AUTHORIZATION)))
        await story.handle.terminate()
    again = Story(env, outside, {K.VOID_AUTHORIZATION: [VOIDED]}, referral_id=story.referral_id, state=outside.state)
    again.outside.entries = []
    async with again:
        assert await again.ends() is Closing.WITHDRAWN
    assert [item.id for item in again.asked(K.VOID_AUTHORIZATION)] == [story.asked(K.VOID_AUTHORIZATION)[0].id]
