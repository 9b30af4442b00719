"""Stories of what used to be the end of the road: each has a way on, and closing is only ever a person's own choice."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization.lines import LineKind, LineState, PayerAnswer
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.referral.order import Site
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.ports import VisitHold
from tests.process.outside import APPROVED, DENIED, OUTLINE, Outside, Roster, says
from tests.process.story import Answer, Script, Story, placed, visit_at

APPROVED_BUT_NURSING = PayerAnswer(
    lines=(*says(LineState.APPROVED, lines=(1, 2)).lines, *says(LineState.DENIED, lines=(3,)).lines)
)
LOST: Script = {K.REVIEW_DECISION: [{"outcome": "give_up"}], K.FIND_ASSISTANCE: [{"outcome": "none"}]}


def without_kit(_: WorkItem, now: datetime) -> Mapping[str, Any]:
    return {"outcome": "ready", "beyond_use": (now + timedelta(days=14)).isoformat()}


def exempt(reason: str) -> Answer:
    def answer(item: WorkItem, now: datetime) -> Mapping[str, Any]:
        return {**without_kit(item, now), "kit_exemption": reason}

    return answer


class Choosy(Roster):
    """Knows two nurses; a name that is mistyped is none of them."""

    async def hold(self, hold: VisitHold) -> Any:
        return hold.visit.nurse in self.outside.nurses and await super().hold(hold)


async def test_a_mistyped_nurse_is_asked_for_again(env: WorkflowEnvironment) -> None:
    def mistyped(item: WorkItem, now: datetime) -> Mapping[str, Any]:
        return {**placed(item, now), "nurse": "rn-11"}

    script: Script = {K.CONFIRM_VISIT: [{"outcome": "declined"}], K.PLACE_VISIT: [mistyped, placed]}
    story = Story(env, Outside(), script)
    story.roster = Choosy(story.outside)
    async with story:
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.PLACE_VISIT)) == 2
    assert not story.asked(K.RECONCILE)


async def test_a_visit_that_is_not_possible_is_a_supervisors_question(env: WorkflowEnvironment) -> None:
    script: Script = {
        K.CONFIRM_VISIT: [{"outcome": "declined"}],
        K.PLACE_VISIT: [{"outcome": "not_possible"}, {"outcome": "suite"}, placed],
        K.RECONCILE: [{"outcome": "retry"}],
    }
    async with Story(env, Outside(), script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert story.asked(K.RECONCILE)[0].asks["reason"] == "visit_not_possible"
    assert {line.place_of_service for line in story.outside.standing.lines} == {"49"}


async def test_protocol_refused_at_home_moves_the_first_dose_to_the_suite(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[APPROVED, says(LineState.APPROVED, lines=(1, 2))])
    script: Script = {
        K.SETTLE_ORDER: [{"outcome": "kit_refused"}],
        K.PREPARE_THERAPY: [exempt("suite_equipment")],
    }
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert {line.place_of_service for line in outside.standing.lines} == {"49"}
    assert [item.asks.get("kit_refused") for item in story.asked(K.PREPARE_THERAPY)] == [True]
    assert not story.asked(K.RECONCILE)


async def test_protocol_refused_in_the_suite_is_documented(env: WorkflowEnvironment) -> None:
    script: Script = {
        K.SETTLE_ORDER: [{"outcome": "kit_refused"}],
        K.PREPARE_THERAPY: [without_kit, exempt("suite_equipment")],
    }
    async with Story(env, Outside(outline=OUTLINE.model_copy(update={"site": Site.SUITE})), script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.PREPARE_THERAPY)) == 2, "without kit or exemption the pharmacist is asked again"


async def test_the_suites_equipment_is_no_exemption_at_home(env: WorkflowEnvironment) -> None:
    script: Script = {K.PREPARE_THERAPY: [exempt("suite_equipment"), exempt("low_risk_drug")]}
    async with Story(env, Outside(), script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.PREPARE_THERAPY)) == 2


async def test_a_drug_without_a_code_is_asked_for_under_the_unlisted_one_and_supplied_by_lot(
    env: WorkflowEnvironment,
) -> None:
    outside = Outside(outline=OUTLINE.model_copy(update={"hcpcs": None}), stock=[False])
    script: Script = {K.SETTLE_ORDER: [{"outcome": "settled"}, {"outcome": "from_elsewhere", "lots": ["B-77"]}]}
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert story.asked(K.SETTLE_ORDER)[1].asks["problem"] == "drug_without_code"
    assert story.asked(K.PREPARE_THERAPY)[0].asks["lot"] == "B-77"
    assert outside.standing.lines[0].code == "J3490"
    assert "return_stock" not in outside.effects


async def test_out_of_stock_until_a_date(env: WorkflowEnvironment) -> None:
    def in_a_day(_: WorkItem, now: datetime) -> Mapping[str, Any]:
        return {"outcome": "later", "available_from": (now + timedelta(days=1)).isoformat()}

    outside = Outside(stock=[False, True])
    async with Story(env, outside, {K.SETTLE_ORDER: [{"outcome": "settled"}, in_a_day]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert story.asked(K.PREPARE_THERAPY)[0].opened_at >= story.asked(K.SETTLE_ORDER)[1].opened_at + timedelta(days=1)


@pytest.mark.parametrize(
    ("decided", "closing"),
    [
        ({"outcome": "retry"}, Closing.COMPLETED),
        ({"outcome": "close", "closing": "transferred"}, Closing.TRANSFERRED),
    ],
)
async def test_a_drug_that_cannot_be_had_is_a_supervisors_question(
    env: WorkflowEnvironment, decided: Answer, closing: Closing
) -> None:
    script: Script = {
        K.SETTLE_ORDER: [{"outcome": "settled"}, {"outcome": "unavailable"}, {"outcome": "alternative"}],
        K.RECONCILE: [decided],
    }
    async with Story(env, Outside(stock=[False, True]), script) as story:
        assert await story.ends() is closing
    assert story.asked(K.RECONCILE)[0].asks == {"reason": "drug_unobtainable", "problem": "drug_unavailable"}


async def test_as_many_lots_as_medications(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(stock=[False]), {K.SETTLE_ORDER: [{"outcome": "settled"}, None]}) as story:
        await story.until(lambda: len(story.asked(K.SETTLE_ORDER)) == 2)
        await story.resolve(story.asked(K.SETTLE_ORDER)[1], {"outcome": "from_elsewhere", "lots": ["A", "B"]})
    assert story.refusals == ["Refused: lots: the order has 1 medications, and each has its lot"]


async def nursing_denied(env: WorkflowEnvironment, more: Script, *later: PayerAnswer) -> Story:
    outside = Outside(submissions=[APPROVED_BUT_NURSING, *later])
    async with Story(env, outside, {**LOST, **more}) as story:
        assert await story.ends() is Closing.COMPLETED
    first = story.asked(K.RESOLVE_COVERAGE)[0].asks
    assert first["options"] == ["other_coverage", "self_pay", "assistance", "without_nursing", "suite", "close"]
    return story


async def test_only_nursing_denied_and_the_pharmacist_lets_the_patient_go_without(env: WorkflowEnvironment) -> None:
    can = {"outcome": "suitable_for_home", "needs_nursing": False}
    script: Script = {
        K.RESOLVE_COVERAGE: [{"outcome": "without_nursing"}],
        K.ASSESS_PATIENT: [{"outcome": "suitable_for_home"}, can],
    }
    story = await nursing_denied(env, script)
    assert story.asked(K.ASSESS_PATIENT)[1].asks["problem"] == "nursing_denied"
    nursing = [line for line in story.outside.standing.lines if line.kind is LineKind.NURSING]
    assert {line.state for line in nursing} <= {LineState.NOT_REQUIRED}


async def test_only_nursing_denied_and_the_pharmacist_insists_on_a_nurse(env: WorkflowEnvironment) -> None:
    cannot = {"outcome": "suitable_for_home", "needs_nursing": True}
    script: Script = {
        K.RESOLVE_COVERAGE: [{"outcome": "without_nursing"}, {"outcome": "self_pay"}],
        K.ASSESS_PATIENT: [{"outcome": "suitable_for_home"}, cannot],
    }
    story = await nursing_denied(env, script)
    assert "without_nursing" not in story.asked(K.RESOLVE_COVERAGE)[1].asks["options"]
    (review,) = story.asked(K.REVIEW_BENEFITS)
    assert (review.asks["paying"], review.asks["not_paid_by_plan"]) == ("plan", ["nursing"])


async def test_only_nursing_denied_and_the_suite_has_its_own(env: WorkflowEnvironment) -> None:
    story = await nursing_denied(
        env, {K.RESOLVE_COVERAGE: [{"outcome": "suite"}]}, says(LineState.APPROVED, lines=(1, 2))
    )
    assert {line.place_of_service for line in story.outside.standing.lines} == {"49"}


async def test_only_nursing_denied_and_assistance_is_found_at_the_second_try(env: WorkflowEnvironment) -> None:
    script: Script = {
        K.RESOLVE_COVERAGE: [{"outcome": "assistance"}],
        K.FIND_ASSISTANCE: [{"outcome": "none"}, {"outcome": "found"}],
    }
    story = await nursing_denied(env, script)
    assert [line.state for line in story.outside.standing.lines] == ["approved", "approved", "not_required"]


async def test_all_denied_and_the_patient_pays_privately(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[DENIED])
    async with Story(env, outside, {**LOST, K.RESOLVE_COVERAGE: [{"outcome": "self_pay"}]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert {line.state for line in outside.standing.lines} == {LineState.NOT_REQUIRED}
    assert [item.asks["paying"] for item in story.asked(K.REVIEW_BENEFITS)] == ["self_pay"]
    assert story.asked(K.RESOLVE_COVERAGE)[0].asks["options"] == [
        "other_coverage",
        "self_pay",
        "assistance",
        "suite",
        "close",
    ]


async def test_all_denied_and_another_coverage_is_verified(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[DENIED, APPROVED])
    async with Story(env, outside, {**LOST, K.RESOLVE_COVERAGE: [{"outcome": "other_coverage"}]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert outside.effects.count("verify_benefits") == 2


async def test_no_coverage_and_no_assistance_leaves_the_other_ways(env: WorkflowEnvironment) -> None:
    outside = Outside(benefits=[Benefits(status=CoverageStatus.INACTIVE)])
    script: Script = {
        K.RESOLVE_COVERAGE: [{"outcome": "assistance"}, {"outcome": "self_pay"}],
        K.FIND_ASSISTANCE: [{"outcome": "none"}],
    }
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.RESOLVE_COVERAGE)) == 2


async def test_the_patient_rather_pays_privately(env: WorkflowEnvironment) -> None:
    script: Script = {
        K.REVIEW_BENEFITS: [{"outcome": "pays_privately"}, {"outcome": "accepted", "agreement_signed": True}]
    }
    async with Story(env, Outside(), script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert [item.asks["paying"] for item in story.asked(K.REVIEW_BENEFITS)] == ["plan", "self_pay"]


async def test_a_visit_time_is_given_without_the_patients_word(env: WorkflowEnvironment) -> None:
    """The nurse's acceptance says nothing of the patient, whatever it carries."""
    async with Story(env, Outside(), {K.CONFIRM_VISIT: [_confirmed_by_nurse], K.CONFIRM_TIME: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.CONFIRM_TIME)))
        assert "5.1.1" not in story.outside.milestones


def _confirmed_by_nurse(item: WorkItem, now: datetime) -> Mapping[str, Any]:
    return {**visit_at(item, now), "patient_confirmed": True}
