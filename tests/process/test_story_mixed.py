"""Stories in which words, answers and changes about several lines cross each other on their way."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization.lines import InformationRequest, LineAnswer, LineState, PayerAnswer
from firstdose.domain.care.gates import Gate
from firstdose.domain.payer.channel import Channel
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.work.reasons import OverrideReason
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.ports import Impossible, Unavailable
from tests.process.outside import APPROVED, DENIED, ELECTRONIC, OUTLINE, PENDED, Outside, said, says
from tests.process.story import Answer, Script, Story
from workflows.messages import ApproveOverride, OverrideRequest, PayerAnswered
from workflows.referral import ReferralWorkflow

A, D, P = LineState.APPROVED, LineState.DENIED, LineState.PENDED
DAY = timedelta(days=1)
NO_HELP: Script = {K.FIND_ASSISTANCE: [None]}
ONE, OTHER = (Actor(id=name, roles=(Role.SUPERVISOR,)) for name in ("one", "other"))
LINES = [{"sequence": each, "state": "approved"} for each in (1, 2, 3)]
BY_PEOPLE = ELECTRONIC.model_copy(update={"authorization": Channel.PEOPLE})


async def at_risk(story: Story) -> None:
    ask = OverrideRequest(actor=ONE, gate=Gate.AUTHORIZATION, reason=OverrideReason.DISCHARGE_TODAY)
    asked = await story.steer(ReferralWorkflow.override, ask)
    await story.steer(ReferralWorkflow.approve_override, ApproveOverride(actor=OTHER, override_id=asked.id))


async def notify(story: Story, contact: str, word: PayerAnswer) -> None:
    story.outside.stored[contact] = word
    await story.handle.signal(ReferralWorkflow.payer_answered, PayerAnswered(contact_id=contact))


async def test_what_the_payer_repeats_of_a_line_that_is_being_appealed_does_not_deny_it_again(
    env: WorkflowEnvironment,
) -> None:
    """The appeal is refused by the payer's system, so people have it when the first request is decided."""
    outside = Outside(
        submissions=[said(P, D, A), Impossible(ProblemCode.PAYER_REFUSED_REQUEST)], decisions=[(3 * DAY, said(A, D, A))]
    )
    script: Script = {
        **NO_HELP,
        K.REVIEW_DECISION: [{"outcome": "appeal"}],
        K.APPEAL: [{"outcome": "file"}],
        K.SUBMIT_AUTHORIZATION: [None],
    }
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.asked(K.SUBMIT_AUTHORIZATION)))
        await notify(story, outside.requests[0].key, said(A, D, A))
        await story.until(lambda: outside.standing.lines[0].state is A)
        (item,) = story.asked(K.SUBMIT_AUTHORIZATION)
        await story.resolve(item, {"outcome": "answered", "lines": [{"sequence": 2, "state": "approved"}]})
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.REVIEW_DECISION)) == 1


async def test_what_a_person_decided_stands_when_the_payer_repeats_its_word(env: WorkflowEnvironment) -> None:
    decided = {"outcome": "decided", "lines": [{"sequence": 2, "state": "approved"}]}
    outside = Outside(submissions=[said(P, D, A)], decisions=[(3 * DAY, said(A, D, A))])
    async with Story(env, outside, {**NO_HELP, K.REVIEW_DECISION: [decided]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.REVIEW_DECISION)) == 1


async def test_a_word_heard_on_the_phone_stands_while_the_electronic_one_lags(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[PENDED], decisions=[(20 * DAY, APPROVED)])
    heard = {"outcome": "answered", "lines": [{"sequence": 1, "state": "approved"}]}
    script: Script = {K.FOLLOW_UP_PAYER: [heard, {"outcome": "still_pending"}], K.REVIEW_DECISION: [None]}
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert not story.asked(K.REVIEW_DECISION)


async def test_documents_that_were_sent_are_not_asked_for_again_when_another_line_is_decided(
    env: WorkflowEnvironment,
) -> None:
    wanted = InformationRequest(wanted=("11506-3",))
    first, then = (word.model_copy(update={"information": wanted}) for word in (said(P, P, P), said(P, A, A)))
    outside = Outside(submissions=[first], decisions=[(2 * DAY, then), (4 * DAY, APPROVED)])
    script: Script = {K.ANSWER_INFORMATION_REQUEST: [{"outcome": "sent", "documents": ["clinical_note"]}]}
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert outside.effects.count("send_documents") == 1


async def test_each_line_has_the_window_of_its_own_refusal(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[said(D, P, A), PENDED], decisions=[(30 * DAY, said(D, D, A))])
    script: Script = {
        **NO_HELP,
        K.REVIEW_DECISION: [None, {"outcome": "decided", "lines": LINES[1:2]}, None],
        K.PEER_TO_PEER: [{"outcome": "upheld"}],
    }
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.asked(K.REVIEW_DECISION)))
        await env.sleep(31 * DAY)
        await story.resolve(story.asked(K.REVIEW_DECISION)[0], {"outcome": "peer_to_peer"})
        await story.until(lambda: len(story.asked(K.REVIEW_DECISION)) == 3)
        first, of_the_per_diem, second = story.asked(K.REVIEW_DECISION)
        assert [line["sequence"] for line in second.asks["lines"]] == [1]
        assert file_by(second) == file_by(first)
        assert file_by(of_the_per_diem) - file_by(first) >= 29 * DAY
        await story.resolve(second, {"outcome": "decided", "lines": LINES[:1]})
        assert await story.ends() is Closing.COMPLETED


def file_by(item: WorkItem) -> datetime:
    return datetime.fromisoformat(str(item.asks["file_by"]))


async def test_a_payer_that_authorizes_no_units_is_asked_once_more_and_then_people_look(
    env: WorkflowEnvironment,
) -> None:
    none_left = PayerAnswer(lines=tuple(LineAnswer(sequence=at, state=A, units=0) for at in (1, 2, 3)))
    outside = Outside(submissions=[none_left])
    script: Script = {
        K.RECONCILE: [{"outcome": "retry"}],
        K.REVIEW_DECISION: [{"outcome": "decided", "lines": LINES}],
    }
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert len(outside.requests) == 2
    assert [item.asks["reason"] for item in story.asked(K.RECONCILE)] == ["gate_closed_again"]
    assert len(story.asked(K.REVIEW_DECISION)) == 1


async def test_a_renewal_that_is_denied_can_be_appealed_though_the_first_request_was(env: WorkflowEnvironment) -> None:
    plan = ELECTRONIC.model_copy(update={"appeal_levels": 1})
    no_units = PayerAnswer(lines=(LineAnswer(sequence=1, state=A, units=0),))
    outside = Outside(
        plan=plan,
        submissions=[said(D, A, A), no_units, says(D, lines=[1]), says(A, lines=[1])],
    )
    script: Script = {**NO_HELP, K.REVIEW_DECISION: [{"outcome": "appeal"}], K.APPEAL: [{"outcome": "file"}]}
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert [item.asks["level"] for item in story.asked(K.APPEAL)] == [1, 1]


@pytest.mark.parametrize(
    ("outside", "script", "waits_for"),
    [
        (Outside(plan=BY_PEOPLE), {}, K.SUBMIT_AUTHORIZATION),
        (Outside(submissions=[Unavailable(ProblemCode.PAYER_UNREACHABLE)]), {}, K.ASSESS_PATIENT),
        (Outside(submissions=[Impossible(ProblemCode.PAYER_REFUSED_REQUEST)]), {}, K.SUBMIT_AUTHORIZATION),
        (
            Outside(outline=OUTLINE.model_copy(update={"missing": {BlockedStep.AUTHORIZATION: ("prescriber.npi",)}})),
            {},
            K.COMPLETE_REFERRAL,
        ),
        (Outside(submissions=[DENIED]), {K.REVIEW_DECISION: [{"outcome": "give_up"}]}, K.FIND_ASSISTANCE),
    ],
    ids=["by people", "payer down", "payer refuses", "fact missing", "given up"],
)
async def test_therapy_starts_at_risk_whatever_the_authorization_waits_for(
    env: WorkflowEnvironment, outside: Outside, script: dict[K, list[Answer]], waits_for: K
) -> None:
    lies: dict[K, list[Any]] = {each: [None] for each in (K.SUBMIT_AUTHORIZATION, K.COMPLETE_REFERRAL)}
    async with Story(env, outside, {**NO_HELP, **lies, **script}) as story:
        await story.until(lambda: bool(story.asked(waits_for)))
        await at_risk(story)
        assert await story.ends() is Closing.COMPLETED
    (items,) = [[e.item.id for e in outside.entries if e.type == "opened"]]
    assert sorted(items) == sorted(e.item_id for e in outside.entries if e.type in ("resolved", "withdrawn"))


async def test_assistance_ends_a_submission_that_nobody_can_make(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[DENIED, Impossible(ProblemCode.PAYER_REFUSED_REQUEST)])
    script: Script = {
        **NO_HELP,
        K.REVIEW_DECISION: [{"outcome": "appeal"}],
        K.APPEAL: [{"outcome": "file"}],
        K.SUBMIT_AUTHORIZATION: [None],
    }
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.asked(K.SUBMIT_AUTHORIZATION)))
        await story.resolve(story.asked(K.FIND_ASSISTANCE)[0], {"outcome": "found", "program": "fund"})
        assert await story.ends() is Closing.COMPLETED
    assert {line.state for line in outside.standing.lines} == {LineState.NOT_REQUIRED}


async def test_a_late_approval_is_better_than_giving_up(env: WorkflowEnvironment) -> None:
    """It contradicts the denial, so a person looks."""
    outside = Outside(submissions=[DENIED])
    script: Script = {**NO_HELP, K.REVIEW_DECISION: [{"outcome": "give_up"}, {"outcome": "decided", "lines": LINES}]}
    async with Story(env, outside, script) as story:
        await story.until(lambda: {line.state for line in outside.standing.lines} == {LineState.EXHAUSTED})
        await notify(story, outside.requests[0].key, APPROVED)
        assert await story.ends() is Closing.COMPLETED
    assert {line.state for line in outside.standing.lines} == {A}


async def test_an_extension_that_no_rule_gives_does_not_ask_again_at_once(env: WorkflowEnvironment) -> None:
    def told(_: WorkItem, now: datetime) -> dict[str, Any]:
        return {"outcome": "extended", "told_at": now.isoformat(), "extended_by_days": 5}

    outside = Outside(plan=BY_PEOPLE)
    script: Script = {
        K.SUBMIT_AUTHORIZATION: [{"outcome": "submitted"}],
        K.FOLLOW_UP_PAYER: [told, {"outcome": "answered", "lines": LINES}],
    }
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    first, second = story.asked(K.FOLLOW_UP_PAYER)
    assert second.opened_at - first.opened_at >= timedelta(hours=23)


async def test_a_void_that_fails_may_be_closed_though_the_referral_is_closed_already(env: WorkflowEnvironment) -> None:
    class Refuses(Outside):
        async def void(self, request: Any) -> None:
            raise Impossible(ProblemCode.PAYER_REFUSED_REQUEST)

    outside = Refuses(submissions=[PENDED])
    close = {"outcome": "close", "closing": "withdrawn"}
    script: Script = {K.ASSESS_PATIENT: [None], K.RECONCILE: [close]}
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(outside.requests) and bool(story.asked(K.ASSESS_PATIENT)))
        await story.until(lambda: outside.standing.lines != () and outside.standing.lines[0].state is P)
        await story.resolve(story.asked(K.ASSESS_PATIENT)[0], {"outcome": "not_suitable"})
        assert await story.ends() is Closing.CLINICALLY_INAPPROPRIATE
