"""Which requests of a FHIR bundle are the order, which end it, and which are only asked about."""

from typing import Any

import pytest

from desk.intake.problems import Invalid
from firstdose.domain.referral.question import QuestionReason
from firstdose.domain.referral.source_message import MessageType
from tests.unit.fhir_example import Tree, asked, coded, drug, message, referral, updated

PLACER = "http://terminology.hl7.org/CodeSystem/v2-0203"
ENDED = ("revoked", "cancelled", "stopped", "entered-in-error")
NOT_YET = ("draft", "on-hold", "unknown")


def _service(**values: Any) -> Tree:
    request = {"resourceType": "ServiceRequest", "id": "sr2", "status": "active", "intent": "order"}
    return {**request, "identifier": [{"value": "REF-2"}], "subject": {"reference": "Patient/p1"}, **values}


def _names(*more: Tree) -> list[str | None]:
    return [one.drug.name for one in referral(lambda _: None, *more).order.medications]


@pytest.mark.parametrize("status", ENDED)
def test_a_cancellation_is_what_leaves_no_live_request(status: str) -> None:
    assert message(updated("sr1", status=status)).type is MessageType.CANCELLED
    assert message(updated("sr1", doNotPerform=True)).type is MessageType.CANCELLED
    both = message(updated("sr1", status=status), _service())
    assert (both.type, both.source_referral_id) == (MessageType.RECEIVED, "REF-2")


@pytest.mark.parametrize("status", [*NOT_YET, "completed"])
def test_a_service_that_is_not_in_force_is_asked_about(status: str) -> None:
    told = referral(updated("sr1", status=status))
    assert ("order.therapy", QuestionReason.NOT_IN_FORCE) in asked(told)
    assert (told.order.therapy, told.patient.history) == (None, None)


@pytest.mark.parametrize("intent", ["proposal", "plan", "option"])
def test_a_proposal_is_no_order(intent: str) -> None:
    told = referral(updated("mr1", intent=intent))
    assert not told.order.medications
    assert ("order.drug.name", QuestionReason.NOT_IN_FORCE) in asked(told)


@pytest.mark.parametrize("status", [*ENDED, *NOT_YET, "completed"])
def test_a_drug_that_is_not_in_force_is_shown_and_asked_about(status: str) -> None:
    told = referral(updated("mr1", status=status))
    (question,) = [one for one in told.open_questions if one.path == "order.drug.name"]
    assert not told.order.medications
    assert question.reason is QuestionReason.NOT_IN_FORCE
    assert question.values == (f"{status}, Vancomycin 1 g injection",)


def test_what_another_replaces_or_the_patient_reports_is_no_order() -> None:
    prior = updated("mr1", priorPrescription={"reference": "MedicationRequest/mr2"})
    assert [one.drug.name for one in referral(prior, drug(2, "Cefazolin")).order.medications] == [
        "Vancomycin 1 g injection"
    ]
    assert _names(drug(2, "Metformin", reportedBoolean=True)) == ["Vancomycin 1 g injection"]
    replaced = message(updated("sr1"), _service(replaces=[{"reference": "ServiceRequest/sr1"}]))
    assert replaced.source_referral_id == "REF-2"


def test_only_what_is_in_force_replaces() -> None:
    told = _names(drug(2, "Cefazolin", status="draft", priorPrescription={"reference": "MedicationRequest/mr1"}))
    assert told == ["Vancomycin 1 g injection"]


def test_a_drug_belongs_to_the_service_that_it_is_linked_to() -> None:
    other = _service(authoredOn="2020-01-01", requisition={"value": "G-2"})
    basis = drug(2, "Cefepime", basedOn=[{"reference": "ServiceRequest/sr2"}])
    group = drug(3, "Cefazolin", groupIdentifier={"value": "G-2"})
    ours = drug(4, "Ertapenem", basedOn=[{"reference": "ServiceRequest/sr1"}])
    assert _names(other | {"category": []}, basis, group, ours) == ["Vancomycin 1 g injection", "Ertapenem"]


def test_a_live_drug_of_a_request_elsewhere_keeps_the_referral_alive() -> None:
    elsewhere = drug(2, "Cefepime", identifier=[{"value": "RX-2"}], basedOn=[{"reference": "ServiceRequest/sr9"}])
    told = message(updated("sr1", status="revoked"), elsewhere)
    assert (told.type, told.source_referral_id) == (MessageType.RECEIVED, "RX-2")


def test_several_live_services_need_a_word_which_is_the_referral() -> None:
    alike = _service(category=[{"coding": [{"system": "urn:firstdose:therapy", "code": "anti_infective"}]}])
    with pytest.raises(Invalid) as refused:
        message(updated("sr1"), alike)
    assert [one["path"] for one in refused.value.errors] == ["ServiceRequest"]
    header = {"resourceType": "MessageHeader", "focus": [{"reference": "ServiceRequest/sr2"}]}
    assert message(updated("sr1"), alike, header).source_referral_id == "REF-2"
    newer = alike | {"authoredOn": "2026-11-20"}
    assert message(updated("sr1", authoredOn="2026-11-19"), newer).source_referral_id == "REF-2"


def test_another_patients_request_facts_and_plans_are_not_ours() -> None:
    mother: Tree = {"resourceType": "Patient", "id": "p0", "name": [{"family": "Mother"}]}
    hers = {"subject": {"reference": "Patient/p0"}, "patient": {"reference": "Patient/p0"}}
    weight = {
        "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
        "effectiveDateTime": "2026-11-20",
    }
    told = referral(
        lambda _: None,
        mother,
        {"resourceType": "Observation", "id": "w9", **hers, **weight, "valueQuantity": {"value": 90, "code": "kg"}},
        {"resourceType": "AllergyIntolerance", "id": "a9", **hers, "code": {"text": "Latex"}},
        {"resourceType": "Coverage", "id": "c9", "beneficiary": {"reference": "Patient/p0"}, "subscriberId": "HERS"},
        drug(9, "Hers", **hers),
    )
    assert (told.patient.family_name, told.patient.weight_kg) == ("Sample", 70.5)
    assert isinstance(told.patient.allergies, tuple)
    assert [one.substance for one in told.patient.allergies] == ["Penicillin"]
    assert [one.member_id for one in told.coverages] == ["NSH000123456", "PM-7788"]
    assert [one.drug.name for one in told.order.medications] == ["Vancomycin 1 g injection"]


def test_which_of_several_patients_is_not_guessed() -> None:
    with pytest.raises(Invalid) as refused:
        message(updated("sr1", subject=None), {"resourceType": "Patient", "id": "p0"})
    assert [one["path"] for one in refused.value.errors] == ["ServiceRequest.subject"]


def test_a_second_copy_of_an_order_is_one_and_two_drugs_are_two() -> None:
    copy = drug(2, "Cefepime")
    assert _names(copy, copy | {"id": "mr3"}) == ["Vancomycin 1 g injection", "Cefepime"]


def test_two_services_of_one_number_are_one_referral() -> None:
    alike = _service(category=[{"coding": [{"system": "urn:firstdose:therapy", "code": "anti_infective"}]}])
    same = [{"system": "https://lakeside.example.org/referrals", "value": "REF-10042"}]
    assert message(updated("sr1"), alike | {"identifier": same}).source_referral_id == "REF-10042"


@pytest.mark.parametrize("link", ["supportingInfo", "basedOn"])
def test_a_service_may_name_its_drugs(link: str) -> None:
    other = _service(authoredOn="2020-01-01", **{link: [{"reference": "MedicationRequest/mr2"}]})
    assert _names(other, drug(2, "Cefepime")) == ["Vancomycin 1 g injection"]


def test_a_task_that_is_over_points_at_nothing() -> None:
    alike = _service(category=[{"coding": [{"system": "urn:firstdose:therapy", "code": "anti_infective"}]}])
    task = {"resourceType": "Task", "status": "accepted", "focus": {"reference": "ServiceRequest/sr2"}}
    assert message(updated("sr1"), alike, task).source_referral_id == "REF-2"
    with pytest.raises(Invalid):
        message(updated("sr1"), alike, task | {"status": "cancelled"})


@pytest.mark.parametrize(
    ("identifiers", "number"),
    [
        ([{"use": "usual", "value": "U"}, {"use": "official", "value": "O"}], "O"),
        ([{"use": "secondary", "value": "S"}, {"value": "P", "type": coded(PLACER, "PLAC")}], "P"),
        ([{"value": "F", "type": coded(PLACER, "FILL")}, {"value": "P", "type": coded(PLACER, "PLAC")}], "P"),
        ([{"use": "old", "value": "O"}, {"use": "temp", "value": "T"}], "T"),
        ([{"system": "urn:b", "value": "A"}, {"system": "urn:a", "value": "B"}], "B"),
        ([{"value": "B"}, {"value": "A"}], "A"),
    ],
)
def test_the_number_of_the_referral(identifiers: list[Tree], number: str) -> None:
    for told in (identifiers, identifiers[::-1]):
        assert message(updated("sr1", identifier=told)).source_referral_id == number


def test_the_number_that_several_prescriptions_share() -> None:
    def alone(resources: dict[str, Tree]) -> None:
        del resources["sr1"]
        resources["mr1"].update(identifier=[{"value": "RX-1"}], groupIdentifier={"value": "G-1"})

    assert message(alone).source_referral_id == "RX-1"
    second = drug(2, "Cefepime", identifier=[{"value": "RX-2"}], groupIdentifier={"value": "G-1"})
    assert message(alone, second).source_referral_id == "G-1"
    assert message(updated("sr1", identifier=[], requisition={"value": "G-7"})).source_referral_id == "G-7"


def test_a_number_is_missed_where_it_should_stand() -> None:
    with pytest.raises(Invalid) as refused:
        message(lambda resources: resources.clear())
    assert [one["path"] for one in refused.value.errors] == ["ServiceRequest.identifier"]
