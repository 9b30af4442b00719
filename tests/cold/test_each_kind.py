"""Each kind of work item is resolved while the worker has just started, and the referral's history replays."""

from collections.abc import Callable

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.payer.channel import Plan
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.ports import Impossible
from tests.cold.cold_story import ColdStory, quick
from tests.process.outside import DENIED, OUTLINE, WANTS_NOTES, Outside
from tests.process.story import Script, placed

CASES: dict[str, tuple[set[K], Callable[[], Outside], Script]] = {
    "nothing is wrong": (
        {
            K.CONTACT_PATIENT,
            K.ASSESS_PATIENT,
            K.REVIEW_BENEFITS,
            K.SETTLE_ORDER,
            K.PREPARE_THERAPY,
            K.CONFIRM_VISIT,
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
            K.VERIFY_BENEFITS: [{"outcome": "answered", "benefits": {"status": "active", "channel": "people"}}],
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


def test_no_kind_is_left_out() -> None:
    assert set().union(*(kinds for kinds, _, _ in CASES.values())) == set(K)


@pytest.mark.parametrize("case", CASES)
async def test_each_kind_of_item_is_resolved_by_a_cold_worker(
    real: WorkflowEnvironment, keyring: Keyring, case: str
) -> None:
    kinds, outside, script = CASES[case]
    async with ColdStory(real, outside(), script, keyring=keyring, cold=kinds) as story:
        await story.all_resolved()
    assert story.refusals == []
