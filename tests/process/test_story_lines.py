"""Stories of lines that go their own ways: each has its own request, answer and dispute."""

from datetime import timedelta

from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization.lines import Certification, LineAnswer, LineKind, LineState, PayerAnswer
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import APPROVED, DENIED, PENDED, Outside, said, says
from tests.process.story import USUAL, Script, Story
from workflows.messages import PayerAnswered
from workflows.referral import ReferralWorkflow

DAY = timedelta(days=1)
NO_HELP: Script = {K.FIND_ASSISTANCE: [None]}


MIXED = said(LineState.PENDED, LineState.DENIED, LineState.APPROVED)


async def test_a_line_is_appealed_while_another_is_still_pended(env: WorkflowEnvironment) -> None:
    script: Script = {**NO_HELP, K.REVIEW_DECISION: [{"outcome": "appeal"}], K.APPEAL: [{"outcome": "file"}]}
    decided = said(LineState.APPROVED, LineState.DENIED, LineState.APPROVED)
    outside = Outside(submissions=[MIXED, says(LineState.APPROVED, lines=[2])], decisions=[(3 * DAY, decided)])
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    first, appeal = outside.requests
    assert [line.sequence for line in appeal.lines] == [2]
    assert (appeal.lines[0].certification, appeal.replaces) == (Certification.APPEAL, first.key)
    assert {line.state for line in outside.standing.lines} == {LineState.APPROVED}, "the pended line was not forgotten"
    assert [line.contact for line in outside.standing.lines] == [first.key, appeal.key, first.key]


async def test_one_of_two_denied_lines_is_appealed_and_the_other_accepted(env: WorkflowEnvironment) -> None:
    accepted = {"outcome": "decided", "lines": [{"sequence": 2, "state": "not_required"}]}
    script: Script = {
        **NO_HELP,
        K.REVIEW_DECISION: [{"outcome": "appeal", "sequences": [1]}, accepted],
        K.APPEAL: [{"outcome": "file"}],
    }
    denied = said(LineState.DENIED, LineState.DENIED, LineState.APPROVED)
    outside = Outside(submissions=[denied, says(LineState.APPROVED, lines=[1])])
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert [[line.sequence for line in request.lines] for request in outside.requests] == [[1, 2, 3], [1]]
    assert [line.state for line in outside.standing.lines] == ["approved", "not_required", "approved"]


async def test_a_late_word_on_the_first_request_says_nothing_of_an_appealed_line(env: WorkflowEnvironment) -> None:
    script: Script = {
        **NO_HELP,
        K.REVIEW_DECISION: [{"outcome": "appeal"}],
        K.APPEAL: [{"outcome": "file"}],
        K.REVIEW_BENEFITS: [None],
    }
    outside = Outside(submissions=[said(LineState.APPROVED, LineState.DENIED, LineState.APPROVED), APPROVED])
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.asked(K.REVIEW_BENEFITS)))
        first, appeal = outside.requests
        outside.stored[first.key] = APPROVED  # which contradicts what it said of the second line
        await story.handle.signal(ReferralWorkflow.payer_answered, PayerAnswered(contact_id=first.key))
        await story.until(lambda: outside.notes.count("authorization.lines") > 3)
        assert [line.state for line in outside.standing.lines] == ["approved"] * 3
        await story.resolve(story.asked(K.REVIEW_BENEFITS)[0], USUAL[K.REVIEW_BENEFITS])
        assert await story.ends() is Closing.COMPLETED
    assert outside.standing.lines[1].contact == appeal.key


async def test_a_denied_request_is_tried_again_as_a_new_one(env: WorkflowEnvironment) -> None:
    script: Script = {**NO_HELP, K.REVIEW_DECISION: [{"outcome": "resubmit", "reason": "wrong_code"}]}
    outside = Outside(submissions=[DENIED, APPROVED])
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    again = outside.requests[1]
    assert {line.certification for line in again.lines} == {Certification.INITIAL}
    assert again.replaces is None, "a denied request cannot be updated"


async def test_each_request_that_the_payer_has_is_voided(env: WorkflowEnvironment) -> None:
    script: Script = {
        **NO_HELP,
        K.REVIEW_DECISION: [{"outcome": "appeal"}],
        K.APPEAL: [{"outcome": "file"}],
        K.ASSESS_PATIENT: [None],
    }
    outside = Outside(submissions=[MIXED, says(LineState.PENDED, lines=[2])])
    async with Story(env, outside, script) as story:
        await story.until(lambda: len({line.contact for line in outside.standing.lines}) == 2)
        await story.resolve(story.asked(K.ASSESS_PATIENT)[0], {"outcome": "not_suitable"})
        assert await story.ends() is Closing.CLINICALLY_INAPPROPRIATE
    first, appeal = outside.requests
    voided = {order.replaces: [line.sequence for line in order.lines] for order in outside.voided}
    assert voided == {first.key: [1, 3], appeal.key: [2]}


async def test_what_needs_no_authorization_keeps_its_evidence(env: WorkflowEnvironment) -> None:
    benefits = Benefits(
        status=CoverageStatus.ACTIVE, needs_authorization=frozenset({LineKind.DRUG}), reference="CALL-77"
    )
    outside = Outside(benefits=[benefits], submissions=[says(LineState.APPROVED, lines=[1])])
    async with Story(env, outside) as story:
        assert await story.ends() is Closing.COMPLETED
    assert [[line.sequence for line in request.lines] for request in outside.requests] == [[1]]
    free = [line for line in outside.standing.lines if line.state is LineState.NOT_REQUIRED]
    assert [(line.sequence, line.evidence) for line in free] == [(2, "CALL-77"), (3, "CALL-77")]


async def test_units_that_have_run_out_are_renewed_before_the_visit(env: WorkflowEnvironment) -> None:
    none_left = PayerAnswer(
        lines=tuple(LineAnswer(sequence=at, state=LineState.APPROVED, units=0 if at == 1 else 14) for at in (1, 2, 3))
    )
    outside = Outside(submissions=[none_left, says(LineState.APPROVED, lines=[1])])
    async with Story(env, outside) as story:
        assert await story.ends() is Closing.COMPLETED
    first, renewal = outside.requests
    assert [(line.sequence, line.certification) for line in renewal.lines] == [(1, Certification.RENEWAL)]
    assert renewal.replaces == first.key


async def test_a_pended_payer_still_owes_its_word_when_a_line_is_exhausted(env: WorkflowEnvironment) -> None:
    script: Script = {
        K.REVIEW_DECISION: [{"outcome": "give_up"}],
        K.FIND_ASSISTANCE: [{"outcome": "none"}],
        K.RESOLVE_COVERAGE: [{"outcome": "close"}],
    }
    decided = said(LineState.APPROVED, LineState.DENIED, LineState.APPROVED)
    outside = Outside(submissions=[MIXED], decisions=[(3 * DAY, decided)])
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.DENIED_FINAL
    assert outside.inquiries > 1, "the referral is not closed before the payer has decided the other line"
    assert PENDED.pending
