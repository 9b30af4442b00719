"""The small FHIR and JSON inputs from public bug reports, where they lie beside the repository: each is read right."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from desk.intake.parse import parse
from desk.intake.problems import Invalid, Unparseable, UnsupportedType
from firstdose.domain.referral.frequency import frequency_code
from firstdose.domain.referral.question import QuestionReason
from firstdose.domain.referral.referral import Referral

TODAY = date(2026, 11, 28)
CASES = Path(__file__).parents[3] / "shared/fixtures/cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not beside this repository")
Check = Callable[[Referral], bool]


def _body(name: str) -> tuple[str, bytes]:
    kind = "application/fhir+json" if name.endswith(".fhir.json") else "application/json"
    return kind, (CASES / name).read_bytes().replace(b"@ID@", b"CASE-1")


def _read(name: str) -> Referral:
    kind, body = _body(name)
    referral = parse(kind, body, today=TODAY).referral
    assert referral is not None
    return referral


def _asks(path: str, reason: QuestionReason | None = None) -> Check:
    return lambda told: any(one.path == path and reason in (None, one.reason) for one in told.open_questions)


def _often(code: str) -> Check:
    return lambda told: frequency_code(told.order.frequency or "") == code and not told.open_questions


def _hcpcs(told: Referral) -> list[str | None]:
    return [one.drug.hcpcs for one in told.order.medications]


RIGHT: dict[str, Check] = {
    "40.fhir": _often("q8h"),
    "41.fhir": lambda told: _hcpcs(told) == ["J3370"] and not told.open_questions,
    "42.fhir": lambda told: _hcpcs(told) == ["J3370", "J0692"] and not told.open_questions,
    "44.fhir": lambda told: told.patient.family_name == "Sample" and not told.open_questions,
    "45.fhir": lambda told: told.patient.phones == ("+1-312-555-0117",),
    "46.fhir": lambda told: told.patient.address.line == ("1200 Example Street",) and not told.open_questions,
    "47.fhir": lambda told: (told.prescriber.npi, told.prescriber.name) == ("1489012371", "Dr Morgan Tester"),
    "48.fhir": lambda told: told.coverages[0].payer.id == "NORTHSTAR" and told.coverages[0].payer.name is not None,
    "49.fhir": lambda told: told.documents[0].data is not None and not told.open_questions,
    "50.fhir": _asks("documents[0].data", QuestionReason.NOT_UNDERSTOOD),
    "51.fhir": lambda told: [one.member_id for one in told.coverages] == ["NSH000123456"],
    "52.fhir": lambda told: told.patient.birth_date is None and not told.open_questions,
    "53.fhir": lambda told: len(told.order.diagnoses) == 50 and _asks("order.diagnoses", QuestionReason.TOO_MANY)(told),
    "54.fhir": lambda told: told.patient.allergies == "none_known",
    "55.fhir": _asks("order.dose", QuestionReason.NOT_UNDERSTOOD),
    "56.fhir": lambda told: _often("q12h")(told) and told.order.duration_days == 42,
    "57.fhir": lambda told: not told.order.medications and _asks("order.drug.name", QuestionReason.NOT_IN_FORCE)(told),
    "59.fhir": lambda told: told.coverages[0].payer.id == "NORTHSTAR",
    "60.fhir": lambda told: told.patient.weight_kg == 70.488,
    "62.fhir": lambda told: told.order.therapy is None and _asks("order.therapy", QuestionReason.NOT_IN_FORCE)(told),
    "63.fhir": lambda told: told.patient.address.state == "IL",
    "64.fhir": lambda told: told.order.dose is None and _asks("order.dose", QuestionReason.NOT_UNDERSTOOD)(told),
    **dict.fromkeys(("70a", "70b", "70k"), _often("q12h")),
    "70e": _often("q24h"),
    **dict.fromkeys(("70g", "70h", "70q"), _often("q8h")),
    "70r": lambda told: _often("q24h")(told) or _asks("order.frequency")(told),
    "71": lambda told: told.order.signed_on == TODAY and told.patient.weighed_on == TODAY,
    "72a": lambda told: told.order.drug.ndc is None and _asks("order.drug.ndc")(told),
    "72b": lambda told: told.order.drug.ndc == "00409653301",
    "72c": lambda told: told.order.drug.ndc == "63323028420",
    "73a": lambda told: told.patient.birth_date == date(2024, 2, 29),
    "73b": lambda told: told.patient.birth_date == date(1912, 6, 1),
    "74a": lambda told: told.patient.given_name is None and told.patient.family_name is not None,
    "74b": lambda told: told.patient.family_name == "O'Brien-Núñez 🌻",
    "75a": lambda told: told.coverages[0].member_id == "00012345",
    "76a": lambda told: told.order.drug.hcpcs == "J1335",
    "76b": lambda told: told.order.diagnoses == ("M86.171", "E11.621"),
    "77": lambda told: told.patient.phones == ("(312) 555-0188 ext. 204",),
    "79": lambda told: told.patient.sex in ("other", "unknown"),
}


@pytest.mark.parametrize("name", sorted(RIGHT))
def test_it_is_read_as_a_careful_person_would(name: str) -> None:
    told = _read(f"{name}.json")
    assert RIGHT[name](told), [(one.path, one.reason) for one in told.open_questions]


@pytest.mark.parametrize("name", ["73c", "73d", "78"])
def test_what_breaks_the_schema_or_the_identity_is_refused(name: str) -> None:
    kind, body = _body(f"{name}.json")
    with pytest.raises(Invalid):
        parse(kind, body, today=TODAY)


def test_placeholders_are_missing() -> None:
    told = _read("85.json")
    assert (told.patient.birth_date, told.patient.phones, told.coverages[0].member_id) == (None, (), None)


@pytest.mark.parametrize("name", sorted(path.name for path in CASES.glob("*.json") if ".answer" not in path.name))
def test_none_is_refused_without_a_named_cause(name: str) -> None:
    kind, body = _body(name)
    causes = ["accepted"]
    try:
        parse(kind, body, today=TODAY)
    except Invalid as refusal:
        causes = [part for one in refusal.errors for part in (one["path"], one["problem"])]
    except (Unparseable, UnsupportedType) as refusal:
        causes = [str(refusal)]
    assert causes
    assert all(causes)
