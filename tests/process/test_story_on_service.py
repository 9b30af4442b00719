"""Stories that end with the patient on service."""

from datetime import date, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization.lines import Certification, LineAnswer, LineKind, LineState, PayerAnswer
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.referral.order import Site
from firstdose.domain.work.journal import HandedOver
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.ports import Impossible, Unavailable
from tests.process.outside import APPROVED, DENIED, OUTLINE, PENDED, WANTS_NOTES, Outside, says
from tests.process.story import USUAL, Script, Story, placed, visit_at

LINES = [{"sequence": each, "state": "approved", "number": "A-PHONE"} for each in (1, 2, 3)]


async def test_approved_at_once(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside()) as story:
        assert await story.ends() is Closing.COMPLETED

    outside = story.outside
    assert outside.standing.stage is Stage.ON_SERVICE
    assert outside.milestones == ["2.0", "3.0", "5.1.1", "5.1.4", "7.0"]
    assert {line.state for line in outside.standing.lines} == {LineState.APPROVED}
    assert len([entry for entry in outside.entries if isinstance(entry, HandedOver)]) == 1
    assert not outside.compensations
    assert story.refusals == []


async def test_pended_for_three_days_adds_no_event_a_day(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(submissions=[PENDED], decisions=[(timedelta(days=3), APPROVED)])) as story:
        assert await story.ends() is Closing.COMPLETED
        waits = [
            event.activity_task_scheduled_event_attributes.activity_type.name
            async for event in story.handle.fetch_history_events()
        ].count("await_decision")

    assert waits == 1, "however often the payer is asked, the history has one activity"
    assert story.outside.inquiries >= 12
    assert len(story.outside.requests) == 1


async def test_information_requested(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[WANTS_NOTES], decisions=[(timedelta(days=1), APPROVED)])
    script = {K.ANSWER_INFORMATION_REQUEST: [{"outcome": "sent", "documents": ["clinical_note"]}]}
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED

    assert story.asked(K.ANSWER_INFORMATION_REQUEST)[0].asks["wanted"] == ["11506-3"]
    assert outside.effects.count("send_documents") == 1


async def test_denied_appealed_approved(env: WorkflowEnvironment) -> None:
    script = {K.REVIEW_DECISION: [{"outcome": "appeal"}], K.APPEAL: [{"outcome": "file"}]}
    async with Story(env, Outside(submissions=[DENIED, APPROVED]), script) as story:
        assert await story.ends() is Closing.COMPLETED

    first, appeal = story.outside.requests
    assert {line.certification for line in first.lines} == {Certification.INITIAL}
    assert {line.certification for line in appeal.lines} == {Certification.APPEAL}
    assert appeal.replaces == first.key


async def test_an_upheld_appeal_is_reviewed_again_and_a_foundation_pays(env: WorkflowEnvironment) -> None:
    script = {
        K.REVIEW_DECISION: [{"outcome": "appeal"}, {"outcome": "peer_to_peer"}, {"outcome": "give_up"}],
        K.APPEAL: [{"outcome": "file"}],
        K.PEER_TO_PEER: [{"outcome": "upheld"}],
        K.FIND_ASSISTANCE: [{"outcome": "found"}],
    }
    async with Story(env, Outside(submissions=[DENIED]), script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert {line.state for line in story.outside.standing.lines} == {LineState.NOT_REQUIRED}


async def test_a_line_is_denied_while_the_others_are_approved(env: WorkflowEnvironment) -> None:
    mixed = PayerAnswer(
        lines=(*says(LineState.APPROVED, lines=(1, 2)).lines, *says(LineState.DENIED, lines=(3,)).lines)
    )
    script = {K.REVIEW_DECISION: [{"outcome": "resubmit"}]}
    async with Story(env, Outside(submissions=[mixed, says(LineState.APPROVED, lines=(3,))]), script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert [line.sequence for line in story.outside.requests[1].lines] == [3]


async def test_what_is_not_understood_is_never_approved_by_default(env: WorkflowEnvironment) -> None:
    script = {K.REVIEW_DECISION: [{"outcome": "decided", "lines": LINES}]}
    async with Story(env, Outside(submissions=[says(LineState.NEEDS_REVIEW)]), script) as story:
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.REVIEW_DECISION)) == 1


async def test_missing_facts_hold_up_only_what_they_block(env: WorkflowEnvironment) -> None:
    lacking = OUTLINE.model_copy(update={"missing": {BlockedStep.AUTHORIZATION: ("order.diagnoses",)}})
    outside = Outside(outline=lacking, supplied={"*": OUTLINE})
    async with Story(env, outside, {K.COMPLETE_REFERRAL: [{"outcome": "supplied"}]}) as story:
        assert await story.ends() is Closing.COMPLETED

    (item,) = story.asked(K.COMPLETE_REFERRAL)
    assert item.asks == {"missing": ["order.diagnoses"], "blocks": ["authorization"]}
    assert "verify_benefits" in outside.effects


async def test_a_patient_who_must_not_be_contacted_is_called_by_nobody(env: WorkflowEnvironment) -> None:
    lacking = OUTLINE.model_copy(update={"missing": {BlockedStep.CONTACT: ("patient.contact_allowed",)}})
    outside = Outside(outline=lacking, supplied={"*": OUTLINE})
    async with Story(env, outside, {K.COMPLETE_REFERRAL: [{"outcome": "supplied"}]}) as story:
        assert await story.ends() is Closing.COMPLETED
    (asked,) = story.asked(K.COMPLETE_REFERRAL)
    assert asked.asks["missing"] == ["patient.contact_allowed"]
    calls = [
        item.kind for item in story.items if item.kind in (K.COMPLETE_REFERRAL, K.CONTACT_PATIENT, K.ASSESS_PATIENT)
    ]
    assert calls[0] is K.COMPLETE_REFERRAL


async def test_home_is_unsafe_so_the_suite(env: WorkflowEnvironment) -> None:
    script: Script = {K.ASSESS_PATIENT: [{"outcome": "suitable_for_suite"}], K.PLACE_VISIT: [placed]}
    async with Story(env, Outside(), script) as story:
        assert await story.ends() is Closing.COMPLETED

    assert {line.place_of_service for line in story.outside.standing.lines} == {"49"}
    assert not story.asked(K.CONFIRM_VISIT)


async def test_the_suite_is_asked_for_again_when_home_was_authorized(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[PENDED, says(LineState.APPROVED, lines=(1, 2))])
    async with Story(env, outside, {K.ASSESS_PATIENT: [None], K.PLACE_VISIT: [placed]}) as story:
        await story.until(lambda: bool(outside.requests) and bool(story.asked(K.ASSESS_PATIENT)))
        await story.resolve(story.asked(K.ASSESS_PATIENT)[0], {"outcome": "suitable_for_suite"})
        assert await story.ends() is Closing.COMPLETED

    home, suite = outside.requests
    assert {line.place_of_service for line in home.lines} == {"12"}
    assert {line.place_of_service for line in suite.lines} == {"49"}
    assert ({line.certification for line in suite.lines}, suite.replaces) == ({Certification.REVISED}, home.key)
    assert [[line.kind for line in order.lines] for order in outside.voided] == [[LineKind.NURSING]]
    assert len(story.asked(K.CONTACT_PATIENT)) == 1, "the patient is not called twice"


async def test_a_nurse_declines_and_the_next_accepts(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.CONFIRM_VISIT: [{"outcome": "declined"}, visit_at]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert [item.offered_to for item in story.asked(K.CONFIRM_VISIT)] == ["rn-1", "rn-2"]
    assert [hold.visit.nurse for hold in story.roster.held.values()] == ["rn-2"]


async def test_no_nurse_answers_so_the_coordinator_places_the_visit(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.CONFIRM_VISIT: [None]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.CONFIRM_VISIT)) == 2
    assert story.asked(K.PLACE_VISIT)[0].asks["nurses_asked"] == ["rn-1", "rn-2"]


async def test_people_do_it_all_where_the_plan_is_not_electronic(env: WorkflowEnvironment) -> None:
    outside = Outside(plan=Plan(payer="acme", phone="555-0100"))
    script: Script = {
        K.VERIFY_BENEFITS: [{"outcome": "answered", "benefits": {"status": "active"}}],
        K.SUBMIT_AUTHORIZATION: [{"outcome": "submitted", "reference": "R-9"}],
        K.FOLLOW_UP_PAYER: [{"outcome": "still_pending"}, {"outcome": "answered", "lines": LINES}],
    }
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED

    assert len(story.asked(K.FOLLOW_UP_PAYER)) == 2
    assert outside.requests == []
    assert {line.number for line in outside.standing.lines} == {"A-PHONE"}


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (Unavailable(ProblemCode.PAYER_UNREACHABLE), "payer_unavailable"),
        (Impossible(ProblemCode.PAYER_REFUSED_REQUEST), "payer_refused_request"),
    ],
)
async def test_a_payer_that_cannot_be_had_electronically_is_called(
    env: WorkflowEnvironment, fault: Exception, problem: str
) -> None:
    script = {K.SUBMIT_AUTHORIZATION: [{"outcome": "answered", "lines": LINES}]}
    async with Story(env, Outside(submissions=[fault]), script) as story:
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.SUBMIT_AUTHORIZATION)
    assert item.asks["problem"] == problem
    assert item.asks["trace"], "the payer may have it: it is asked about our trace number first"


async def test_the_payers_clock_runs_out_and_a_person_follows_up(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[PENDED], decisions=[(timedelta(days=16), APPROVED)])
    async with Story(env, outside, {K.FOLLOW_UP_PAYER: [{"outcome": "still_pending"}]}) as story:
        assert await story.ends() is Closing.COMPLETED
    items = story.asked(K.FOLLOW_UP_PAYER)
    assert items[0].asks["clock"]["rule"] == "Employer plan"
    assert (items[0].opened_at - story.asked(K.CONTACT_PATIENT)[0].opened_at).days == 15


async def test_coverage_not_found_then_another_one(env: WorkflowEnvironment) -> None:
    outside = Outside(benefits=[Benefits(status=CoverageStatus.NOT_FOUND), Benefits(status=CoverageStatus.ACTIVE)])
    async with Story(env, outside, {K.RESOLVE_COVERAGE: [{"outcome": "other_coverage"}]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert outside.effects.count("verify_benefits") == 2


async def test_self_pay_needs_no_authorization(env: WorkflowEnvironment) -> None:
    outside = Outside(benefits=[Benefits(status=CoverageStatus.INACTIVE)])
    async with Story(env, outside, {K.RESOLVE_COVERAGE: [{"outcome": "self_pay"}]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert outside.requests == []


async def test_drug_not_in_stock_is_settled_again(env: WorkflowEnvironment) -> None:
    outside = Outside(stock=[False, True])
    async with Story(env, outside) as story:
        assert await story.ends() is Closing.COMPLETED
    assert [item.asks["problem"] for item in story.asked(K.SETTLE_ORDER)] == [None, "drug_unavailable"]


async def test_a_missed_visit_is_arranged_again(env: WorkflowEnvironment) -> None:
    report = {"outcome": "missed"}
    async with Story(env, Outside(), {K.REPORT_VISIT: [report, USUAL[K.REPORT_VISIT]]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert story.outside.milestones == ["2.0", "3.0", "5.1.1", "5.1.2", "5.1.1", "5.1.4", "7.0"]
    assert len(story.asked(K.PREPARE_THERAPY)) == 1, "the therapy is still good"


async def test_a_missing_kit_stops_the_infusion_and_therapy_and_visit_are_done_again(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(), {K.REPORT_VISIT: [{"outcome": "kit_missing"}, USUAL[K.REPORT_VISIT]]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.PREPARE_THERAPY)) == 2
    assert story.outside.effects.count("return_stock") == 1
    assert len(story.shelves.reserved) == 1


async def test_authorization_that_ends_before_the_visit_is_renewed(env: WorkflowEnvironment) -> None:
    ends = [LineAnswer(sequence=each, state=LineState.APPROVED, valid_to=date(2020, 1, 1)) for each in (1, 2, 3)]
    outside = Outside(submissions=[PayerAnswer(lines=tuple(ends)), APPROVED])
    async with Story(env, outside) as story:
        assert await story.ends() is Closing.COMPLETED
    assert {line.certification for line in outside.requests[1].lines} == {Certification.RENEWAL}
    assert outside.milestones.count("5.1.1") == 1, "the visit stays where it is"


async def test_an_activity_that_can_never_succeed_waits_for_a_person(env: WorkflowEnvironment) -> None:
    outside = Outside(stock=[Impossible(ProblemCode.REFERRAL_SHREDDED), True])
    async with Story(env, outside, {K.RECONCILE: [{"outcome": "retry"}]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert story.asked(K.RECONCILE)[0].asks == {"step": "reserve stock", "problem": "referral_shredded"}


async def test_an_order_for_the_suite_needs_no_nurse(env: WorkflowEnvironment) -> None:
    outside = Outside(outline=OUTLINE.model_copy(update={"site": Site.SUITE}))
    async with Story(env, outside) as story:
        assert await story.ends() is Closing.COMPLETED
    assert [line.modifiers for line in outside.standing.lines] == [(), ("SS",)]


async def test_a_benefits_check_never_reaches_out_to_the_patient(env: WorkflowEnvironment) -> None:
    outside = Outside(
        outline=OUTLINE.model_copy(update={"benefits_check_only": True}),
        plan=Plan(payer="acme", eligibility=Channel.PAS),
    )
    async with Story(env, outside) as story:
        assert await story.ends() is Closing.COMPLETED
    assert story.items == []
    assert outside.effects == ["verify_benefits"]
