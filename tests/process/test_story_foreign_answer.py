"""Stories in which the payer tells us, under our number, about another patient."""

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization.answer_match import Whose
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.problem import ProblemCode
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.ports import Impossible
from tests.process.outside import APPROVED, PENDED, Outside
from tests.process.story import USUAL, Story
from workflows.messages import PayerAnswered
from workflows.referral import ReferralWorkflow

SOMEBODY_ELSES = "00000000-0000-4000-8000-00000000000e"
FOREIGN = Whose.ANOTHER_PATIENT
LINES = [{"sequence": each, "state": "approved"} for each in (1, 2, 3)]


async def test_a_person_asks_the_payer_while_we_wait_and_no_line_changes(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[PENDED])
    async with Story(env, outside, {K.FOLLOW_UP_PAYER: [None]}) as story:
        await story.until(lambda: {line.state for line in outside.standing.lines} == {LineState.PENDED})
        await story.until(lambda: outside.inquiries > 0)  # an inquiry would bring what is stored from here on
        contact = outside.requests[0].key
        outside.stored[contact] = APPROVED  # should it be read all the same
        for _ in range(2):
            await story.handle.signal(
                ReferralWorkflow.payer_answered, PayerAnswered(contact_id=contact, refused=FOREIGN)
            )
        await story.until(lambda: bool(story.asked(K.FOLLOW_UP_PAYER)))
        assert {line.state for line in outside.standing.lines} == {LineState.PENDED}
        (item,) = story.asked(K.FOLLOW_UP_PAYER)
        assert item.asks["problem"] == FOREIGN
        await story.resolve(item, {"outcome": "answered", "lines": LINES})
        assert await story.ends() is Closing.COMPLETED
    assert outside.notes.count("payer.foreign_answer") == 2


async def test_it_is_noted_when_nobody_waits(env: WorkflowEnvironment) -> None:
    outside = Outside()
    async with Story(env, outside, {K.REVIEW_BENEFITS: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.REVIEW_BENEFITS)))
        for contact in (outside.requests[0].key, SOMEBODY_ELSES):
            await story.handle.signal(
                ReferralWorkflow.payer_answered, PayerAnswered(contact_id=contact, refused=FOREIGN)
            )
        await story.until(lambda: outside.notes.count("payer.foreign_answer") == 2)
        await story.resolve(story.asked(K.REVIEW_BENEFITS)[0], USUAL[K.REVIEW_BENEFITS])
        assert await story.ends() is Closing.COMPLETED
    assert not story.asked(K.FOLLOW_UP_PAYER)
    assert {line.state for line in outside.standing.lines} == {LineState.APPROVED}


@pytest.mark.parametrize("refused", ["ours", "silent", "CANARY"])
async def test_a_reason_that_is_none_is_refused(env: WorkflowEnvironment, refused: str) -> None:
    outside = Outside(submissions=[PENDED])
    async with Story(env, outside, {K.FOLLOW_UP_PAYER: [None]}) as story:
        await story.until(lambda: {line.state for line in outside.standing.lines} == {LineState.PENDED})
        told = {"contact_id": outside.requests[0].key, "refused": refused}
        await story.handle.signal("payer_answered", told)
        await story.until(lambda: "signal.refused" in outside.notes)
        assert not story.asked(K.FOLLOW_UP_PAYER)


async def test_a_submission_that_is_answered_for_another_is_a_persons_at_once(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[Impossible(ProblemCode.ANSWER_FOR_ANOTHER_PATIENT)])
    async with Story(env, outside, {K.SUBMIT_AUTHORIZATION: [{"outcome": "answered", "lines": LINES}]}) as story:
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.SUBMIT_AUTHORIZATION)
    assert item.asks["problem"] == FOREIGN
    assert outside.requests == [], "and it is not sent again"
