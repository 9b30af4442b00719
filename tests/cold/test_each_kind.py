"""Each kind of work item is resolved while the worker has just started, and the referral's history replays."""

from collections.abc import Callable

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.care.gates import Gate
from firstdose.domain.payer.channel import Plan
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.work.reasons import OverrideReason
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.ports import Impossible
from tests.cold.cold_story import ColdStory, quick
from tests.process.outside import DENIED, OUTLINE, PENDED, WANTS_NOTES, Outside, says
from tests.process.story import Script, placed
from workflows.messages import OverrideRequest
from workflows.referral import ReferralWorkflow

CASES: dict[str, tuple[set[K], Callable[[], Outside], Script]] = {
    "nothing is wrong": (
        {
            K.CONTACT_PATIENT,
            K.ASSESS_PATIENT,
            K.REVIEW_BENEFITS,
            K.SETTLE_ORDER,
            K.PREPARE_THERAPY,
            K.CONFIRM_VISIT,
            K.CONFIRM_TIME,
            K.REPORT_VISIT,
        },
        lambda: Outside(policy=quick()),
        {},
    ),
    "facts are missing, and the payer has a telephone": (
        {K.COMPLETE_REFERRAL, K.VERIFY_BENEFITS, K.SUBMIT_AUTHORIZATION, K.FOLLOW_UP_PAYER},
        lambda: Outside(
            policy=quick(),
            plan=Plan(payer="acme", phone="555-0100"),
            outline=OUTLINE.model_copy(update={"missing": {BlockedStep.AUTHORIZATION: ("order.diagnoses",)}}),
            supplied={"*": OUTLINE},
        ),
        {
            K.COMPLETE_REFERRAL: [{"outcome": "supplied"}],
            K.VERIFY_BENEFITS: [{"outcome": "answered", "benefits": {"status": "active"}}],
            K.SUBMIT_AUTHORIZATION: [{"outcome": "submitted", "reference": "R-9"}],
            K.FOLLOW_UP_PAYER: [{"outcome": "still_pending"}],
        },
    ),
    "nobody pays, and the stock cannot be had": (
        {K.RESOLVE_COVERAGE, K.RECONCILE},
        lambda: Outside(
            policy=quick(),
            benefits=[Benefits(status=CoverageStatus.INACTIVE)],
            stock=[Impossible(ProblemCode.REFERRAL_SHREDDED), True],
        ),
        {K.RESOLVE_COVERAGE: [{"outcome": "self_pay"}], K.RECONCILE: [{"outcome": "retry"}]},
    ),
    "the payer wants documents": (
        {K.ANSWER_INFORMATION_REQUEST},
        lambda: Outside(policy=quick(), submissions=[WANTS_NOTES]),
        {K.ANSWER_INFORMATION_REQUEST: [{"outcome": "sent", "documents": ["clinical_note"]}]},
    ),
    "the payer denies": (
        {K.REVIEW_DECISION, K.PEER_TO_PEER, K.APPEAL, K.FIND_ASSISTANCE},
        lambda: Outside(policy=quick(), submissions=[DENIED]),
        {
            K.REVIEW_DECISION: [{"outcome": "peer_to_peer"}, {"outcome": "appeal"}, {"outcome": "give_up"}],
            K.PEER_TO_PEER: [{"outcome": "upheld"}],
            K.APPEAL: [{"outcome": "file"}],
            K.FIND_ASSISTANCE: [{"outcome": "none"}],
            K.RESOLVE_COVERAGE: [{"outcome": "close"}],
        },
    ),
    "the patient declines, and the payer does not confirm the cancellation": (
        {K.VOID_AUTHORIZATION},
        lambda: Outside(policy=quick(), voiding=[Impossible(ProblemCode.CANCELLATION_NOT_CONFIRMED)]),
        {
            K.ASSESS_PATIENT: [None],
            K.CONTACT_PATIENT: [{"outcome": "declined"}],
            K.VOID_AUTHORIZATION: [{"outcome": "not_needed"}],
        },
    ),
    "no nurse is needed": (
        {K.CONFIRM_START},
        lambda: Outside(
            policy=quick(),
            outline=OUTLINE.model_copy(update={"needs_nursing": False}),
            submissions=[says(LineState.APPROVED, lines=[1, 2])],
        ),
        {},
    ),
    "no nurse comes, and the visit moves to the suite": (
        {K.REVIEW_CHANGE},
        lambda: Outside(policy=quick()),
        {K.CONFIRM_VISIT: [{"outcome": "declined"}], K.PLACE_VISIT: [{"outcome": "suite"}, placed]},
    ),
    "a reaction in the suite": (
        {K.PLACE_VISIT, K.REVIEW_REACTION},
        lambda: Outside(policy=quick()),
        {
            K.ASSESS_PATIENT: [{"outcome": "suitable_for_suite"}],
            K.PLACE_VISIT: [placed],
            K.REPORT_VISIT: [{"outcome": "reaction"}],
            K.REVIEW_REACTION: [{"outcome": "stop"}],
        },
    ),
}


STEERED = {K.APPROVE_OVERRIDE}
"""Kinds that a steering message opens."""


def test_no_kind_is_left_out() -> None:
    assert set().union(STEERED, *(kinds for kinds, _, _ in CASES.values())) == set(K)


async def test_an_override_is_approved_through_its_item_by_a_cold_worker(
    real: WorkflowEnvironment, keyring: Keyring
) -> None:
    script: Script = {K.CONTACT_PATIENT: [None], K.APPROVE_OVERRIDE: [{"outcome": "approved"}]}
    outside = Outside(policy=quick(), submissions=[PENDED])
    async with ColdStory(real, outside, script, keyring=keyring, cold=STEERED) as story:
        await story.settles()
        asking = Actor(id="asking", roles=(Role.SUPERVISOR,))
        request = OverrideRequest(actor=asking, gate=Gate.AUTHORIZATION, reason=OverrideReason.EMERGENCY)
        await story.steers(ReferralWorkflow.override, request)
        await story.all_resolved()
    assert story.refusals == []
    assert "override.approved" in outside.notes


@pytest.mark.parametrize("case", CASES)
async def test_each_kind_of_item_is_resolved_by_a_cold_worker(
    real: WorkflowEnvironment, keyring: Keyring, case: str
) -> None:
    kinds, outside, script = CASES[case]
    async with ColdStory(real, outside(), script, keyring=keyring, cold=kinds) as story:
        await story.all_resolved()
    assert story.refusals == []
