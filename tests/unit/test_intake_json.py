"""Our own format at the door: what it says, and problems in its own terms."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from desk.intake.parse import parse
from desk.intake.problems import FieldProblem, Invalid, Unparseable, UnsupportedType
from firstdose.domain.referral.paths import place
from firstdose.domain.referral.source_message import CancelReason, MessageType

TODAY = date(2026, 11, 21)
ROOT = Path(__file__).parents[2]
EXAMPLE: dict[str, Any] = json.loads((ROOT / "docs/examples/referral.json").read_text())


def read(message: dict[str, Any]) -> Any:
    return parse("application/json", json.dumps(message).encode(), today=TODAY)


def refused(message: dict[str, Any]) -> list[FieldProblem]:
    with pytest.raises(Invalid) as refusal:
        read(message)
    return refusal.value.errors


@pytest.mark.parametrize("kind", [MessageType.RECEIVED, MessageType.UPDATED])
def test_a_referral_and_its_new_version(kind: MessageType) -> None:
    message = read(EXAMPLE | {"type": kind})
    assert (message.type, message.source_referral_id, message.reason) == (kind, "REF-10042", None)
    assert message.referral.patient.birth_date == date(1961, 4, 17)


def test_the_least_that_is_a_referral() -> None:
    body = (ROOT / "tests/data/referrals/least.json").read_bytes()
    assert parse("application/json; charset=UTF-8", body, today=TODAY).source_referral_id == "REF-LEAST"


def test_a_cancellation() -> None:
    body = (ROOT / "tests/data/referrals/cancelled.json").read_bytes()
    message = parse("Application/JSON", body, today=TODAY)
    assert (message.type, message.source_referral_id) == (MessageType.CANCELLED, "REF-10042")
    assert (message.reason, message.note, message.referral) == (CancelReason.TRANSFERRED, None, None)


def test_problems_are_named_by_path_without_the_value() -> None:
    message = json.loads(json.dumps(EXAMPLE))
    place(message, "data.patient.birth_date", "2031-01-01")
    place(message, "data.patient.allergies[0].substance", 7)
    place(message, "data.prescriber.npi", "1489012370")
    assert refused(message) == [
        {"path": "data.patient.birth_date", "problem": "the date lies in the future"},
        {"path": "data.patient.allergies[0].substance", "problem": "Input should be a valid string"},
        {"path": "data.prescriber.npi", "problem": "the NPI's check digit is wrong"},
    ]


def test_without_a_number_there_is_no_referral() -> None:
    assert refused({"type": "referral.received", "data": {"patient": {}}})[0]["path"] == "data.source_referral_id"
    assert (
        refused({"type": "referral.cancelled", "data": {"reason": "deceased"}})[0]["path"] == "data.source_referral_id"
    )
    assert refused({"type": "referral.received"})[0]["path"] == "data"


@pytest.mark.parametrize("kind", [None, "Avery Sample", 7, ["referral.received"], {}])
def test_another_type_is_not_repeated(kind: object) -> None:
    problems = refused(EXAMPLE | {"type": kind})
    assert [problem["path"] for problem in problems] == ["type"]
    assert "Avery" not in str(problems)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b"{",
        b"\xff\xfe{}",
        b'{"type": NaN}',
        b'{"type": 1e999}',
        b'{"type": "\\ud800"}',
        b'{"type": "\\u0000"}',
        b'{"a\\u0000": 1}',
        b'{"a": "\x00"}',
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
    ],
)
def test_hostile_or_broken_json_is_unparseable(body: bytes) -> None:
    with pytest.raises(Unparseable):
        parse("application/json", body, today=TODAY)


def test_an_escaped_backslash_before_u0000_is_no_nul() -> None:
    body = (
        b'{"type": "referral.received", "data": {"source_referral_id": "R-1", "source": {"organization": "\\\\u0000"}}}'
    )
    assert parse("application/json", body, today=TODAY).source_referral_id == "R-1"


@pytest.mark.parametrize(
    "content_type",
    ["", "text/json", "application/xml", "application/json; charset=utf-16", "application/fhir+xml", "json\x00"],
)
def test_other_content_types_are_not_supported(content_type: str) -> None:
    with pytest.raises(UnsupportedType):
        parse(content_type, b"{}", today=TODAY)


def _changed(**facts: object) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(json.dumps(EXAMPLE))
    for path, value in facts.items():
        place(message, f"data.{path.replace('__', '.')}", value)
    return message


MEDICATIONS = [
    {
        "drug": {"name": "Ertapenem"},
        "dose": "1 g",
        "route": "IV",
        "frequency": "q24h",
        "duration": {"value": 2, "unit": "weeks"},
    },
    {
        "drug": {"name": "Cefepime"},
        "dose_quantity": {"value": 2, "unit": "g"},
        "frequency": "q8h",
        "diagnoses": ["A41.9"],
    },
]


def test_several_medications_are_the_whole_order() -> None:
    order = read(_changed(order__medications=MEDICATIONS)).referral.order
    assert [one.drug.name for one in order.medications] == ["Ertapenem", "Cefepime"]
    assert (order.drug.name, order.duration_days, order.medications[1].dose) == ("Ertapenem", 14, "2 g")
    assert order.medications[1].diagnoses == ("A41.9",)


def test_whether_and_when_to_contact_and_whom_else() -> None:
    other = {"name": "Zoe Friend", "phone": "+1-312-555-0199"}
    message = _changed(
        patient__time_zone="America/Chicago", patient__contact_allowed=False, patient__alternate_contact=other
    )
    referral = read(message).referral
    assert (referral.patient.time_zone, referral.patient.alternate_contact.name) == ("America/Chicago", "Zoe Friend")
    assert not referral.contact_allowed
    assert read(EXAMPLE).referral.contact_allowed


@pytest.mark.parametrize(
    ("facts", "path"),
    [
        ({"patient__time_zone": "Chicago"}, "data.patient.time_zone"),
        ({"patient__time_zone": "../../etc/passwd"}, "data.patient.time_zone"),
        ({"patient__contact_allowed": "no"}, "data.patient.contact_allowed"),
        ({"patient__alternate_contact": "Zoe"}, "data.patient.alternate_contact"),
        (
            {"order__medications": [{"duration": {"value": 2, "unit": "moons"}}]},
            "data.order.medications[0].duration.unit",
        ),
        (
            {"order__medications": [{}, {"duration": {"value": 0, "unit": "days"}}]},
            "data.order.medications[1].duration.value",
        ),
        (
            {"order__medications": [{}, {"dose_quantity": {"value": -1, "unit": "g"}}]},
            "data.order.medications[1].dose_quantity.value",
        ),
        ({"order__medications": [{"drug": {}}] * 11}, "data.order.medications"),
    ],
)
def test_what_breaks_the_schema_is_named(facts: dict[str, object], path: str) -> None:
    assert [problem["path"] for problem in refused(_changed(**facts))] == [path]
