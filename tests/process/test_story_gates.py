"""A story for each gate: it closes, its step is taken, and the referral goes on; what stays closed goes to a person."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization.lines import Certification, LineAnswer, LineState, PayerAnswer
from firstdose.domain.referral.facts import CONTACT_ALLOWED, BlockedStep, DeidentifiedFacts
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.journal import Noted, Withdrawn
from firstdose.domain.work.reasons import HoldReason
from firstdose.domain.work.role import SOURCE, Actor, Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.changing import change, reviews
from tests.process.outside import APPROVED, OUTLINE, Outside, says
from tests.process.story import UNDO, USUAL, Answer, Script, Story, ready, visit_at
from workflows.messages import AmendRequest, HoldRequest
from workflows.referral import ReferralWorkflow

LONG_AGO, LATER = date(2020, 1, 1), timedelta(days=10)
ENDED = PayerAnswer(lines=tuple(LineAnswer(sequence=n, state=LineState.APPROVED, valid_to=LONG_AGO) for n in (1, 2, 3)))


def past_its_date(item: WorkItem, now: datetime) -> Mapping[str, Any]:
    return {**ready(item, now), "beyond_use": (now + timedelta(days=1)).isoformat()}


def without_kit(item: WorkItem, now: datetime) -> Mapping[str, Any]:
    return {**ready(item, now), "kit_present": False}


def exempt(item: WorkItem, now: datetime) -> Mapping[str, Any]:
    return {**without_kit(item, now), "kit_exemption": "not_first_dose"}


def when_possible(item: WorkItem, now: datetime) -> Mapping[str, Any]:
    if first := item.asks.get("possible_from"):
        return {**visit_at(item, now), "visit_at": f"{first}T15:00:00+00:00"}
    return visit_at(item, now)


async def scheduled_but_unsigned(story: Story) -> None:
    """Until everything but the agreement is there."""
    await story.until(lambda: "5.1.1" in story.outside.milestones and _prepared(story))


def _prepared(story: Story) -> bool:
    resolved = [entry for entry in story.outside.entries if entry.type == "resolved"]
    return K.PREPARE_THERAPY in [entry.kind for entry in resolved] and bool(story.asked(K.REVIEW_BENEFITS))


async def amended(story: Story, facts: DeidentifiedFacts, number: int = 1) -> None:
    message = f"00000000-0000-4000-8000-{number:012d}"
    story.outside.supplied[message] = facts
    await story.steer(ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id=message))


async def signed(story: Story) -> None:
    await story.resolve(story.asked(K.REVIEW_BENEFITS)[-1], USUAL[K.REVIEW_BENEFITS])


def closed(story: Story) -> list[list[str]]:
    """The gates that were closed, each time that any were."""
    noted = [entry for entry in story.outside.entries if isinstance(entry, Noted)]
    return [[str(gate) for gate in entry.details["gates"]] for entry in noted if entry.action == "dispatch.blocked"]


async def test_licensed_opens_when_the_facts_say_another_state(env: WorkflowEnvironment) -> None:
    elsewhere = OUTLINE.model_copy(update={"state": "CA"})
    async with Story(env, Outside(outline=elsewhere)) as story:
        await story.until(lambda: bool(story.asked(K.RECONCILE)))
        await amended(story, OUTLINE)
        assert await story.ends() is Closing.COMPLETED
    (asked,) = story.asked(K.RECONCILE)
    assert asked.asks["reason"] == "no_license"
    assert asked.id in [entry.item_id for entry in story.outside.entries if isinstance(entry, Withdrawn)]


async def test_order_a_signature_that_is_missing_after_all_is_asked_for(env: WorkflowEnvironment) -> None:
    unsigned = OUTLINE.model_copy(update={"missing": {BlockedStep.DISPATCH: ("order.signed_on",)}})
    script: Script = {K.REVIEW_BENEFITS: [None], K.COMPLETE_REFERRAL: [None]}
    async with Story(env, Outside(supplied={"*": OUTLINE}), script) as story:
        await scheduled_but_unsigned(story)
        await amended(story, unsigned)
        await signed(story)
        await story.until(lambda: bool(closed(story)))
        await story.resolve(story.asked(K.COMPLETE_REFERRAL)[0], {"outcome": "supplied"})
        assert await story.ends() is Closing.COMPLETED
    assert closed(story) == [["order"]]
    assert story.asked(K.COMPLETE_REFERRAL)[0].asks["missing"] == ["order.signed_on"]
    assert len(story.asked(K.PREPARE_THERAPY)) == 1, "what was prepared stays"


async def test_authorization_that_begins_later_moves_the_visit(env: WorkflowEnvironment) -> None:
    begins = ((await env.get_current_time()) + LATER).date()
    later = tuple(LineAnswer(sequence=n, state=LineState.APPROVED, valid_from=begins) for n in (1, 2, 3))
    outside = Outside(submissions=[ENDED, PayerAnswer(lines=later)])
    async with Story(env, outside, {K.CONFIRM_VISIT: [visit_at, when_possible]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert closed(story) == [["authorization"] * 3] * 2
    assert [{line.certification for line in request.lines} for request in outside.requests] == [
        {Certification.INITIAL},
        {Certification.RENEWAL},
    ]
    assert outside.milestones == ["2.0", "3.0", "5.1.1", "5.1.3", "5.1.1", "5.1.4", "7.0"]
    assert outside.standing.visit_at is not None
    assert outside.standing.visit_at.date() == begins


async def test_authorization_that_ends_in_part_and_begins_later_in_part(env: WorkflowEnvironment) -> None:
    begins = ((await env.get_current_time()) + LATER).date()
    ended = LineAnswer(sequence=1, state=LineState.APPROVED, valid_to=LONG_AGO)
    later = tuple(LineAnswer(sequence=n, state=LineState.APPROVED, valid_from=begins) for n in (2, 3))
    outside = Outside(submissions=[PayerAnswer(lines=(ended, *later)), says(LineState.APPROVED, lines=[1])])
    async with Story(env, outside, {K.CONFIRM_VISIT: [visit_at, when_possible]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert [line.sequence for line in outside.requests[1].lines] == [1], "what begins later is not renewed"
    assert outside.standing.visit_at is not None
    assert outside.standing.visit_at.date() >= begins


async def test_assessment_for_the_suite_is_made_anew_for_the_home(env: WorkflowEnvironment) -> None:
    script: Script = {
        K.REVIEW_BENEFITS: [None],
        K.REVIEW_CHANGE: [None, USUAL[K.REVIEW_CHANGE]],
        K.ASSESS_PATIENT: [{"outcome": "suitable_for_suite"}, {"outcome": "suitable_for_home"}],
    }
    async with Story(env, Outside(outline=OUTLINE.model_copy(update={"site": Site.SUITE})), script) as story:
        await scheduled_but_unsigned(story)
        await change(story, Change.SITE, site=Site.HOME)
        await story.until(lambda: bool(reviews(story, SettledResult.ASSESSMENT)))
        await story.resolve(reviews(story, SettledResult.ASSESSMENT)[0], {"outcome": "redo"})
        await signed(story)
        assert await story.ends() is Closing.COMPLETED
    assert [item.asks["site"] for item in story.asked(K.ASSESS_PATIENT)] == ["suite", "home"]
    assert [item.asks["site"] for item in story.asked(UNDO)] == ["suite", "suite"], "where the visit was to be"
    assert [hold.visit.nurse for hold in story.roster.held.values()] == ["rn-1"]


async def test_agreement_is_signed_again_when_who_pays_changes(env: WorkflowEnvironment) -> None:
    """The last moment at which it can change: the payer takes back its approval while the visit is scheduled."""
    denied = LineAnswer(sequence=3, state=LineState.DENIED)
    outside = Outside()
    script: Script = {
        K.REVIEW_DECISION: [{"outcome": "give_up"}],
        K.FIND_ASSISTANCE: [{"outcome": "none"}],
        K.RESOLVE_COVERAGE: [{"outcome": "self_pay"}],
        K.CONFIRM_TIME: [None, {"outcome": "confirmed"}],
    }
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.asked(K.CONFIRM_TIME)))
        contact = outside.requests[0].key
        outside.stored[contact] = PayerAnswer(lines=(denied,))
        await story.handle.signal(ReferralWorkflow.payer_answered, {"contact_id": contact})
        await story.until(lambda: len(story.asked(K.REVIEW_BENEFITS)) == 2)
        await story.resolve(story.asked(K.CONFIRM_TIME)[0], {"outcome": "confirmed"})
        assert await story.ends() is Closing.COMPLETED
    assert story.asked(K.REVIEW_BENEFITS)[1].asks["not_paid_by_plan"] == ["nursing"]


async def test_therapy_past_its_date_by_the_visit_is_prepared_again(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.PREPARE_THERAPY: [past_its_date, ready]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert closed(story) == [["therapy"]]
    assert story.outside.effects.count("return_stock") == 1
    assert story.outside.milestones.count("5.1.1") == 1, "the visit stays where it is"


async def test_a_gate_that_closes_again_for_the_same_reason_goes_to_a_supervisor(env: WorkflowEnvironment) -> None:
    script: Script = {
        K.PREPARE_THERAPY: [past_its_date],
        K.RECONCILE: [{"outcome": "retry"}, {"outcome": "close", "closing": "transferred"}],
    }
    async with Story(env, Outside(), script) as story:
        assert await story.ends() is Closing.TRANSFERRED
    assert len(story.asked(K.PREPARE_THERAPY)) == 3, "once by itself, and once for each time that a person says so"
    first, second = story.asked(K.RECONCILE)
    assert first.asks["reason"] == second.asks["reason"] == "gate_closed_again"
    assert first.asks["tried"] == ["the pharmacist has the therapy prepared and delivered"]
    assert "beyond-use date" in first.asks["blocked_by"][0]


@pytest.mark.parametrize(
    "mended",
    [ready, exempt],
    ids=["kit", "exemption"],
)
async def test_kit_is_added_or_its_exemption_documented_without_a_new_drug(
    env: WorkflowEnvironment, mended: Answer
) -> None:
    async with Story(env, Outside(), {K.PREPARE_THERAPY: [without_kit, mended]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert closed(story) == [["kit"]]
    assert "kit" in story.asked(K.PREPARE_THERAPY)[1].asks["to_mend"][0]
    assert "return_stock" not in story.outside.effects
    assert story.outside.effects.count("reserve_stock") == 1


async def test_visit_time_that_has_passed_moves_the_visit(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.REVIEW_BENEFITS: [None]}) as story:
        await scheduled_but_unsigned(story)
        await env.sleep(timedelta(days=3))
        await signed(story)
        assert await story.ends() is Closing.COMPLETED
    assert closed(story) == [["visit_time"]]
    assert story.outside.milestones == ["2.0", "3.0", "5.1.1", "5.1.3", "5.1.1", "5.1.4", "7.0"]


async def test_nurse_whom_the_roster_no_longer_lets_go_is_replaced(env: WorkflowEnvironment) -> None:
    outside = Outside()
    async with Story(env, outside, {K.REVIEW_BENEFITS: [None]}) as story:
        await scheduled_but_unsigned(story)
        outside.nurses = ("rn-2",)
        await signed(story)
        assert await story.ends() is Closing.COMPLETED
    assert closed(story) == [["nurse"]]
    assert [hold.visit.nurse for hold in story.roster.held.values()] == ["rn-2"]


async def test_patient_wants_another_time_and_confirms_that(env: WorkflowEnvironment) -> None:
    first = ((await env.get_current_time()) + LATER).date().isoformat()
    script: Script = {
        K.CONFIRM_TIME: [{"outcome": "another_time", "available_from": first}, {"outcome": "confirmed"}],
        K.CONFIRM_VISIT: [visit_at, when_possible],
    }
    async with Story(env, Outside(), script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert closed(story) == []
    assert story.outside.milestones.count("5.1.1") == 1, "a time that nobody confirmed was never told"
    assert "5.1.3" not in story.outside.milestones
    assert [item.asks.get("possible_from") for item in story.asked(K.CONFIRM_VISIT)] == [None, first]


async def test_patient_who_does_not_confirm_has_the_visit_arranged_again_and_then_a_supervisor(
    env: WorkflowEnvironment,
) -> None:
    script: Script = {K.CONFIRM_TIME: [None], K.RECONCILE: [{"outcome": "close", "closing": "unable_to_reach"}]}
    async with Story(env, Outside(), script) as story:
        assert await story.ends() is Closing.UNABLE_TO_REACH
    assert len(story.asked(K.CONFIRM_TIME)) == 2
    assert closed(story) == [["visit_time", "patient_confirmed"]] * 2
    assert (story.roster.held, story.shelves.reserved) == ({}, set())


async def test_hold_over_the_time_of_the_visit_moves_it(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.REVIEW_BENEFITS: [None]}) as story:
        await scheduled_but_unsigned(story)
        until = story.items[0].opened_at + LATER
        held = HoldRequest(
            actor=Actor(id="n", roles=(Role.NURSE_COORDINATOR,)), reason=HoldReason.PATIENT_AWAY, until=until
        )
        await story.steer(ReferralWorkflow.hold, held)
        await signed(story)
        assert await story.ends() is Closing.COMPLETED
    assert closed(story) == [["visit_time"]]
    assert story.outside.standing.visit_at is not None
    assert story.outside.standing.visit_at > until


async def test_contact_that_is_not_allowed_any_more_is_settled_first(env: WorkflowEnvironment) -> None:
    refused = OUTLINE.model_copy(update={"missing": {BlockedStep.CONTACT: (CONTACT_ALLOWED,)}})
    script: Script = {K.REVIEW_BENEFITS: [None], K.COMPLETE_REFERRAL: [None]}
    async with Story(env, Outside(supplied={"*": OUTLINE}), script) as story:
        await scheduled_but_unsigned(story)
        await amended(story, refused)
        await signed(story)
        await story.until(lambda: bool(closed(story)))
        await story.resolve(story.asked(K.COMPLETE_REFERRAL)[0], {"outcome": "supplied"})
        assert await story.ends() is Closing.COMPLETED
    assert closed(story) == [["contact"]]
    assert [item.asks["blocks"] for item in story.asked(K.COMPLETE_REFERRAL)] == [["contact"]]


async def test_all_closed_gates_reopen_together(env: WorkflowEnvironment) -> None:
    unsigned = OUTLINE.model_copy(update={"missing": {BlockedStep.DISPATCH: ("order.signed_on",)}})
    script: Script = {
        K.REVIEW_BENEFITS: [None],
        K.PREPARE_THERAPY: [without_kit, None],
        K.COMPLETE_REFERRAL: [None],
        K.CONFIRM_VISIT: [visit_at, None],
        K.PLACE_VISIT: [None],
    }
    outside = Outside(supplied={"*": OUTLINE})
    async with Story(env, outside, script) as story:
        await scheduled_but_unsigned(story)
        await env.sleep(timedelta(days=3))
        await amended(story, unsigned)
        await signed(story)
        await story.until(lambda: bool(story.asked(K.COMPLETE_REFERRAL)) and len(story.asked(K.CONFIRM_VISIT)) == 2)
        assert closed(story) == [["order", "kit", "visit_time"]]
        await story.resolve(story.asked(K.COMPLETE_REFERRAL)[0], {"outcome": "supplied"})
        await story.resolve(story.asked(K.CONFIRM_VISIT)[1], visit_at)
        await story.until(lambda: len(story.asked(K.PREPARE_THERAPY)) == 2)
        await story.resolve(story.asked(K.PREPARE_THERAPY)[1], ready)
        assert await story.ends() is Closing.COMPLETED
    assert closed(story) == [["order", "kit", "visit_time"]]


async def test_authorization_and_beyond_use_date_both_over(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[ENDED, APPROVED])
    async with Story(env, outside, {K.PREPARE_THERAPY: [past_its_date, ready]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert closed(story) == [["authorization"] * 3 + ["therapy"]]
    assert {line.certification for line in outside.requests[1].lines} == {Certification.RENEWAL}
    assert len(story.asked(K.PREPARE_THERAPY)) == 2
    assert not story.asked(K.RECONCILE)
