"""Every row of the table "what rests on what": a fact changes, and each result that rests on it is looked at again."""

import asyncio
from dataclasses import dataclass, field

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization.lines import LineKind
from firstdose.domain.payer.channel import Channel
from firstdose.domain.referral.facts import CONTACT_ALLOWED, BlockedStep
from firstdose.domain.referral.rests_on import RESTS_ON, SettledResult
from firstdose.domain.referral.versions import OF_FORMER, Change
from firstdose.domain.work.change_review import OWNER_OF
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.ports import AuthorizationRequest
from tests.process.changing import change, is_ready_for_the_visit, reviews, stale
from tests.process.outside import ELECTRONIC, OUTLINE, Outside
from tests.process.story import USUAL, Script, Story

ALL_KINDS = [str(kind) for kind in LineKind]
STILL_HOLDS = USUAL[K.REVIEW_CHANGE]
TOLD_BY_NOBODY = {Change.AGE, Change.HOSPITAL_STAY, Change.AMOUNTS, Change.LINES, Change.WHO_PAYS}
"""These have stories of their own."""
ROWS = [
    (result, fact)
    for result, facts in RESTS_ON.items()
    for fact in Change
    if fact in facts - TOLD_BY_NOBODY and result is not SettledResult.LICENSE
]
FACTS = sorted({fact for _, fact in ROWS})
TRACE = {
    SettledResult.VERIFICATION: "verify_benefits",
    SettledResult.THERAPY: "reserve_stock",
    SettledResult.VISIT: "hold_visit",
}
"""What is done a second time when the result is made anew."""


@pytest.mark.parametrize("fact", FACTS)
async def test_each_result_that_rests_on_a_fact_is_looked_at_again(env: WorkflowEnvironment, fact: Change) -> None:
    async with Story(env, Outside()) as story:
        await is_ready_for_the_visit(story)
        await change(story, fact)
        assert await story.ends() is Closing.COMPLETED
    for result in (each for each, of in ROWS if of is fact):
        if result in stale(story, "made_anew"):
            assert story.outside.effects.count(TRACE.get(result, "")) == (2 if result in TRACE else 0)
        elif result is SettledResult.AGREEMENT and fact in (Change.PAYER, Change.PLAN):
            assert len(story.asked(K.REVIEW_BENEFITS)) == 2
        else:
            (item,) = reviews(story, result)
            assert item.role is OWNER_OF[result]
            assert item.asks["changed"] == [fact]
    rests = {result for result, of in ROWS if of is fact}
    assert {*stale(story, "made_anew"), *stale(story, "reviewed")} <= rests


async def test_a_fact_on_which_nothing_rests_changes_nothing(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside()) as story:
        await is_ready_for_the_visit(story)
        await change(story, Change.LOGISTICS)
        assert await story.ends() is Closing.COMPLETED
    assert stale(story, "made_anew") == stale(story, "reviewed") == []
    assert not story.asked(K.REVIEW_CHANGE)


@pytest.mark.parametrize(
    ("result", "fact", "asked"),
    [
        (SettledResult.ASSESSMENT, Change.HISTORY, K.ASSESS_PATIENT),
        (SettledResult.AGREEMENT, Change.OTHER_COVERAGE, K.REVIEW_BENEFITS),
        (SettledResult.THERAPY, Change.SIGNATURE, K.PREPARE_THERAPY),
        (SettledResult.VISIT, Change.START, K.CONFIRM_VISIT),
    ],
)
async def test_a_result_that_its_owner_has_made_anew_is_asked_for_and_what_it_set_in_motion_undone(
    env: WorkflowEnvironment, result: SettledResult, fact: Change, asked: K
) -> None:
    async with Story(env, Outside(), {K.REVIEW_CHANGE: [{"outcome": "redo"}, {"outcome": "still_holds"}]}) as story:
        await is_ready_for_the_visit(story)
        await change(story, fact)
        assert await story.ends() is Closing.COMPLETED
    assert result in stale(story, "made_anew")
    assert len(story.asked(asked)) == 2
    if result is SettledResult.THERAPY:
        assert story.outside.compensations.count("return the stock") == 1
    if result in (SettledResult.THERAPY, SettledResult.VISIT):
        assert story.outside.compensations.count("release the visit") == 1
    assert (len(story.roster.held), len(story.shelves.reserved)) == (1, 1)


@pytest.mark.parametrize("asked_again", [True, False])
async def test_an_order_that_changes_while_benefits_are_verified_again_is_authorized_anew(
    env: WorkflowEnvironment, asked_again: bool
) -> None:
    """Else the approval of the former order would stand."""
    by_people = ELECTRONIC.model_copy(update={"eligibility": Channel.PEOPLE})
    active = {"outcome": "answered", "benefits": {"status": "active", "needs_authorization": ALL_KINDS}}
    script: Script = {K.VERIFY_BENEFITS: [active, None], K.REVIEW_CHANGE: [{"outcome": "redo"}, STILL_HOLDS]}
    outside = Outside(plan=by_people)
    async with Story(env, outside, script) as story:
        await is_ready_for_the_visit(story)
        await change(story, Change.SUBSCRIBER)
        await story.until(lambda: len(story.asked(K.VERIFY_BENEFITS)) == 2)
        if asked_again:
            await change(story, Change.FREQUENCY, number=2, frequency="q8h")
        await story.resolve(story.asked(K.VERIFY_BENEFITS)[1], active)
        assert await story.ends() is Closing.COMPLETED
    codes = [[line.code for line in request.lines if line.kind is LineKind.PER_DIEM] for request in outside.requests]
    assert codes == ([["S9500"], ["S9502"]] if asked_again else [["S9500"]])
    assert {line.contact for line in outside.standing.lines} == {outside.requests[-1].key}


@dataclass
class VoidsLate(Outside):
    """The payer takes its time to void: meanwhile nobody takes what staff answer."""

    voids: asyncio.Event = field(default_factory=asyncio.Event)

    async def void(self, request: AuthorizationRequest) -> None:
        await super().void(request)
        async with self.happened:
            self.happened.notify_all()
        await self.voids.wait()


@pytest.mark.parametrize(("fact", "asked"), [(Change.ALLERGIES, 2), (Change.LOGISTICS, 1)])
async def test_an_answer_from_before_a_change_that_nobody_has_taken_is_asked_for_again(
    env: WorkflowEnvironment, fact: Change, asked: int
) -> None:
    outside = VoidsLate()
    async with Story(env, outside, {K.ASSESS_PATIENT: [None, USUAL[K.ASSESS_PATIENT]]}) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)) and bool(outside.requests))
        await change(story, Change.PAYER)
        await story.until(lambda: bool(outside.voided))
        await story.resolve(story.asked(K.ASSESS_PATIENT)[0], USUAL[K.ASSESS_PATIENT])
        await change(story, fact, number=2)
        outside.voids.set()
        assert await story.ends() is Closing.COMPLETED
    assert story.refusals == []
    assert len(story.asked(K.ASSESS_PATIENT)) == asked
    assert reviews(story, SettledResult.ASSESSMENT) == []


async def test_a_patient_who_is_not_to_be_contacted_any_more_is_not_visited_before_intake_has_asked(
    env: WorkflowEnvironment,
) -> None:
    no_contact = {**OUTLINE.missing, BlockedStep.CONTACT: (CONTACT_ALLOWED,)}
    async with Story(env, Outside(supplied={"*": OUTLINE}), {K.COMPLETE_REFERRAL: [None]}) as story:
        await is_ready_for_the_visit(story)
        await change(story, Change.CONTACT_ALLOWED, missing=no_contact)
        await story.until(lambda: bool(story.asked(K.COMPLETE_REFERRAL)))
        assert not story.asked(K.REPORT_VISIT)
        await story.resolve(story.asked(K.COMPLETE_REFERRAL)[0], {"outcome": "supplied"})
        assert await story.ends() is Closing.COMPLETED


async def test_in_a_state_without_our_license_nobody_is_dispatched(env: WorkflowEnvironment) -> None:
    close = {"outcome": "close", "closing": "transferred"}
    async with Story(env, Outside(), {K.RECONCILE: [close]}) as story:
        await is_ready_for_the_visit(story)
        await change(story, Change.STATE, state="TX")
        assert await story.ends() is Closing.TRANSFERRED
    assert not story.asked(K.REPORT_VISIT)
    assert [item.asks["reason"] for item in story.asked(K.RECONCILE)] == ["no_license"]


def test_each_fact_is_in_the_table_or_nothing_rests_on_it() -> None:
    known = {fact for facts in RESTS_ON.values() for fact in facts}
    assert set(Change) - known == {Change.LOGISTICS, *OF_FORMER}
