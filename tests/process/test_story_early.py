"""What the source's facts can show is found on day one, and holds up only what it blocks."""

from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.referral.facts import BlockedStep, DeidentifiedFacts
from firstdose.domain.work.journal import Resolved
from firstdose.domain.work.role import SOURCE, Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import OUTLINE, PENDED, Outside
from tests.process.story import Script, Story
from workflows.messages import AmendRequest
from workflows.referral import ReferralWorkflow

TOLD = "00000000-0000-4000-8000-000000000001"
UNSIGNED = ("order.signed_on", "patient.allergies", "order.anaphylaxis_kit_ordered")
SUPPLIED: dict[str, Any] = {"outcome": "supplied"}


def lacking(**missing: tuple[str, ...]) -> DeidentifiedFacts:
    return OUTLINE.model_copy(update={"missing": {BlockedStep(step): paths for step, paths in missing.items()}})


def resolved(story: Story) -> list[K | None]:
    return [entry.kind for entry in story.outside.entries if isinstance(entry, Resolved)]


async def test_all_that_is_missing_is_one_item_on_day_one(env: WorkflowEnvironment) -> None:
    outline = lacking(authorization=("order.dose",), dispatch=UNSIGNED)
    outside = Outside(outline=outline, supplied={"*": OUTLINE}, submissions=[PENDED])
    async with Story(env, outside, {K.COMPLETE_REFERRAL: [None]}) as story:
        await story.until(lambda: {K.COMPLETE_REFERRAL, K.CONTACT_PATIENT} <= {item.kind for item in story.items})
        (item,) = story.asked(K.COMPLETE_REFERRAL)
        assert item.asks == {"missing": ["order.dose", *UNSIGNED], "blocks": ["authorization", "dispatch"]}
        assert story.items[0] is item
        await story.until(lambda: "verify_benefits" in outside.effects)
        assert not outside.requests, "the authorization waits for the dose"
        await story.handle.terminate()


async def test_the_item_changes_as_facts_come_and_stays_the_same_item(env: WorkflowEnvironment) -> None:
    outside = Outside(outline=lacking(authorization=("order.dose",), dispatch=UNSIGNED))
    async with Story(env, outside, {K.COMPLETE_REFERRAL: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.COMPLETE_REFERRAL)))
        outside.supplied[TOLD] = lacking(dispatch=UNSIGNED[:1])
        await story.steer(ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id=TOLD))
        await story.until(lambda: bool(outside.requests))
        status = await story.handle.query(ReferralWorkflow.status)
        (item,) = (each for each in status.open_items if each.kind is K.COMPLETE_REFERRAL)
        assert item.asks == {"missing": ["order.signed_on"], "blocks": ["dispatch"]}
        assert item.id == story.asked(K.COMPLETE_REFERRAL)[0].id
        outside.supplied["*"] = OUTLINE
        await story.resolve(item, SUPPLIED)
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.COMPLETE_REFERRAL)) == 1


async def test_facts_that_the_source_sends_close_the_item(env: WorkflowEnvironment) -> None:
    outside = Outside(outline=lacking(dispatch=UNSIGNED))
    async with Story(env, outside, {K.COMPLETE_REFERRAL: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.COMPLETE_REFERRAL)))
        outside.supplied[TOLD] = OUTLINE
        await story.steer(ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id=TOLD))
        assert await story.ends() is Closing.COMPLETED
    assert K.COMPLETE_REFERRAL not in resolved(story)


async def test_the_assessment_does_not_end_while_allergies_are_unknown(env: WorkflowEnvironment) -> None:
    outside = Outside(outline=lacking(dispatch=("patient.allergies",)), supplied={"*": OUTLINE})
    async with Story(env, outside, {K.COMPLETE_REFERRAL: [None]}) as story:
        await story.until(lambda: "assessment.not_final" in outside.notes)
        await story.resolve(story.asked(K.COMPLETE_REFERRAL)[0], SUPPLIED)
        assert await story.ends() is Closing.COMPLETED
    first, second = story.asked(K.ASSESS_PATIENT)
    assert first.asks["missing"] == ["patient.allergies"]
    assert "missing" not in second.asks
    assert resolved(story).index(K.COMPLETE_REFERRAL) < len(resolved(story)) - 1


async def test_the_pharmacist_brings_the_allergies_with_the_assessment(env: WorkflowEnvironment) -> None:
    outside = Outside(outline=lacking(dispatch=("patient.allergies",)), supplied={TOLD: OUTLINE})
    script: Script = {K.COMPLETE_REFERRAL: [None], K.ASSESS_PATIENT: [None]}
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)))
        await story.resolve(story.asked(K.ASSESS_PATIENT)[0], {"outcome": "suitable_for_home"}, message_id=TOLD)
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.ASSESS_PATIENT)) == 1
    assert K.COMPLETE_REFERRAL not in resolved(story)


async def test_who_is_not_suitable_needs_no_allergies(env: WorkflowEnvironment) -> None:
    outside = Outside(outline=lacking(dispatch=("patient.allergies",)))
    script: Script = {K.COMPLETE_REFERRAL: [None], K.ASSESS_PATIENT: [{"outcome": "not_suitable"}]}
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.CLINICALLY_INAPPROPRIATE


async def test_a_supervisor_decides_about_facts_that_cannot_be_had(env: WorkflowEnvironment) -> None:
    outside = Outside(outline=lacking(dispatch=UNSIGNED[:1]), supplied={"*": OUTLINE})
    script: Script = {
        K.COMPLETE_REFERRAL: [{"outcome": "unobtainable"}, SUPPLIED],
        K.RECONCILE: [{"outcome": "retry"}],
    }
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    (asked,) = story.asked(K.RECONCILE)
    assert (asked.role, asked.asks["reason"]) == (Role.SUPERVISOR, "facts_unobtainable")
    assert asked.asks["missing"] == ["order.signed_on"]


async def test_what_is_never_supplied_does_not_go_round_in_circles(env: WorkflowEnvironment) -> None:
    outside = Outside(outline=lacking(dispatch=UNSIGNED[:1]))
    script: Script = {
        K.COMPLETE_REFERRAL: [SUPPLIED],
        K.RECONCILE: [{"outcome": "close", "closing": "expired"}],
    }
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.EXPIRED
    assert len(story.asked(K.COMPLETE_REFERRAL)) == outside.policy.rounds


async def test_a_state_without_our_license_is_a_supervisors_on_day_one(env: WorkflowEnvironment) -> None:
    outside = Outside(outline=OUTLINE.model_copy(update={"state": "HI"}), submissions=[PENDED])
    async with Story(env, outside, {K.RECONCILE: [None], K.CONTACT_PATIENT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.RECONCILE)) and bool(outside.requests))
        (item,) = story.asked(K.RECONCILE)
        assert (item.role, item.asks["reason"], item.asks["state"]) == (Role.SUPERVISOR, "no_license", "HI")
        assert K.CONTACT_PATIENT not in resolved(story)
        await story.resolve(item, {"outcome": "done"})
        assert len(story.refusals) == 1
        await story.resolve(item, {"outcome": "close", "closing": "transferred"})
        assert await story.ends() is Closing.TRANSFERRED


async def test_a_state_that_was_mistaken_settles_itself(env: WorkflowEnvironment) -> None:
    outside = Outside(outline=OUTLINE.model_copy(update={"state": "HI"}))
    async with Story(env, outside, {K.RECONCILE: [None], K.REVIEW_BENEFITS: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.RECONCILE)) and bool(story.asked(K.REVIEW_BENEFITS)))
        outside.supplied[TOLD] = OUTLINE
        await story.steer(ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id=TOLD))
        await story.resolve(story.asked(K.REVIEW_BENEFITS)[0], {"outcome": "accepted", "agreement_signed": True})
        assert await story.ends() is Closing.COMPLETED
    assert K.RECONCILE not in resolved(story)


@pytest.mark.parametrize("state", ["HI", "IL"])
async def test_a_benefits_check_asks_for_what_it_needs_alone(env: WorkflowEnvironment, state: str) -> None:
    outline = lacking(eligibility=("patient.birth_date",), dispatch=UNSIGNED)
    told = OUTLINE.model_copy(update={"benefits_check_only": True, "state": state})
    outside = Outside(outline=outline.model_copy(update={"benefits_check_only": True, "state": state}))
    outside.supplied["*"] = told
    async with Story(env, outside, {K.COMPLETE_REFERRAL: [SUPPLIED]}) as story:
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.COMPLETE_REFERRAL)
    assert item.asks == {"missing": ["patient.birth_date"], "blocks": ["eligibility"]}
    assert not story.asked(K.RECONCILE)
