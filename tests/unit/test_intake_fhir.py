"""FHIR R4 at the door: references, coding systems, cancellations, and problems by element."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from desk.intake.message import ParsedMessage
from desk.intake.parse import parse
from firstdose.domain.referral.order import Route, Site, TherapyKind
from firstdose.domain.referral.referral import LineOfBusiness, Referral, Urgency
from firstdose.domain.referral.source_message import CancelReason, MessageType

TODAY = date(2026, 11, 21)
ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "docs/examples/referral.fhir.json").read_text()
POS = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
Bundle = dict[str, Any]


def read(bundle: Bundle) -> ParsedMessage:
    return parse("application/fhir+json", json.dumps(bundle).encode(), today=TODAY)


def changed(change: Callable[[dict[str, Bundle]], object]) -> Bundle:
    """The example after a change to its resources, by `Type/id`."""
    bundle: Bundle = json.loads(EXAMPLE)
    change({f"{e['resource']['resourceType']}/{e['resource']['id']}": e["resource"] for e in bundle["entry"]})
    return bundle


def referral(change: Callable[[dict[str, Bundle]], object]) -> Referral:
    told = read(changed(change)).referral
    assert told is not None
    return told


def coded(system: str, code: str) -> Bundle:
    return {"coding": [{"system": system, "code": code}]}


def test_the_example() -> None:
    message = read(json.loads(EXAMPLE))
    assert (message.type, message.source_referral_id) == (MessageType.RECEIVED, "REF-10042")
    told = message.referral
    assert told is not None
    assert (told.order.therapy, told.order.route, told.order.dose) == (TherapyKind.ANTI_INFECTIVE, Route.IV, "1 g")
    assert (told.source.organization, told.prescriber.name) == ("Lakeside General Hospital", "Morgan Tester")
    assert [plan.line_of_business for plan in told.coverages] == [
        LineOfBusiness.MEDICARE_ADVANTAGE,
        LineOfBusiness.EMPLOYER,
    ]


def test_a_bundle_with_only_its_number_is_a_referral() -> None:
    bundle = {"resourceType": "Bundle", "type": "message", "identifier": {"value": "R-9"}, "entry": []}
    assert read(bundle).source_referral_id == "R-9"


def test_a_revoked_request_is_a_cancellation() -> None:
    body = (ROOT / "tests/data/referrals/revoked.fhir.json").read_bytes()
    message = parse("application/fhir+json", body, today=TODAY)
    assert (message.type, message.source_referral_id) == (MessageType.CANCELLED, "REF-10042")
    assert (message.reason, message.note) == (CancelReason.WITHDRAWN, "The family asked for another pharmacy.")


def test_a_revoked_request_for_someone_who_died() -> None:
    def die(resources: dict[str, Bundle]) -> None:
        resources["ServiceRequest/sr1"]["status"] = "revoked"
        resources["Patient/p1"]["deceasedDateTime"] = "2026-11-20"

    assert read(changed(die)).reason is CancelReason.DECEASED


@pytest.mark.parametrize(
    "reference",
    ["Practitioner/dr1", "https://lakeside.example.org/fhir/Practitioner/dr1/_history/3", "urn:uuid:the-prescriber"],
)
def test_references_by_id_by_version_and_by_full_url(reference: str) -> None:
    bundle: Bundle = json.loads(EXAMPLE)
    entries = {entry["resource"]["id"]: entry for entry in bundle["entry"]}
    if reference != "Practitioner/dr1":
        entries["dr1"]["fullUrl"] = reference.partition("/_history")[0]
        del entries["dr1"]["resource"]["id"]
    del entries["sr1"]["resource"]["requester"]
    entries["mr1"]["resource"]["requester"] = {"reference": reference}
    bundle["entry"].insert(
        0, {"resource": {"resourceType": "Practitioner", "id": "dr0", "name": [{"family": "Other"}]}}
    )
    told = read(bundle).referral
    assert told is not None
    assert told.prescriber.name == "Morgan Tester"


def test_a_contained_medication() -> None:
    def contain(resources: dict[str, Bundle]) -> None:
        request = resources["MedicationRequest/mr1"]
        concept = request.pop("medicationCodeableConcept")
        request["contained"] = [{"resourceType": "Medication", "id": "m", "code": concept}]
        request["medicationReference"] = {"reference": "#m"}

    assert referral(contain).order.drug.hcpcs == "J3370"


def test_the_first_practitioner_and_the_first_who_is_no_payer_when_nothing_refers_to_them() -> None:
    def unlink(resources: dict[str, Bundle]) -> None:
        for request in ("ServiceRequest/sr1", "MedicationRequest/mr1"):
            del resources[request]["requester"]

    bundle = changed(unlink)
    bundle["entry"].reverse()  # the payers come first
    told = read(bundle).referral
    assert told is not None
    assert (told.prescriber.name, told.source.organization) == ("Morgan Tester", "Lakeside General Hospital")


def test_a_medication_request_alone_will_do() -> None:
    bundle: Bundle = json.loads(EXAMPLE)
    bundle["entry"] = [e for e in bundle["entry"] if e["resource"]["resourceType"] != "ServiceRequest"]
    bundle["identifier"] = {"value": "R-9"}
    told = read(bundle).referral
    assert told is not None
    assert (told.source_referral_id, told.order.therapy, told.patient.family_name) == ("R-9", None, "Sample")


@pytest.mark.parametrize(
    ("priority", "urgency"), [("routine", "routine"), ("asap", "urgent"), ("stat", "stat"), (None, "routine")]
)
def test_priority(priority: str | None, urgency: str) -> None:
    told = referral(lambda resources: resources["ServiceRequest/sr1"].update(priority=priority))
    assert told.urgency == Urgency(urgency)


def test_no_therapy_is_guessed() -> None:
    told = referral(
        lambda resources: resources["ServiceRequest/sr1"].update(category=[coded("urn:other", "anti_infective")])
    )
    assert told.order.therapy is None


def test_when_an_order_was_written_is_not_when_it_was_signed() -> None:
    told = referral(lambda resources: resources["Provenance/pv1"].pop("signature"))
    assert told.order.signed_on is None


def test_no_known_allergy() -> None:
    told = referral(
        lambda resources: resources["AllergyIntolerance/a1"].update(code=coded("http://snomed.info/sct", "716186003"))
    )
    assert told.patient.allergies == "none_known"


def test_a_refuted_allergy_says_nothing() -> None:
    refuted = coded("http://terminology.hl7.org/CodeSystem/allergyintolerance-verification", "refuted")
    told = referral(lambda resources: resources["AllergyIntolerance/a1"].update(verificationStatus=refuted))
    assert told.patient.allergies is None


@pytest.mark.parametrize(
    ("quantity", "kilograms"),
    [
        ({"value": 155.4, "code": "[lb_av]"}, 70.488),
        ({"value": 3400, "code": "g"}, 3.4),
        ({"value": 70.5, "code": "stone"}, None),
        ({"value": 70.5}, None),
    ],
)
def test_weight_in_the_units_we_know(quantity: Bundle, kilograms: float | None) -> None:
    told = referral(lambda resources: resources["Observation/w1"].update(valueQuantity=quantity))
    assert told.patient.weight_kg == kilograms


def test_the_latest_weight_counts() -> None:
    bundle: Bundle = json.loads(EXAMPLE)
    weight = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Observation")
    older = weight | {"id": "w0", "effectiveDateTime": "2025-01-01", "valueQuantity": {"value": 90, "code": "kg"}}
    bundle["entry"].append({"resource": older})
    told = read(bundle).referral
    assert told is not None
    assert told.patient.weight_kg == 70.5


@pytest.mark.parametrize(("code", "site"), [("12", Site.HOME), ("49", Site.SUITE), ("11", Site.HOME)])
def test_site(code: str, site: Site) -> None:
    told = referral(lambda resources: resources["ServiceRequest/sr1"].update(locationCode=[coded(POS, code)]))
    assert told.order.site is site


@pytest.mark.parametrize(
    ("repeat", "supply", "days"),
    [
        ({"boundsDuration": {"value": 6, "code": "wk"}}, None, 42),
        ({"boundsPeriod": {"start": "2026-11-24", "end": "2026-12-07T08:00:00Z"}}, None, 14),
        ({}, {"value": 14, "unit": "days"}, 14),
        ({}, {"value": 3, "unit": "cycles"}, None),
        ({"boundsPeriod": {"start": "2026-11-24"}}, None, None),
    ],
)
def test_duration(repeat: Bundle, supply: Bundle | None, days: int | None) -> None:
    def change(resources: dict[str, Bundle]) -> None:
        request = resources["MedicationRequest/mr1"]
        request["dosageInstruction"][0]["timing"] = {"repeat": repeat}
        request["dispenseRequest"] = {"expectedSupplyDuration": supply}

    assert referral(change).order.duration_days == days


def test_a_coverage_that_is_cancelled_is_left_out() -> None:
    told = referral(lambda resources: resources["Coverage/c1"].update(status="cancelled"))
    assert [plan.payer.id for plan in told.coverages] == ["PRAIRIE"]


def test_a_document_by_way_of_a_binary() -> None:
    bundle: Bundle = json.loads(EXAMPLE)
    note = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "DocumentReference")
    attachment = note["content"][0]["attachment"]
    bundle["entry"].append({"resource": {"resourceType": "Binary", "id": "b1", "data": attachment.pop("data")}})
    attachment["url"] = "Binary/b1"
    told = read(bundle).referral
    assert told is not None
    assert told.documents[0].has_content
    assert told.documents[0].url is None
