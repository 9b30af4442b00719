"""Stories in which facts change at the worst moment: nothing is dispensed or infused by what no longer holds."""

from datetime import timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization.lines import Certification
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.referral.fact_groups import FactGroup
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.journal import Batch, Opened, Recorded, Resolved
from firstdose.domain.work.reasons import HoldReason
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.changing import change, is_ready_for_the_visit, resolved, reviews, stale
from tests.process.outside import APART, APPROVED, ELECTRONIC, OUTLINE, PENDED, Outside
from tests.process.story import USUAL, Story, placed
from workflows.messages import HoldRequest, ResumeRequest
from workflows.referral import ReferralWorkflow

PHARMACIST = Actor(id="p", roles=(Role.PHARMACIST,))
COORDINATOR = Actor(id="n", roles=(Role.NURSE_COORDINATOR,))
UNSIGNED = {BlockedStep.DISPATCH: ("order.signed_on",)}
SUPPLIED = {"outcome": "supplied"}
REDO = {"outcome": "redo"}


def moment(story: Story, kind: K, *, of: type[Opened] | type[Resolved], number: int = -1) -> int:
    """Where in the journal this is."""
    kinds = [
        at
        for at, entry in enumerate(story.outside.entries)
        if isinstance(entry, of) and (entry.item.kind if isinstance(entry, Opened) else entry.kind) is kind
    ]
    return kinds[number]


async def test_a_plan_and_a_drug_change_in_one_update_and_the_old_drug_is_not_dispensed(
    env: WorkflowEnvironment,
) -> None:
    other = ELECTRONIC.model_copy(update={"payer": "other"})
    outside = Outside(supplied={"*": OUTLINE.model_copy(update={"hcpcs": "J0690"})})
    script: dict[K, list[Any]] = {K.PREPARE_THERAPY: [None, USUAL[K.PREPARE_THERAPY]], K.COMPLETE_REFERRAL: [SUPPLIED]}
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.asked(K.PREPARE_THERAPY)))
        outside.plan = other
        await change(story, Change.PAYER, Change.DRUG, hcpcs="J0690", missing=UNSIGNED)
        await story.resolve(story.asked(K.PREPARE_THERAPY)[0], USUAL[K.PREPARE_THERAPY])
        assert await story.ends() is Closing.COMPLETED
    assert story.refusals == ["Refused: the work item is not open: it was resolved or withdrawn"]
    assert outside.effects.count("verify_benefits") == 2
    first, second = outside.requests
    assert {order.replaces for order in outside.voided} == {first.key}
    assert [line.code for line in second.lines] == ["J0690", "S9500", "99601"]
    assert outside.compensations.count("return the stock") == 1
    assert moment(story, K.COMPLETE_REFERRAL, of=Resolved) < moment(story, K.SETTLE_ORDER, of=Resolved)
    assert len(story.asked(K.SETTLE_ORDER)) == 2
    assert [item.asks["changed"] for item in reviews(story, SettledResult.ASSESSMENT)] == [["drug"]]


async def test_anaphylaxis_to_the_drug_is_looked_at_before_anything_is_dispensed(env: WorkflowEnvironment) -> None:
    script: dict[K, list[Any]] = {K.PREPARE_THERAPY: [None, USUAL[K.PREPARE_THERAPY]], K.REVIEW_CHANGE: [None]}
    async with Story(env, Outside(), script) as story:
        await story.until(lambda: bool(story.asked(K.PREPARE_THERAPY)))
        await change(story, Change.ALLERGIES, by=PHARMACIST, groups=(FactGroup.CLINICAL,))
        await story.until(lambda: bool(reviews(story, SettledResult.ASSESSMENT)))
        await story.resolve(story.asked(K.PREPARE_THERAPY)[0], USUAL[K.PREPARE_THERAPY])
        assert "not open" in story.refusals[0]
        (item,) = reviews(story, SettledResult.ASSESSMENT)
        assert item.asks["why"] == "the assessment is being looked at again because allergies changed"
        await story.resolve(item, REDO)
        await story.until(lambda: bool(reviews(story, SettledResult.THERAPY)))
        assert len(story.asked(K.PREPARE_THERAPY)) == 1
        await story.resolve(reviews(story, SettledResult.THERAPY)[0], REDO)
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.ASSESS_PATIENT)) == 2
    assert story.outside.compensations.count("return the stock") == 1
    assert moment(story, K.REVIEW_CHANGE, of=Resolved) < moment(story, K.PREPARE_THERAPY, of=Opened)


async def test_anaphylaxis_found_unsuitable_ends_the_referral_with_all_undone(env: WorkflowEnvironment) -> None:
    script: dict[K, list[Any]] = {
        K.REVIEW_CHANGE: [REDO],
        K.ASSESS_PATIENT: [USUAL[K.ASSESS_PATIENT], {"outcome": "not_suitable"}],
    }
    async with Story(env, Outside(), script) as story:
        await is_ready_for_the_visit(story)
        await change(story, Change.ALLERGIES)
        assert await story.ends() is Closing.CLINICALLY_INAPPROPRIATE
    assert (story.roster.held, story.shelves.reserved) == ({}, set())
    assert not story.asked(K.REPORT_VISIT)


async def test_another_weight_after_dispensing_is_confirmed_twice_by_the_pharmacist_and_stock_and_visit_stay(
    env: WorkflowEnvironment,
) -> None:
    async with Story(env, Outside()) as story:
        await is_ready_for_the_visit(story)
        await change(story, Change.WEIGHT)
        assert await story.ends() is Closing.COMPLETED
    assert stale(story, "reviewed") == ["assessment", "therapy"]
    assert story.outside.compensations == []
    assert moment(story, K.REVIEW_CHANGE, of=Resolved) < moment(story, K.REPORT_VISIT, of=Opened)


async def test_plan_drug_and_weight_change_at_once_after_dispensing(env: WorkflowEnvironment) -> None:
    outside = Outside(supplied={"*": OUTLINE.model_copy(update={"hcpcs": "J0690"})})
    async with Story(env, outside, {K.COMPLETE_REFERRAL: [SUPPLIED]}) as story:
        await is_ready_for_the_visit(story)
        outside.plan = ELECTRONIC.model_copy(update={"payer": "other"})
        await change(story, Change.PAYER, Change.DRUG, Change.WEIGHT, hcpcs="J0690", missing=UNSIGNED)
        assert await story.ends() is Closing.COMPLETED
    assert stale(story, "made_anew") == ["verification", "authorization", "agreement", "therapy", "visit"]
    assert [item.asks["changed"] for item in story.asked(K.REVIEW_CHANGE)] == [["weight", "drug"]]
    assert sorted(outside.compensations) == ["release the visit", "return the stock"]
    assert "5.1.3" in outside.milestones, "the source is told that the visit is off"
    for kind in (K.SETTLE_ORDER, K.PREPARE_THERAPY, K.CONFIRM_VISIT, K.REVIEW_BENEFITS):
        assert len(story.asked(kind)) == 2, kind
    assert {line.contact for line in outside.standing.lines} == {outside.requests[1].key}


async def test_an_address_in_another_state_releases_the_nurse_and_has_the_home_assessed(
    env: WorkflowEnvironment,
) -> None:
    async with Story(env, Outside()) as story:
        await is_ready_for_the_visit(story)
        await change(story, Change.ADDRESS, Change.STATE, state="IN")
        assert await story.ends() is Closing.COMPLETED
    assert story.outside.compensations == ["release the visit"]
    assert len(story.asked(K.CONFIRM_VISIT)) == 2
    assert [item.asks["changed"] for item in story.asked(K.REVIEW_CHANGE)] == [["address", "state"]]


@pytest.mark.parametrize(("first", "then", "place"), [(Site.HOME, Site.SUITE, "49"), (Site.SUITE, Site.HOME, "12")])
async def test_the_source_changes_the_site(env: WorkflowEnvironment, first: Site, then: Site, place: str) -> None:
    outside = Outside(outline=OUTLINE.model_copy(update={"site": first}))
    async with Story(env, outside, {K.PLACE_VISIT: [placed]}) as story:
        await story.until(lambda: resolved(story) >= {K.REVIEW_BENEFITS, K.PREPARE_THERAPY})
        await story.until(lambda: "hold_visit" in outside.effects)
        await change(story, Change.SITE, site=then)
        assert await story.ends() is Closing.COMPLETED
    assert {line.place_of_service for line in outside.standing.lines} == {place}
    assert {line.certification for line in outside.requests[1].lines} == {Certification.REVISED}
    assert outside.effects.count("hold_visit") == 2
    assert {SettledResult.ASSESSMENT, SettledResult.AGREEMENT} == {
        item.asks["result"] for item in story.asked(K.REVIEW_CHANGE)
    }


@pytest.mark.parametrize("fact", [Change.NAME, Change.BIRTH_DATE, Change.MEMBER])
async def test_benefits_are_verified_again_for_another_name_and_the_authorization_stays(
    env: WorkflowEnvironment, fact: Change
) -> None:
    async with Story(env, Outside()) as story:
        await is_ready_for_the_visit(story)
        await change(story, fact)
        assert await story.ends() is Closing.COMPLETED
    assert story.outside.effects.count("verify_benefits") == 2
    assert (len(story.outside.requests), story.outside.voided) == (1, [])
    assert len(story.asked(K.REVIEW_BENEFITS)) == 1


async def test_an_agreement_for_other_amounts_is_looked_at_again(env: WorkflowEnvironment) -> None:
    benefits = [Benefits(status=CoverageStatus.ACTIVE, copay=copay) for copay in (40, 90)]
    async with Story(env, Outside(benefits=benefits), {K.REVIEW_CHANGE: [REDO]}) as story:
        await is_ready_for_the_visit(story)
        await change(story, Change.MEMBER)
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.REVIEW_CHANGE)
    assert (item.role, item.asks["changed"]) == (Role.CUSTOMER_SERVICE, ["amounts"])
    assert [each.asks["copay"] for each in story.asked(K.REVIEW_BENEFITS)] == ["40", "90"]


async def test_coverage_that_ends_with_the_new_member_id_takes_the_request_back(env: WorkflowEnvironment) -> None:
    benefits = [Benefits(status=status) for status in (CoverageStatus.ACTIVE, CoverageStatus.INACTIVE)]
    outside = Outside(benefits=benefits)
    async with Story(env, outside, {K.RESOLVE_COVERAGE: [{"outcome": "self_pay"}]}) as story:
        await is_ready_for_the_visit(story)
        await change(story, Change.MEMBER)
        assert await story.ends() is Closing.COMPLETED
    assert [order.replaces for order in outside.voided] == [outside.requests[0].key]
    assert {line.state for line in outside.standing.lines} == {"not_required"}
    assert [item.asks["changed"] for item in story.asked(K.REVIEW_CHANGE)] == [["who_pays"]]


async def test_what_people_heard_from_the_payer_is_looked_at_by_people(env: WorkflowEnvironment) -> None:
    lines = [{"sequence": each, "state": "approved"} for each in (1, 2, 3)]
    script: dict[K, list[Any]] = {
        K.VERIFY_BENEFITS: [{"outcome": "answered", "benefits": {"status": "active"}}],
        K.SUBMIT_AUTHORIZATION: [{"outcome": "answered", "lines": lines}],
    }
    async with Story(env, Outside(plan=Plan(payer="acme", phone="555-0100")), script) as story:
        await is_ready_for_the_visit(story)
        await change(story, Change.NAME, Change.DIAGNOSES)
        assert await story.ends() is Closing.COMPLETED
    assert [item.asks["result"] for item in story.asked(K.REVIEW_CHANGE)] == ["verification", "authorization"]
    assert {item.role for item in story.asked(K.REVIEW_CHANGE)} == {Role.REIMBURSEMENT_SPECIALIST}
    assert len(story.asked(K.VERIFY_BENEFITS)) == len(story.asked(K.SUBMIT_AUTHORIZATION)) == 1


@pytest.mark.parametrize("fact", [Change.DRUG, Change.FREQUENCY])
async def test_what_people_obtained_for_other_lines_is_obtained_anew(env: WorkflowEnvironment, fact: Change) -> None:
    lines = [{"sequence": each, "state": "approved"} for each in (1, 2, 3)]
    plan = Plan(payer="acme", eligibility=Channel.PAS, phone="555-0100")
    script: dict[K, list[Any]] = {K.SUBMIT_AUTHORIZATION: [{"outcome": "answered", "lines": lines}]}
    async with Story(env, Outside(plan=plan), script) as story:
        await is_ready_for_the_visit(story)
        await change(story, fact, frequency="q12h" if fact is Change.FREQUENCY else "q24h")
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.SUBMIT_AUTHORIZATION)) == 2


@pytest.mark.parametrize("fact", [Change.DIAGNOSES, Change.PRESCRIBER])
async def test_the_payers_request_is_updated(env: WorkflowEnvironment, fact: Change) -> None:
    async with Story(env, Outside()) as story:
        await is_ready_for_the_visit(story)
        await change(story, fact)
        assert await story.ends() is Closing.COMPLETED
    first, update = story.outside.requests
    assert ({line.certification for line in update.lines}, update.replaces) == ({Certification.REVISED}, first.key)


async def test_more_that_changes_is_added_to_the_question(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.REVIEW_CHANGE: [None]}) as story:
        await is_ready_for_the_visit(story)
        await change(story, Change.CAREGIVER)
        await story.until(lambda: len(story.asked(K.REVIEW_CHANGE)) == 1)
        await change(story, Change.HISTORY, number=2)
        await story.until(lambda: len(story.asked(K.REVIEW_CHANGE)) == 2)
        first, second = story.asked(K.REVIEW_CHANGE)
        await story.resolve(first, {"outcome": "still_holds"})
        assert story.refusals
        assert second.asks["changed"] == ["history", "caregiver"]
        await story.resolve(second, {"outcome": "still_holds"})
        assert await story.ends() is Closing.COMPLETED


async def test_what_an_older_store_tells_counts_too(env: WorkflowEnvironment) -> None:
    """It did not say which message changed what."""

    class Older(Outside):
        async def record(self, batch: Batch) -> Recorded:
            return (await super().record(batch)).model_copy(update={"by_message": ()})

    async with Story(env, Older()) as story:
        await is_ready_for_the_visit(story)
        await change(story, Change.PATIENT)
        assert await story.ends() is Closing.COMPLETED
    assert stale(story, "made_anew") == ["verification"]
    assert stale(story, "reviewed") == ["assessment", "therapy"]


async def test_a_fact_that_changes_again_and_again_is_confirmed_every_time(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(policy=APART.model_copy(update={"rounds": 2}))) as story:
        await is_ready_for_the_visit(story)
        for number in range(1, 5):
            await change(story, Change.CAREGIVER, number=number)
            await story.until(
                lambda number=number: story.outside.notes.count("result.reviewed") == number  # type: ignore[misc]
            )
        assert await story.ends() is Closing.COMPLETED
    assert [item.asks["time"] for item in story.asked(K.REVIEW_CHANGE)] == [1, 2, 3, 4]
    assert not story.asked(K.RECONCILE)


async def test_what_the_pharmacist_finds_in_the_assessment_does_not_make_it_stale(env: WorkflowEnvironment) -> None:
    outside = Outside(brought={K.ASSESS_PATIENT: frozenset({Change.ALLERGIES, Change.WEIGHT})})
    async with Story(env, outside) as story:
        assert await story.ends() is Closing.COMPLETED
    assert not story.asked(K.REVIEW_CHANGE)


async def test_an_alternative_is_settled_once_and_authorized_and_assessed(env: WorkflowEnvironment) -> None:
    outside = Outside(brought={K.SETTLE_ORDER: frozenset({Change.DRUG})})
    async with Story(env, outside, {K.SETTLE_ORDER: [{"outcome": "alternative"}]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.SETTLE_ORDER)) == 1
    assert len(outside.requests) == 2
    assert [item.asks["result"] for item in story.asked(K.REVIEW_CHANGE)] == ["assessment"]


async def test_a_weight_that_comes_with_another_answer_after_the_assessment_is_looked_at(
    env: WorkflowEnvironment,
) -> None:
    outside = Outside(
        outline=OUTLINE.model_copy(update={"missing": {BlockedStep.DISPATCH: ("patient.weight_kg",)}}),
        supplied={"*": OUTLINE},
        brought={K.COMPLETE_REFERRAL: frozenset({Change.WEIGHT})},
    )
    async with Story(env, outside, {K.COMPLETE_REFERRAL: [None]}) as story:
        await story.until(lambda: K.ASSESS_PATIENT in resolved(story))
        await story.resolve(story.asked(K.COMPLETE_REFERRAL)[0], SUPPLIED)
        assert await story.ends() is Closing.COMPLETED
    assert [item.asks["result"] for item in story.asked(K.REVIEW_CHANGE)] == ["assessment"]


async def test_after_a_stay_in_hospital_assessment_therapy_and_visit_are_looked_at_again(
    env: WorkflowEnvironment,
) -> None:
    async with Story(env, Outside()) as story:
        await is_ready_for_the_visit(story)
        held = HoldRequest(actor=COORDINATOR, reason=HoldReason.HOSPITALIZED)
        await story.steer(ReferralWorkflow.hold, held)
        await story.until(lambda: {"release the visit", "return the stock"} <= set(story.outside.compensations))
        await story.steer(ReferralWorkflow.resume, ResumeRequest(actor=COORDINATOR))
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.REVIEW_CHANGE)
    assert item.asks["why"] == "the assessment is being looked at again because the patient was in hospital"
    assert len(story.asked(K.SETTLE_ORDER)) == len(story.asked(K.CONFIRM_VISIT)) == 2


async def test_the_end_of_a_stay_that_was_known_counts_too(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(submissions=[PENDED], decisions=[(timedelta(days=9), APPROVED)])) as story:
        await story.until(lambda: K.ASSESS_PATIENT in resolved(story))
        until = story.asked(K.ASSESS_PATIENT)[0].opened_at + timedelta(days=3)
        held = HoldRequest(actor=COORDINATOR, reason=HoldReason.HOSPITALIZED, until=until)
        await story.steer(ReferralWorkflow.hold, held)
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.REVIEW_CHANGE)
    assert item.opened_at >= until


async def test_a_nurse_on_the_way_may_report_while_something_is_looked_at_again(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.REVIEW_CHANGE: [None], K.REPORT_VISIT: [None]}) as story:
        await is_ready_for_the_visit(story)
        await env.sleep(timedelta(days=3))
        await story.until(lambda: bool(story.asked(K.REPORT_VISIT)))
        await change(story, Change.WEIGHT, by=PHARMACIST, groups=(FactGroup.CLINICAL,))
        await story.until(lambda: bool(reviews(story, SettledResult.ASSESSMENT)))
        await story.resolve(story.asked(K.REPORT_VISIT)[0], USUAL[K.REPORT_VISIT])
        await story.resolve(reviews(story, SettledResult.ASSESSMENT)[0], REDO)
        assert await story.ends() is Closing.COMPLETED
    assert "release_visit" not in story.outside.effects
    assert len(story.asked(K.REPORT_VISIT)) == 1
