"""Filling in facts by path, and telling what a new version changes."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from firstdose.domain.referral.corrections import with_facts
from firstdose.domain.referral.facts import BlockedStep, missing_facts
from firstdose.domain.referral.order import Quantity
from firstdose.domain.referral.question import QuestionReason, question
from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.versions import Change, compare, keeping

TODAY = date(2026, 11, 21)
DATA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs/examples/referral.json").read_text())["data"]
EXAMPLE = Referral.read(DATA, today=TODAY)
EMPTY = Referral.read({"source_referral_id": "R-1"}, today=TODAY)
ANSWERS: dict[str, object] = {
    "patient.phones": ["+1-312-555-0117"],
    "coverages": [{"payer": {"id": "NORTHSTAR"}, "member_id": "NSH000123456"}],
    "patient.family_name": "Sample",
    "patient.given_name": "Avery",
    "patient.birth_date": "1961-04-17",
    "order.diagnoses": ["M86161"],
    "order.drug.name": "Vancomycin",
    "order.therapy": "anti_infective",
    "order.dose": "1 g",
    "order.route": "IV",
    "order.frequency": "q12h",
    "order.duration_days": 42,
    "prescriber.npi": "1489012371",
    "documents.clinical_note": {"content_type": "text/plain", "data": "bm90ZQ=="},
    "order.signed_on": "2026-11-20",
    "patient.allergies": "none_known",
    "patient.weight_kg": 70.5,
    "order.access_device": "PICC",
    "order.anaphylaxis_kit_ordered": False,
    "patient.address.line": ["1200 Example Street"],
    "patient.address.state": "IL",
    "patient.address.postal_code": "60601",
}


def test_what_is_missing_can_be_filled_in_under_the_name_it_is_missing_by() -> None:
    asked = {path for paths in missing_facts(EMPTY).values() for path in paths}
    assert asked == set(ANSWERS)
    assert missing_facts(with_facts(EMPTY, ANSWERS, today=TODAY)) == dict.fromkeys(BlockedStep, ())


def test_part_of_a_list_and_part_of_what_was_not_there() -> None:
    corrected = with_facts(EXAMPLE, {"coverages[1].member_id": "PM-1", "coverages[0].subscriber.given_name": "Kim"})
    assert corrected.coverages[1].member_id == "PM-1"
    assert corrected.coverages[0].subscriber is not None
    assert corrected.coverages[0].payer == EXAMPLE.coverages[0].payer
    assert EXAMPLE.coverages[1].member_id == "PM-7788"


def test_a_fact_can_be_taken_back() -> None:
    assert with_facts(EXAMPLE, {"order.signed_on": None}).order.signed_on is None


@pytest.mark.parametrize("path", ["order.duration_days", "order.medications[0].duration_days"])
def test_a_duration_that_was_told_can_be_corrected_and_taken_back(path: str) -> None:
    assert with_facts(EXAMPLE, {path: 10}, today=TODAY).order.duration_days == 10
    assert with_facts(EXAMPLE, {path: None}, today=TODAY).order.duration_days is None


def test_what_the_second_medication_lacks_can_be_filled_in_by_its_name() -> None:
    drugs = [{"drug": {"name": "Vancomycin"}, "duration_days": 14}, {"drug": {"name": "Ceftriaxone"}}]
    two = Referral.read({"source_referral_id": "R-1", "order": {"medications": drugs}}, today=TODAY)
    path = "order.medications[1].duration_days"
    assert path in missing_facts(two)[BlockedStep.AUTHORIZATION]
    assert [one.duration_days for one in with_facts(two, {path: 7}, today=TODAY).order.medications] == [14, 7]


def test_a_dose_is_corrected_in_words_and_as_a_quantity_together() -> None:
    gram = {"order.medications[0].dose_quantity": {"value": 1.0, "unit": "g"}}
    known = with_facts(EMPTY, {**gram, "order.drug.name": "Vancomycin"}, today=TODAY)
    assert known.order.dose == "1 g"
    in_words = with_facts(known, {"order.dose": "2 g"}, today=TODAY).order.first
    assert (in_words.dose, in_words.dose_quantity) == ("2 g", Quantity(value=2.0, unit="g"))
    unread = with_facts(known, {"order.dose": "as before"}, today=TODAY).order.first
    assert (unread.dose, unread.dose_quantity) == ("as before", None)
    quantity = {"order.medications[0].dose_quantity": {"value": 3.0, "unit": "g"}}
    assert with_facts(known, quantity, today=TODAY).order.dose == "3 g"


@pytest.mark.parametrize("value", [None, 42])
@pytest.mark.parametrize("path", ["order.duration_days", "order.medications[0].duration_days", "order.medications"])
def test_a_question_is_answered_under_any_name_of_its_fact(path: str, value: int | None) -> None:
    asked = question("order.duration_days", QuestionReason.NOT_UNDERSTOOD, ["a while"])
    unclear = EXAMPLE.model_copy(update={"questions": (asked,)})
    told = with_facts(unclear, {path: None if path == "order.medications" else value}, today=TODAY)
    assert told.open_questions == ()


def test_none_answers_a_question_and_a_step_that_needs_the_fact_still_lacks_it() -> None:
    asked = [question(path, QuestionReason.SEVERAL, ["a", "b"]) for path in ("patient.email", "patient.weight_kg")]
    unclear = EXAMPLE.model_copy(update={"questions": tuple(asked)})
    assert missing_facts(unclear)[BlockedStep.DISPATCH] == ("patient.email", "patient.weight_kg")
    told = with_facts(unclear, {"patient.email": None, "patient.weight_kg": None}, today=TODAY)
    assert told.open_questions == ()
    assert missing_facts(told)[BlockedStep.DISPATCH] == ("patient.weight_kg",)


def test_none_for_what_is_not_there_makes_no_medication() -> None:
    assert with_facts(EMPTY, {"order.dose": None}, today=TODAY).order.medications == ()


@pytest.mark.parametrize(
    "facts",
    [
        {"coverages[0].nonsense": None},
        {"order.medications[9].dose": None},
        {"patient.birth_date": "2026-11-22"},
        {"prescriber.npi": "1489012372"},
        {"patient.shoe_size": 42},
        {"nonsense": 1},
        {"coverages[7].member_id": "X"},
        {"coverages[0].nonsense": "X"},
        {"patient.family_name.first": "X"},
        {"patient..family_name": "X"},
        {"__class__": "X"},
        {"documents.horoscope": {"data": "bm90ZQ=="}},
        {"source_referral_id": "R-2"},
    ],
)
def test_what_cannot_be_is_refused(facts: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refused:
        with_facts(EXAMPLE, facts, today=TODAY)
    assert not any(str(value) in str(refused.value) for value in facts.values() if value and len(str(value)) > 2)


@pytest.mark.parametrize(
    ("facts", "changes"),
    [
        ({}, set()),
        ({"coverages[0].member_id": "NEW"}, {Change.MEMBER}),
        ({"coverages[0].group": "NEW"}, {Change.PLAN}),
        ({"coverages[0].line_of_business": "medicaid"}, {Change.PLAN}),
        ({"coverages[0].payer.id": "NEW"}, {Change.PAYER}),
        ({"coverages[0].subscriber.given_name": "Kim"}, {Change.SUBSCRIBER}),
        ({"coverages[1].member_id": "NEW"}, {Change.OTHER_COVERAGE}),
        ({"order.dose": "2 g"}, {Change.DOSE}),
        ({"order.drug.name": "Cefazolin", "order.site": "suite"}, {Change.DRUG, Change.SITE}),
        ({"order.medications[1].drug.name": "Cefazolin"}, {Change.DRUG}),
        ({"order.route": "SC", "order.frequency": "q8h"}, {Change.ROUTE, Change.FREQUENCY}),
        ({"order.duration_days": 3}, {Change.DURATION}),
        ({"order.diagnoses": ["A419"]}, {Change.DIAGNOSES}),
        ({"order.therapy": "iron"}, {Change.THERAPY}),
        ({"order.needs_nursing": False}, {Change.NURSING}),
        ({"order.signed_on": "2026-11-21"}, {Change.SIGNATURE}),
        ({"order.requested_start": "2026-12-24"}, {Change.START}),
        ({"discharge_at": "2026-12-24T10:00:00Z"}, {Change.DISCHARGE}),
        ({"order.access_device": "port"}, {Change.ACCESS_DEVICE}),
        ({"patient.weight_kg": 71.0}, {Change.WEIGHT}),
        ({"patient.allergies": [{"substance": "Vancomycin", "reaction": "anaphylaxis"}]}, {Change.ALLERGIES}),
        ({"patient.history": "Other."}, {Change.HISTORY}),
        ({"patient.address.line": ["1 Other Street"]}, {Change.ADDRESS}),
        ({"patient.address.state": "IN"}, {Change.STATE}),
        ({"patient.time_zone": "America/Denver"}, {Change.TIME_ZONE}),
        ({"patient.caregiver": None}, {Change.CAREGIVER}),
        ({"patient.birth_date": "1960-01-02"}, {Change.BIRTH_DATE}),
        ({"patient.contact_allowed": False}, {Change.CONTACT_ALLOWED}),
        ({"patient.phones": ["+1-312-555-0199"]}, {Change.LOGISTICS}),
        ({"prescriber.npi": "1234567893"}, {Change.PRESCRIBER}),
        ({"prescriber.phone": "5"}, {Change.LOGISTICS}),
        ({"urgency": "stat"}, {Change.LOGISTICS}),
        ({"patient.family_name": "Other", "coverages[1].group": "7"}, {Change.NAME, Change.OTHER_COVERAGE}),
    ],
)
def test_a_change_concerns(facts: dict[str, object], changes: set[Change]) -> None:
    assert compare(EXAMPLE, with_facts(EXAMPLE, facts)) == changes


def test_a_new_version_does_not_unsay_what_our_staff_found_out() -> None:
    found_out = with_facts(
        Referral.read({"source_referral_id": "R-1", "order": {"dose": "1 g"}}, today=TODAY),
        {
            "patient.phones": ["+1-312-555-0117"],
            "patient.weight_kg": 70,
            "documents.clinical_note": {"data": "bm90ZQ=="},
        },
        today=TODAY,
    )
    new = Referral.read({"source_referral_id": "R-1", "order": {"dose": "2 g"}}, today=TODAY)
    kept = keeping(found_out, new)
    assert kept.order.dose == "2 g"
    assert (kept.patient.phones, kept.patient.weight_kg) == (("+1-312-555-0117",), 70)
    assert [document.kind for document in kept.documents] == ["clinical_note"]
    assert keeping(kept, EXAMPLE).patient == EXAMPLE.patient
