"""Stories of the override: of the authorization alone, approved by another supervisor's work item, and with an end."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization.lines import LineState
from firstdose.domain.care.gates import Gate
from firstdose.domain.policy import NurseDispatch, PayerContact, Policy
from firstdose.domain.work.journal import WaitingFor, Withdrawn
from firstdose.domain.work.reasons import OverrideReason
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import AGELESS, APPROVED, PENDED, Outside
from tests.process.story import USUAL, Story
from workflows.messages import ApproveOverride, OverrideRequest, ResolveWorkItem
from workflows.referral import ReferralWorkflow

ONE, OTHER = (Actor(id=name, roles=(Role.SUPERVISOR,)) for name in ("one", "other"))
REQUEST = OverrideRequest(actor=ONE, gate=Gate.AUTHORIZATION, reason=OverrideReason.DISCHARGE_TODAY)

SOON = Policy(
    ages=AGELESS, dispatch=NurseDispatch(lead=timedelta(days=3)), payer=PayerContact(inquire_every=timedelta(hours=7))
)
"""The nurse is dispatched as soon as everything is there."""


async def refusal(story: Story, update: object, request: object) -> str:
    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await story.steer(update, request)
    return str(refused.value.cause)


async def pended(story: Story) -> None:
    await story.until(lambda: WaitingFor.PAYER in story.outside.standing.waiting_for)


async def overridden(story: Story, until: timedelta) -> None:
    """Asked for and approved; it ends so long after the referral was asked about first."""
    end = story.items[0].opened_at + until
    asked = await story.steer(ReferralWorkflow.override, REQUEST.model_copy(update={"until": end}))
    await story.steer(ReferralWorkflow.approve_override, ApproveOverride(actor=OTHER, override_id=asked.id or ""))


@pytest.mark.parametrize("gate", [gate for gate in Gate if gate is not Gate.AUTHORIZATION])
async def test_no_other_gate_is_overridden_and_the_refusal_says_what_mends_it(
    env: WorkflowEnvironment, gate: Gate
) -> None:
    async with Story(env, Outside(), {K.CONTACT_PATIENT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.CONTACT_PATIENT)))
        why = await refusal(story, ReferralWorkflow.override, REQUEST.model_copy(update={"gate": gate}))
    assert f"only authorization is overridden; {gate} opens when " in why


async def test_the_second_supervisor_answers_a_work_item(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[PENDED])
    async with Story(env, outside) as story:
        await pended(story)
        await story.steer(ReferralWorkflow.override, REQUEST)
        await story.until(lambda: bool(story.asked(K.APPROVE_OVERRIDE)))
        (item,) = story.asked(K.APPROVE_OVERRIDE)
        own = ResolveWorkItem(actor=ONE, item_id=item.id, resolution={"outcome": "approved"})
        assert "another supervisor" in await refusal(story, ReferralWorkflow.resolve_work_item, own)
        await story.steer(ReferralWorkflow.resolve_work_item, own.model_copy(update={"actor": OTHER}))
        assert await story.ends() is Closing.COMPLETED
    assert item.role is Role.SUPERVISOR
    assert item.asks["until"] > item.opened_at.isoformat()
    assert [note for note in outside.notes if note.startswith("override")] == ["override.asked", "override.approved"]
    assert {line.state for line in outside.standing.lines} == {LineState.PENDED}


async def test_the_update_resolves_the_item(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(submissions=[PENDED])) as story:
        await pended(story)
        asked = await story.steer(ReferralWorkflow.override, REQUEST)
        approval = ApproveOverride(actor=OTHER, override_id=asked.id or "")
        await story.steer(ReferralWorkflow.approve_override, approval)
        (item,) = story.asked(K.APPROVE_OVERRIDE)
        assert item.id in [entry.item_id for entry in story.outside.entries if entry.type == "resolved"]
        assert "decided already" in await refusal(story, ReferralWorkflow.approve_override, approval)
        assert await story.ends() is Closing.COMPLETED


async def test_a_refused_override_opens_nothing_and_may_be_asked_for_again(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(submissions=[PENDED])) as story:
        await pended(story)
        await story.steer(ReferralWorkflow.override, REQUEST)
        await story.until(lambda: bool(story.asked(K.APPROVE_OVERRIDE)))
        no = ResolveWorkItem(
            actor=OTHER, item_id=story.asked(K.APPROVE_OVERRIDE)[0].id, resolution={"outcome": "refused"}
        )
        await story.steer(ReferralWorkflow.resolve_work_item, no)
        assert story.outside.standing.stage is not Stage.PREPARATION
        again = await story.steer(ReferralWorkflow.override, REQUEST)
        await story.steer(ReferralWorkflow.approve_override, ApproveOverride(actor=OTHER, override_id=again.id or ""))
        assert await story.ends() is Closing.COMPLETED
    assert "override.refused" in story.outside.notes


async def test_an_override_that_nobody_decides_ends_by_itself(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[PENDED], decisions=[(timedelta(days=9), APPROVED)])
    async with Story(env, outside) as story:
        await pended(story)
        await story.steer(ReferralWorkflow.override, REQUEST)
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.APPROVE_OVERRIDE)
    withdrawn = [entry.at for entry in outside.entries if isinstance(entry, Withdrawn) and entry.item_id == item.id]
    assert timedelta(days=7) <= withdrawn[0] - item.opened_at < timedelta(days=8), "the policy's default"
    assert {line.state for line in outside.standing.lines} == {LineState.APPROVED}


async def test_an_end_in_the_past_is_refused(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.CONTACT_PATIENT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.CONTACT_PATIENT)))
        ended = REQUEST.model_copy(update={"until": story.items[0].opened_at - timedelta(days=1)})
        assert "until: an override ends in the future" in await refusal(story, ReferralWorkflow.override, ended)


async def test_ended_before_dispatch_the_gate_is_closed_again(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[PENDED], decisions=[(timedelta(days=6), APPROVED)])
    async with Story(env, outside, {K.REVIEW_BENEFITS: [None]}) as story:
        await pended(story)
        await overridden(story, timedelta(days=1))
        await story.until(lambda: bool(story.asked(K.REVIEW_BENEFITS)) and "5.1.1" in outside.milestones)
        await env.sleep(timedelta(days=1, hours=1))
        assert "override.ended" in outside.notes
        await story.resolve(story.asked(K.REVIEW_BENEFITS)[0], USUAL[K.REVIEW_BENEFITS])
        assert await story.ends() is Closing.COMPLETED
    assert {line.state for line in outside.standing.lines} == {LineState.APPROVED}, "the visit waited for the payer"


async def test_ended_while_the_visit_is_waited_for_the_payer_is_waited_for_at_once(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[PENDED], decisions=[(timedelta(days=1, hours=12), APPROVED)])
    async with Story(env, outside) as story:
        await pended(story)
        await overridden(story, timedelta(days=1))
        assert await story.ends() is Closing.COMPLETED
    assert "override.ended" in outside.notes
    assert outside.milestones == ["2.0", "3.0", "5.1.1", "5.1.4", "7.0"], "the visit stays where it is"
    assert {line.state for line in outside.standing.lines} == {LineState.APPROVED}


@pytest.mark.parametrize(
    ("decided", "closing"),
    [
        ({"outcome": "done"}, Closing.COMPLETED),
        ({"outcome": "close", "closing": "denied_final"}, Closing.DENIED_FINAL),
    ],
)
async def test_ended_after_the_start_a_supervisor_is_asked(
    env: WorkflowEnvironment, decided: dict[str, str], closing: Closing
) -> None:
    outside = Outside(policy=SOON, submissions=[PENDED])
    async with Story(env, outside, {K.REPORT_VISIT: [None]}) as story:
        await pended(story)
        await overridden(story, timedelta(days=3))
        await story.until(lambda: bool(story.asked(K.REPORT_VISIT)))
        await env.sleep(timedelta(days=4))
        (item,) = story.asked(K.RECONCILE)
        assert item.asks["reason"] == "override_ended"
        await story.resolve(item, decided)
        if closing is Closing.COMPLETED:
            await story.resolve(story.asked(K.REPORT_VISIT)[0], USUAL[K.REPORT_VISIT])
        assert await story.ends() is closing
    assert story.refusals == []


async def test_what_is_still_asked_when_therapy_has_started_is_taken_back(env: WorkflowEnvironment) -> None:
    outside = Outside(policy=SOON)
    async with Story(env, outside, {K.REPORT_VISIT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.REPORT_VISIT)))
        await story.steer(ReferralWorkflow.override, REQUEST)
        await env.sleep(timedelta(days=2, hours=1))
        await story.resolve(story.asked(K.REPORT_VISIT)[0], USUAL[K.REPORT_VISIT])
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.APPROVE_OVERRIDE)
    assert item.id in [entry.item_id for entry in outside.entries if isinstance(entry, Withdrawn)]
