"""Stories that end before the first infusion: each says why, and undoes what was set in motion."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization.lines import LineState
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.policy import PatientContact, Policy
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.work.role import SOURCE, Actor, Role
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import AGELESS, DENIED, OUTLINE, PENDED, Outside
from tests.process.story import Answer, Story
from workflows.messages import CancelRequest
from workflows.referral import ReferralWorkflow


async def test_denied_and_closed(env: WorkflowEnvironment) -> None:
    script: Mapping[K, Sequence[Answer]] = {
        K.REVIEW_DECISION: [{"outcome": "give_up"}],
        K.FIND_ASSISTANCE: [{"outcome": "none"}],
        K.RESOLVE_COVERAGE: [{"outcome": "close"}],
    }
    async with Story(env, Outside(submissions=[DENIED]), script) as story:
        assert await story.ends() is Closing.DENIED_FINAL
    assert story.outside.standing.stage is Stage.CLOSED
    assert story.outside.milestones == ["2.0", "4.0"]
    assert story.outside.compensations == ["void the authorization"]


async def test_the_patient_cannot_be_reached(env: WorkflowEnvironment) -> None:
    policy = Policy(contact=PatientContact(attempts=3, apart=timedelta(days=2)), ages=AGELESS)
    outside = Outside(policy=policy)
    async with Story(env, outside, {K.CONTACT_PATIENT: [{"outcome": "no_answer"}]}) as story:
        assert await story.ends() is Closing.UNABLE_TO_REACH

    calls = story.asked(K.CONTACT_PATIENT)
    assert [item.asks["attempt"] for item in calls] == [1, 2, 3]
    assert calls[2].opened_at - calls[0].opened_at >= timedelta(days=4)
    assert outside.effects.count("tell_patient") == 1


@pytest.mark.parametrize(
    ("kind", "answer", "closing"),
    [
        (K.CONTACT_PATIENT, {"outcome": "declined"}, Closing.PATIENT_DECLINED),
        (K.REVIEW_BENEFITS, {"outcome": "declined"}, Closing.PATIENT_DECLINED),
        (K.ASSESS_PATIENT, {"outcome": "not_suitable"}, Closing.CLINICALLY_INAPPROPRIATE),
    ],
)
async def test_somebody_says_no(env: WorkflowEnvironment, kind: K, answer: dict[str, object], closing: Closing) -> None:
    async with Story(env, Outside(), {kind: [answer]}) as story:
        assert await story.ends() is closing
        assert story.outside.standing.closing is closing
        assert (await story.handle.query(ReferralWorkflow.status)).open_items == ()


async def test_nobody_pays(env: WorkflowEnvironment) -> None:
    outside = Outside(benefits=[Benefits(status=CoverageStatus.INACTIVE)])
    async with Story(env, outside, {K.RESOLVE_COVERAGE: [{"outcome": "close"}]}) as story:
        assert await story.ends() is Closing.NOT_COVERED


async def test_a_fact_that_cannot_be_had(env: WorkflowEnvironment) -> None:
    lacking = OUTLINE.model_copy(update={"missing": {BlockedStep.ELIGIBILITY: ("patient.birth_date",)}})
    script: Mapping[K, Sequence[Answer]] = {
        K.COMPLETE_REFERRAL: [{"outcome": "unobtainable"}],
        K.RECONCILE: [{"outcome": "close", "closing": "expired"}],
    }
    async with Story(env, Outside(outline=lacking), script) as story:
        assert await story.ends() is Closing.EXPIRED
    assert len(story.asked(K.COMPLETE_REFERRAL)) == 1
    asks = story.asked(K.RECONCILE)[0].asks
    assert (asks["reason"], asks["missing"], asks["blocks"]) == (
        "facts_unobtainable",
        ["patient.birth_date"],
        ["eligibility"],
    )


async def test_the_source_cancels_while_the_visit_is_held(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.REPORT_VISIT: [None]}) as story:
        await story.until(lambda: {"hold_visit", "reserve_stock"} <= set(story.outside.effects))
        await story.steer(ReferralWorkflow.cancel, CancelRequest(actor=SOURCE, reason=Closing.DECEASED))
        assert await story.ends() is Closing.DECEASED

    outside = story.outside
    assert {"return_stock", "release_visit", "void_authorization"} <= set(outside.effects)
    assert outside.compensations[-1] == "void the authorization", "what was done first is undone last"
    assert (story.roster.held, story.shelves.reserved) == ({}, set())
    assert {line.state for line in outside.standing.lines} == {LineState.VOID}
    assert outside.milestones[-2:] == ["5.2", "6.0"]


async def test_cancelled_while_the_payer_decides_stops_all_work(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(submissions=[PENDED]), {K.ASSESS_PATIENT: [None]}) as story:
        await story.until(lambda: bool(story.outside.requests) and bool(story.asked(K.ASSESS_PATIENT)))
        actor = Actor(id="somebody", roles=(Role.INTAKE_COORDINATOR,))
        await story.steer(ReferralWorkflow.cancel, CancelRequest(actor=actor, reason=Closing.WITHDRAWN))
        assert await story.ends() is Closing.WITHDRAWN
        await story.resolve(story.asked(K.ASSESS_PATIENT)[0], {"outcome": "suitable_for_home"})
    assert "withdrawn" in [entry.type for entry in story.outside.entries]
    assert story.refusals == ["the referral is closed"]


async def test_an_operator_cancels_in_temporal_itself(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(submissions=[PENDED]), {K.ASSESS_PATIENT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)) and bool(story.outside.requests))
        await story.handle.cancel()
        assert await story.ends() is Closing.WITHDRAWN
    assert "void_authorization" in story.outside.effects


async def test_a_reaction_stops_the_therapy(env: WorkflowEnvironment) -> None:
    script: Mapping[K, Sequence[Answer]] = {
        K.REPORT_VISIT: [{"outcome": "reaction"}],
        K.REVIEW_REACTION: [{"outcome": "stop"}],
    }
    async with Story(env, Outside(), script) as story:
        assert await story.ends() is Closing.CLINICALLY_INAPPROPRIATE
    assert "tell_prescriber" in story.outside.effects
    (item,) = story.asked(K.REVIEW_REACTION)
    assert item.due_at - item.opened_at == timedelta(hours=1)
