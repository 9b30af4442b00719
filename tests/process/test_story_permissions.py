"""Who may do what, judged by the workflow itself: by update and by signal, for every role."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import count
from typing import Any, Final

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.care.gates import Gate
from firstdose.domain.policy import NurseDispatch, Policy
from firstdose.domain.referral.fact_groups import FactGroup
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.work.permissions import Act, may, may_cancel, may_change
from firstdose.domain.work.reasons import HoldReason, OverrideReason
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import AGELESS, OUTLINE, PENDED, Outside
from tests.process.story import USUAL, Story
from workflows.messages import (
    AmendRequest,
    ApproveOverride,
    CancelRequest,
    HoldRequest,
    OverrideRequest,
    ResolveWorkItem,
    ResumeRequest,
)
from workflows.referral import ReferralWorkflow

SUPERVISOR: Final = Actor(id="boss", roles=(Role.SUPERVISOR,))
_messages = count(1)


def by(role: Role, *nurses: str) -> Actor:
    return Actor(id=f"a-{role}", roles=(role,), nurses=nurses)


def waiting(env: WorkflowEnvironment) -> Story:
    """The patient is not called and not assessed, and the payer has pended."""
    return Story(env, Outside(submissions=[PENDED]), {K.ASSESS_PATIENT: [None], K.CONTACT_PATIENT: [None]})


async def takes(story: Story, update: Any, request: Any) -> bool:
    try:
        await story.steer(update, request)
    except WorkflowUpdateFailedError as error:
        story.refusals.append(str(error.cause))
        return False
    return True


def amend(actor: Actor, *groups: FactGroup) -> AmendRequest:
    return AmendRequest(actor=actor, message_id=f"00000000-0000-4000-8000-{next(_messages):012d}", groups=groups)


def resolving(item: WorkItem, actor: Actor, answer: Mapping[str, Any], *groups: FactGroup) -> ResolveWorkItem:
    return ResolveWorkItem(actor=actor, item_id=item.id, resolution=dict(answer), groups=groups)


async def test_every_role_steers_as_far_as_the_table_lets_it(env: WorkflowEnvironment) -> None:
    async with waiting(env) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)) and bool(story.asked(K.CONTACT_PATIENT)))
        for role in Role:
            held = HoldRequest(actor=by(role), reason=HoldReason.PATIENT_AWAY)
            assert await takes(story, ReferralWorkflow.hold, held) is may(by(role), Act.HOLD)
            if may(by(role), Act.HOLD):
                assert await takes(story, ReferralWorkflow.resume, ResumeRequest(actor=by(role)))
            override = OverrideRequest(actor=by(role), gate=Gate.AUTHORIZATION, reason=OverrideReason.OTHER)
            assert await takes(story, ReferralWorkflow.override, override) is may(by(role), Act.OVERRIDE)
            for group in FactGroup:
                allowed = may_change(by(role), group)
                assert await takes(story, ReferralWorkflow.amend, amend(by(role), group)) is allowed
        [override_id] = [each.id for each in (await story.handle.query(ReferralWorkflow.status)).overrides]
        for role in Role:
            approval = ApproveOverride(actor=Actor(id="another", roles=(role,)), override_id=override_id)
            assert await takes(story, ReferralWorkflow.approve_override, approval) is may(by(role), Act.OVERRIDE)
        for role in Role:
            for reason in Closing:
                if not may_cancel(by(role), reason):
                    assert not await takes(story, ReferralWorkflow.cancel, CancelRequest(actor=by(role), reason=reason))
        deceased = CancelRequest(actor=by(Role.CUSTOMER_SERVICE), reason=Closing.DECEASED)
        assert await takes(story, ReferralWorkflow.cancel, deceased)
        assert await story.ends() is Closing.DECEASED


async def test_what_a_signal_may_not_do_stands_in_the_audit_and_changes_nothing(env: WorkflowEnvironment) -> None:
    async with waiting(env) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)))
        nurse = CancelRequest(actor=by(Role.NURSE), reason=Closing.DECEASED)
        await story.handle.signal("cancel", nurse)
        await story.until(lambda: "signal.refused" in story.outside.notes)
        await story.handle.signal("hold", HoldRequest(actor=by(Role.AUDITOR), reason=HoldReason.OTHER))
        item = story.asked(K.ASSESS_PATIENT)[0]
        await story.handle.signal("resolve_work_item", resolving(item, SUPERVISOR, {"outcome": "suitable_for_home"}))
        await story.until(lambda: story.outside.notes.count("signal.refused") == 3)
        status = await story.handle.query(ReferralWorkflow.status)
        assert (status.closing, status.hold) == (None, None)
        assert item.id in {each.id for each in status.open_items}
        await story.handle.terminate()


async def test_a_pharmacists_work_is_no_supervisors(env: WorkflowEnvironment) -> None:
    async with waiting(env) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)))
        item, answer = story.asked(K.ASSESS_PATIENT)[0], {"outcome": "suitable_for_home"}
        assert not await takes(story, ReferralWorkflow.resolve_work_item, resolving(item, SUPERVISOR, answer))
        assert "is for the role pharmacist" in story.refusals[-1]
        both = Actor(id="both", roles=(Role.SUPERVISOR, Role.PHARMACIST))
        assert await takes(story, ReferralWorkflow.resolve_work_item, resolving(item, both, answer))
        await story.handle.terminate()


async def test_facts_of_an_answer_are_judged_by_group_also_where_they_come_in_the_clear(
    env: WorkflowEnvironment,
) -> None:
    async with waiting(env) as story:
        await story.until(lambda: bool(story.asked(K.CONTACT_PATIENT)))
        item, service = story.asked(K.CONTACT_PATIENT)[0], by(Role.CUSTOMER_SERVICE)
        sealed = resolving(item, service, {"outcome": "reached"}, FactGroup.CLINICAL)
        clear = resolving(item, service, {"outcome": "reached", "facts": {"patient.weight_kg": 70}})
        for request in (sealed, clear):
            assert not await takes(story, ReferralWorkflow.resolve_work_item, request)
            assert "clinical facts are changed by" in story.refusals[-1]
        contact = resolving(item, service, {"outcome": "reached"}, FactGroup.CONTACT, FactGroup.COVERAGE)
        assert await takes(story, ReferralWorkflow.resolve_work_item, contact)
        await story.handle.terminate()


async def test_once_assessed_clinical_facts_are_the_pharmacists_unless_some_are_still_asked_for(
    env: WorkflowEnvironment,
) -> None:
    lacking = OUTLINE.model_copy(update={"missing": {BlockedStep.AUTHORIZATION: ("order.dose",)}})
    outside = Outside(outline=lacking, submissions=[PENDED])
    lies: dict[K, list[Any]] = {K.COMPLETE_REFERRAL: [None], K.CONTACT_PATIENT: [None]}
    intake = by(Role.INTAKE_COORDINATOR)
    async with Story(env, outside, lies) as story:
        await story.until(lambda: "assess_patient" in [e.kind for e in story.outside.entries if e.type == "resolved"])
        assert await takes(story, ReferralWorkflow.amend, amend(intake, FactGroup.CLINICAL))
        outside.supplied["*"] = OUTLINE
        item = story.asked(K.COMPLETE_REFERRAL)[0]
        given = resolving(item, intake, {"outcome": "supplied"}, FactGroup.CLINICAL)
        supplied = given.model_copy(update={"message_id": amend(intake).message_id})
        assert await takes(story, ReferralWorkflow.resolve_work_item, supplied)
        assert not await takes(story, ReferralWorkflow.amend, amend(intake, FactGroup.CLINICAL))
        assert "the patient is assessed" in story.refusals[-1]
        assert await takes(story, ReferralWorkflow.amend, amend(intake, FactGroup.CONTACT))
        assert await takes(story, ReferralWorkflow.amend, amend(by(Role.PHARMACIST), FactGroup.CLINICAL))
        await story.handle.terminate()


async def test_a_nurse_accepts_and_reports_her_own_visit_alone(env: WorkflowEnvironment) -> None:
    early = Policy(ages=AGELESS, dispatch=NurseDispatch(report_early=timedelta(hours=2)))
    outside = Outside(policy=early)
    async with Story(env, outside, {K.CONFIRM_VISIT: [None], K.REPORT_VISIT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.CONFIRM_VISIT)))
        offer = story.asked(K.CONFIRM_VISIT)[0]
        assert offer.offered_to
        soon = (offer.opened_at + timedelta(hours=1)).isoformat()  # time does not skip while the story looks
        answer = {"outcome": "accepted", "visit_at": soon, "patient_confirmed": True}
        for stranger in (by(Role.NURSE), by(Role.NURSE, "rn-another"), by(Role.CUSTOMER_SERVICE, offer.offered_to)):
            assert not await takes(story, ReferralWorkflow.resolve_work_item, resolving(offer, stranger, answer))
        own = by(Role.NURSE, offer.offered_to)
        assert await takes(story, ReferralWorkflow.resolve_work_item, resolving(offer, own, answer))
        await story.until(lambda: bool(story.asked(K.REPORT_VISIT)))
        report = story.asked(K.REPORT_VISIT)[0]
        assert report.offered_to == offer.offered_to
        done = USUAL[K.REPORT_VISIT]
        assert isinstance(done, Mapping)
        coordinator = by(Role.NURSE_COORDINATOR)
        for other in (by(Role.NURSE, "rn-another"), SUPERVISOR, coordinator):
            assert not await takes(story, ReferralWorkflow.resolve_work_item, resolving(report, other, done))
        word = {**done, "on_word_of": offer.offered_to}
        assert await takes(story, ReferralWorkflow.resolve_work_item, resolving(report, coordinator, word))
        assert await story.ends() is Closing.COMPLETED


@pytest.mark.parametrize("role", [Role.NURSE, Role.AUDITOR, Role.SUPERVISOR])
async def test_an_amendment_that_does_not_say_what_it_changes_counts_as_all(
    env: WorkflowEnvironment, role: Role
) -> None:
    async with waiting(env) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)))
        unsaid = amend(by(role)).model_copy(update={"groups": None})
        assert not await takes(story, ReferralWorkflow.amend, unsaid)
        await story.handle.terminate()
