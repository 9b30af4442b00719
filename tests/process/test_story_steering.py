"""Stories in which people steer: holds, changes in flight, overrides, refusals, signals by hand."""

from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization.lines import Certification, LineState
from firstdose.domain.care.gates import Gate
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.journal import Escalated, WaitingFor
from firstdose.domain.work.reasons import HoldReason, OverrideReason
from firstdose.domain.work.role import SOURCE, Actor, Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import APPROVED, DENIED, OUTLINE, PENDED, Outside
from tests.process.story import USUAL, Story
from workflows.messages import (
    AmendRequest,
    ApproveOverride,
    HoldRequest,
    OverrideRequest,
    PayerAnswered,
    ResumeRequest,
)
from workflows.referral import ReferralWorkflow

NURSE_COORDINATOR = Actor(id="n", roles=(Role.NURSE_COORDINATOR,))
ONE, OTHER = (Actor(id=name, roles=(Role.SUPERVISOR,)) for name in ("one", "other"))


async def test_a_hold_pauses_every_track_and_resume_goes_on(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(submissions=[PENDED]), {K.CONTACT_PATIENT: [None]}) as story:
        await story.until(lambda: bool(story.outside.requests) and bool(story.asked(K.CONTACT_PATIENT)))
        held = HoldRequest(actor=NURSE_COORDINATOR, reason=HoldReason.PATIENT_AWAY)
        await story.steer(ReferralWorkflow.hold, held)
        with pytest.raises(WorkflowUpdateFailedError) as refusal:
            await story.steer(ReferralWorkflow.hold, held)
        assert "on hold already" in str(refusal.value.cause)
        assert story.outside.standing.on_hold

        request = story.outside.requests[0]
        story.outside.stored[request.key] = APPROVED
        await story.handle.signal(ReferralWorkflow.payer_answered, PayerAnswered(contact_id=request.key))
        await story.resolve(story.asked(K.CONTACT_PATIENT)[0], {"outcome": "reached"})
        assert not story.asked(K.REVIEW_BENEFITS)
        await story.steer(ReferralWorkflow.resume, ResumeRequest(actor=NURSE_COORDINATOR))
        assert await story.ends() is Closing.COMPLETED


async def test_a_hold_with_an_end_ends_by_itself(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.CONTACT_PATIENT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.CONTACT_PATIENT)))
        (call,) = story.asked(K.CONTACT_PATIENT)
        until = call.opened_at + timedelta(days=10)
        await story.steer(
            ReferralWorkflow.hold, HoldRequest(actor=NURSE_COORDINATOR, reason=HoldReason.PATIENT_AWAY, until=until)
        )
        await story.resolve(call, {"outcome": "reached"})
        assert await story.ends() is Closing.COMPLETED
    assert story.asked(K.REVIEW_BENEFITS)[0].opened_at >= until


async def test_hospitalized_releases_nurse_and_stock_and_arranges_them_anew(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.REVIEW_BENEFITS: [None]}) as story:
        outside = story.outside
        await story.until(
            lambda: {"hold_visit", "reserve_stock"} <= set(outside.effects) and bool(story.asked(K.REVIEW_BENEFITS))
        )
        await story.steer(ReferralWorkflow.hold, HoldRequest(actor=NURSE_COORDINATOR, reason=HoldReason.HOSPITALIZED))
        await story.until(lambda: {"release the visit", "return the stock"} <= set(outside.compensations))
        assert (story.roster.held, story.shelves.reserved) == ({}, set())

        await story.steer(ReferralWorkflow.resume, ResumeRequest(actor=NURSE_COORDINATOR))
        await story.resolve(story.asked(K.REVIEW_BENEFITS)[0], USUAL[K.REVIEW_BENEFITS])
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.REVIEW_BENEFITS)) == 1, "the agreement was still being reviewed, and is not asked twice"
    assert (len(story.roster.held), len(story.shelves.reserved)) == (1, 1)


async def test_another_plan_is_verified_and_asked_while_the_clinical_work_stays(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[PENDED, APPROVED], changes=frozenset({Change.COVERAGE}))
    async with Story(env, outside) as story:
        await story.until(lambda: bool(outside.requests) and bool(story.asked(K.ASSESS_PATIENT)))
        outside.supplied["00000000-0000-4000-8000-000000000001"] = OUTLINE
        await story.steer(
            ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id="00000000-0000-4000-8000-000000000001")
        )
        assert await story.ends() is Closing.COMPLETED
    assert outside.effects.count("verify_benefits") == 2
    assert "void_authorization" in outside.effects
    assert len(story.asked(K.ASSESS_PATIENT)) == 1


async def test_another_dose_is_authorized_and_prepared_anew(env: WorkflowEnvironment) -> None:
    outside = Outside(changes=frozenset({Change.ORDER}))
    async with Story(env, outside, {K.REVIEW_BENEFITS: [None]}) as story:
        await story.until(lambda: "hold_visit" in outside.effects and bool(story.asked(K.REVIEW_BENEFITS)))
        outside.supplied["00000000-0000-4000-8000-000000000001"] = OUTLINE.model_copy(update={"frequency": "q12h"})
        await story.steer(
            ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id="00000000-0000-4000-8000-000000000001")
        )
        await story.resolve(story.asked(K.REVIEW_BENEFITS)[0], USUAL[K.REVIEW_BENEFITS])
        assert await story.ends() is Closing.COMPLETED
    assert [line.code for line in outside.standing.lines] == ["J0696", "S9501", "99601"]
    first, update = outside.requests
    assert ({line.certification for line in update.lines}, update.replaces) == ({Certification.REVISED}, first.key)
    assert not outside.voided, "the payer's request is updated, not cancelled and made anew"
    assert len(story.asked(K.CONFIRM_VISIT)) == 2


async def test_a_denied_request_is_not_updated_but_made_anew(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[DENIED, APPROVED], changes=frozenset({Change.ORDER}))
    async with Story(env, outside, {K.REVIEW_DECISION: [None], K.FIND_ASSISTANCE: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.REVIEW_DECISION)))
        outside.supplied["00000000-0000-4000-8000-000000000001"] = OUTLINE.model_copy(update={"frequency": "q12h"})
        await story.steer(
            ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id="00000000-0000-4000-8000-000000000001")
        )
        assert await story.ends() is Closing.COMPLETED
    first, anew = outside.requests
    assert ({line.certification for line in anew.lines}, anew.replaces) == ({Certification.INITIAL}, None)
    assert [order.replaces for order in outside.voided] == [first.key]


async def test_a_word_on_the_order_as_it_was_does_not_approve_the_new_one(
    env: WorkflowEnvironment,
) -> None:
    outside = Outside(
        submissions=[PENDED], changes=frozenset({Change.ORDER}), decisions=[(timedelta(days=3), APPROVED)]
    )
    async with Story(env, outside) as story:
        await story.until(lambda: WaitingFor.PAYER in outside.standing.waiting_for)
        first = outside.requests[0].key
        outside.supplied["00000000-0000-4000-8000-000000000001"] = OUTLINE.model_copy(update={"frequency": "q12h"})
        await story.steer(
            ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id="00000000-0000-4000-8000-000000000001")
        )
        outside.stored[first] = APPROVED
        await story.handle.signal(ReferralWorkflow.payer_answered, PayerAnswered(contact_id=first))
        await story.until(lambda: "payer.late_answer" in outside.notes)
        assert LineState.APPROVED not in {line.state for line in outside.standing.lines}
        assert await story.ends() is Closing.COMPLETED
    assert {line.contact for line in outside.standing.lines} == {outside.requests[1].key}


async def test_two_supervisors_start_therapy_at_risk(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[PENDED])
    async with Story(env, outside) as story:
        await story.until(lambda: WaitingFor.PAYER in outside.standing.waiting_for)
        asked = await story.steer(
            ReferralWorkflow.override,
            OverrideRequest(actor=ONE, gate=Gate.AUTHORIZATION, reason=OverrideReason.DISCHARGE_TODAY),
        )
        assert asked.id
        approval = ApproveOverride(actor=ONE, override_id=asked.id)
        with pytest.raises(WorkflowUpdateFailedError) as refusal:
            await story.steer(ReferralWorkflow.approve_override, approval)
        assert "another supervisor" in str(refusal.value.cause)
        await story.steer(ReferralWorkflow.approve_override, approval.model_copy(update={"actor": OTHER}))
        assert await story.ends() is Closing.COMPLETED
    assert {line.state for line in outside.standing.lines} == {LineState.PENDED}
    assert [note for note in outside.notes if note.startswith("override")] == ["override.asked", "override.approved"]


@pytest.mark.parametrize(
    ("answer", "roles", "why"),
    [
        ({"outcome": "suitable_for_home"}, (Role.NURSE,), "the work item is for the role pharmacist"),
        ({"outcome": "suitable_for_home"}, (), "the work item is for the role pharmacist"),
        ({"outcome": "splendid"}, (Role.PHARMACIST,), "outcome"),
        ({"outcome": "suitable_for_home", "color": "red"}, (Role.PHARMACIST,), "<unknown field>"),
    ],
)
async def test_a_wrong_resolution_is_refused_and_changes_nothing(
    env: WorkflowEnvironment, answer: dict[str, str], roles: tuple[Role, ...], why: str
) -> None:
    async with Story(env, Outside(), {K.ASSESS_PATIENT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)))
        (item,) = story.asked(K.ASSESS_PATIENT)
        before = (await story.handle.query(ReferralWorkflow.status)).open_items
        await story.resolve(item, answer, roles=roles)
        (refusal,) = story.refusals
        assert why in refusal
        assert "splendid" not in refusal
        assert "red" not in refusal.replace("referral", "").replace("required", "")
        assert item in before
        assert item in (await story.handle.query(ReferralWorkflow.status)).open_items


async def test_an_item_is_resolved_once(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(submissions=[PENDED])) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)))
        await story.until(lambda: "resolved" in [entry.type for entry in story.outside.entries])
        await story.resolve(story.asked(K.ASSESS_PATIENT)[0], {"outcome": "not_suitable"})
        assert story.refusals == ["Refused: the work item is not open: it was resolved or withdrawn"]


async def test_plain_signals_by_hand_are_taken_or_their_refusal_shows(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.ASSESS_PATIENT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)))
        (item,) = story.asked(K.ASSESS_PATIENT)
        await story.handle.signal("resolve_work_item", "what?")
        await story.handle.signal("hold", {"reason": "away"})
        pharmacist = {"id": "by-hand", "roles": ["pharmacist"]}
        by_hand = {"item_id": item.id, "resolution": {"outcome": "suitable_for_home"}, "actor": pharmacist}
        await story.handle.signal("resolve_work_item", by_hand)
        assert await story.ends() is Closing.COMPLETED
    assert story.outside.notes.count("signal.refused") == 2


async def test_an_overdue_item_is_escalated_level_by_level_and_then_waits(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[PENDED], decisions=[(timedelta(days=12), APPROVED)])
    script = {K.ASSESS_PATIENT: [None]}
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)))
        await env.sleep(timedelta(days=12))
        (item,) = story.asked(K.ASSESS_PATIENT)
        risen = [entry for entry in outside.entries if isinstance(entry, Escalated) and entry.item_id == item.id]
        assert [entry.level for entry in risen] == [1, 2, 3]
        assert risen[0].at >= item.due_at
        await story.resolve(item, {"outcome": "suitable_for_home"})
        assert await story.ends() is Closing.COMPLETED
