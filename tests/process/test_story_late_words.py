"""Stories in which the payer says something when nobody waits, or comes back when people have taken over."""

from datetime import timedelta

from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization.lines import LineState
from firstdose.domain.problem import ProblemCode
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.ports import Unavailable
from tests.process.outside import APPROVED, DENIED, Outside
from tests.process.story import USUAL, Story
from workflows.messages import PayerAnswered
from workflows.referral import ReferralWorkflow

SOMEBODY_ELSES = "00000000-0000-4000-8000-00000000000e"
LINES = [{"sequence": each, "state": "approved"} for each in (1, 2, 3)]


async def test_an_approval_that_turns_into_a_denial_is_seen_before_the_visit(env: WorkflowEnvironment) -> None:
    script = {K.REVIEW_BENEFITS: [None], K.REVIEW_DECISION: [None], K.FIND_ASSISTANCE: [None]}
    outside = Outside()
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.asked(K.REVIEW_BENEFITS)))
        contact = outside.requests[0].key
        outside.stored[contact] = DENIED
        await story.handle.signal(ReferralWorkflow.payer_answered, PayerAnswered(contact_id=contact))
        await story.until(lambda: bool(story.asked(K.REVIEW_DECISION)))
        assert {line.state for line in outside.standing.lines} == {LineState.NEEDS_REVIEW}, "never silently"

        await story.resolve(story.asked(K.REVIEW_DECISION)[0], {"outcome": "decided", "lines": LINES})
        await story.resolve(story.asked(K.REVIEW_BENEFITS)[0], USUAL[K.REVIEW_BENEFITS])
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.REVIEW_BENEFITS)) == 1


async def test_the_same_word_again_changes_nothing(env: WorkflowEnvironment) -> None:
    outside = Outside()
    async with Story(env, outside, {K.REVIEW_BENEFITS: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.REVIEW_BENEFITS)))
        contact = outside.requests[0].key
        outside.stored[contact] = APPROVED
        for _ in range(3):
            await story.handle.signal(ReferralWorkflow.payer_answered, PayerAnswered(contact_id=contact))
        await story.resolve(story.asked(K.REVIEW_BENEFITS)[0], USUAL[K.REVIEW_BENEFITS])
        assert await story.ends() is Closing.COMPLETED
    assert outside.notes.count("authorization.lines") == 1


async def test_news_of_a_request_that_is_not_ours_is_noted_and_not_applied(env: WorkflowEnvironment) -> None:
    outside = Outside()
    async with Story(env, outside, {K.REVIEW_BENEFITS: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.REVIEW_BENEFITS)))
        outside.stored[SOMEBODY_ELSES] = DENIED
        await story.handle.signal(ReferralWorkflow.payer_answered, PayerAnswered(contact_id=SOMEBODY_ELSES))
        await story.until(lambda: "payer.late_answer" in outside.notes)
        await story.resolve(story.asked(K.REVIEW_BENEFITS)[0], USUAL[K.REVIEW_BENEFITS])
        assert await story.ends() is Closing.COMPLETED
    assert {line.state for line in outside.standing.lines} == {LineState.APPROVED}


async def test_a_payer_that_comes_back_closes_the_item_of_the_people_who_took_over(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[*[Unavailable(ProblemCode.PAYER_UNREACHABLE)] * 40, APPROVED])
    async with Story(env, outside, {K.SUBMIT_AUTHORIZATION: [None]}) as story:
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.SUBMIT_AUTHORIZATION)
    assert item.asks["problem"] == "payer_unavailable"
    assert len(outside.requests) == 1
    withdrawn = [entry for entry in outside.entries if entry.type == "withdrawn"]
    assert [(entry.item_id, entry.why) for entry in withdrawn] == [(item.id, "the payer answered electronically")]


async def test_a_payer_that_is_dead_for_weeks_is_followed_up_by_people_only(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[Unavailable(ProblemCode.PAYER_UNREACHABLE)])
    script = {K.SUBMIT_AUTHORIZATION: [None]}
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.outside.effects))
        await env.sleep(timedelta(days=7))
        await story.resolve(story.asked(K.SUBMIT_AUTHORIZATION)[0], {"outcome": "answered", "lines": LINES})
        assert await story.ends() is Closing.COMPLETED
    assert outside.requests == []
