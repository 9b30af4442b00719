"""FHIR: what is refused and by which cause, and what is asked about instead."""

import gzip
import json

import pytest

from desk.intake.message import ParsedMessage
from desk.intake.parse import parse
from desk.intake.problems import Invalid, Unparseable, UnsupportedType
from firstdose.domain.referral.question import QuestionReason
from tests.unit.fhir_example import EXAMPLE, TODAY, Change, Tree, coded, message, referral, updated


def _read(raw: Tree) -> ParsedMessage:
    return parse("application/fhir+json", json.dumps(raw).encode(), today=TODAY)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (updated("p1", birthDate="2031-01-01"), "Patient.birthDate"),
        (updated("p1", birthDate=19610417), "Patient.birthDate"),
        (updated("sr1", identifier=[{"value": 7}]), "ServiceRequest.identifier"),
        (updated("sr1", identifier=[]), "ServiceRequest.identifier"),
    ],
)
def test_a_doubtful_identity_is_refused_by_element(change: Change, path: str) -> None:
    with pytest.raises(Invalid) as refused:
        message(change)
    assert [problem["path"] for problem in refused.value.errors] == [path]


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        (updated("p1", birthDate="1961-04"), "patient.birth_date", ("1961-04",)),
        (updated("p1", gender="robot"), "patient.sex", ("robot",)),
        (
            updated("dr1", identifier=[{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1"}]),
            "prescriber.npi",
            ("1",),
        ),
        (updated("sr1", priority="whenever"), "urgency", ("whenever",)),
        (
            updated("sr1", category=[coded("urn:firstdose:therapy", "leeches")]),
            "order.therapy",
            ("leeches",),
        ),
        (
            updated("d2", code=coded("http://hl7.org/fhir/sid/icd-10-cm", "what")),
            "order.diagnoses",
            ("what",),
        ),
        (updated("a1", code=coded("urn:local", "A77")), "patient.allergies", ("A77",)),
        (
            updated("sr1", extension=[{"url": "urn:firstdose:needs-nursing", "valueBoolean": "yes"}]),
            "order.needs_nursing",
            ("yes",),
        ),
        (updated("w1", valueQuantity={"value": 11, "unit": "stone"}), "patient.weight_kg", ("11 stone",)),
        (updated("sr1", locationCode=[{"text": "Ward 7"}]), "order.site", ("Ward 7",)),
        (updated("sr1", occurrenceDateTime="2026-12"), "order.requested_start", ("2026-12",)),
        (
            updated("c1", relationship={"text": "Ward of court"}),
            "coverages[0].relationship",
            ("Ward of court",),
        ),
    ],
)
def test_an_optional_value_that_cannot_be_read_is_a_question(change: Change, path: str, said: tuple[str, ...]) -> None:
    told = referral(change)
    (asked,) = [one for one in told.open_questions if one.path == path]
    assert (asked.reason, asked.values) == (QuestionReason.NOT_UNDERSTOOD, said)


@pytest.mark.parametrize(
    ("kind", "path", "most"), [("Coverage", "coverages", 10), ("Condition", "order.diagnoses", 50)]
)
def test_more_than_anyone_has_is_cut_and_asked_about(kind: str, path: str, most: int) -> None:
    icd = "http://hl7.org/fhir/sid/icd-10-cm"
    entries = [
        {
            "resource": {
                "resourceType": kind,
                "id": f"x{number}",
                "order": number,
                "subscriberId": f"M{number}",
                "code": coded(icd, f"Z{number % 90 + 10}.{number % 9}"),
            }
        }
        for number in range(1, 100)
    ]
    bundle = {"resourceType": "Bundle", "type": "message", "identifier": {"value": "R-9"}, "entry": entries}
    told = _read(bundle).referral
    assert told is not None
    assert len(told.coverages if kind == "Coverage" else told.order.diagnoses) == most
    assert (path, QuestionReason.TOO_MANY) in [(one.path, one.reason) for one in told.open_questions]


@pytest.mark.parametrize(
    ("raw", "cause"),
    [
        ({}, "resourceType is not Bundle"),
        ({"resourceType": "Patient"}, "resourceType is Patient"),
        ({"resourceType": "Avery"}, "resourceType is not Bundle"),
        ({"resourceType": "Bundle"}, "Bundle.type is missing"),
        ({"resourceType": "Bundle", "type": 7}, "Bundle.type is missing"),
        ({"resourceType": "Bundle", "type": "history"}, "Bundle.type history carries no referral"),
        ({"resourceType": "Bundle", "type": "Avery"}, "Bundle.type is unknown"),
    ],
)
def test_what_is_no_bundle_is_refused_by_its_cause(raw: Tree, cause: str) -> None:
    with pytest.raises(Unparseable, match=cause) as refused:
        _read(raw)
    assert "Avery" not in str(refused.value)


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"\xef\xbb\xbf" + EXAMPLE.encode(), "byte order mark"),
        (EXAMPLE.encode("utf-16"), "UTF-16"),
        (b"<Bundle xmlns='http://hl7.org/fhir'/>", "XML"),
        (b"MSH|^~", "HL7 v2"),
    ],
)
def test_what_is_no_json_is_refused_by_its_cause(body: bytes, cause: str) -> None:
    with pytest.raises(Unparseable, match=cause):
        parse("application/fhir+json", body, today=TODAY)


def test_a_compressed_body_is_an_unsupported_type() -> None:
    with pytest.raises(UnsupportedType, match="gzip"):
        parse("application/fhir+json", gzip.compress(EXAMPLE.encode()), today=TODAY)
