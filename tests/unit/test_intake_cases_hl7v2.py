"""The HL7 v2 inputs from public bug reports, where they are there: each ends as a careful person would have it."""

from datetime import date
from pathlib import Path

import pytest

from desk.intake.parse import parse
from desk.intake.problems import Unparseable
from firstdose.domain.referral.facts import missing_facts
from firstdose.domain.referral.referral import Referral

CASES = Path(__file__).parents[3] / "shared/fixtures/cases"
TODAY = date(2026, 11, 28)
RIGHT: dict[str, dict[str, object]] = {
    "01": {
        "patient.given_name": "Avery",
        "patient.language": None,
        "patient.address.line": ["1200 Example Street"],
        "patient.history": None,
        "coverages[0].member_id": "MBR77123",
        "coverages[0].group": None,
    },
    "02": {"patient.birth_date": None},
    "03": {"coverages[0].relationship": "self", "coverages[0].subscriber": None},
    "04": {"patient.family_name": "Sample"},
    "06": {"patient.phones": ["312-555-0117"], "patient.email": "a@example.org"},
    "07": {"patient.weight_kg": 70.5},
    "09": {"patient.weight_kg": 70.488},
    "10": {"patient.family_name": "Müller", "patient.history": "BUN 20\n1.2 creatinine; trough 1\n5 mg/L"},
    "11": {"patient.family_name": "Sample"},
    "13": {"patient.family_name": "O’Sample"},
    "15": {"order.diagnoses": ["M86.161"]},
    "16": {"order.diagnoses": ["M86.161", "R50.9"]},
    "17": {
        "order.medications[0].drug.hcpcs": "J3370",
        "order.medications[0].frequency": None,
        "order.medications[1].drug.hcpcs": "J0692",
        "order.medications[1].dose": "2 g",
        "order.medications[1].frequency": "every 12 hours",
    },
    "18": {"patient.sex": "female"},
    "19": {"patient.address.postal_code": "60601"},
    "20": {"patient.address.state": "IL"},
    "21": {"patient.address.state": "AE"},
    "22": {"patient.family_name": "Sample"},
    "23": {"patient.allergies": "none_known"},
    "24": {"prescriber.phone": "312-555-0150 ext. 204"},
    "25": {"coverages[0].payer.id": "NEWPLAN", "coverages[0].order": "primary"},
    "26": {"documents[0].kind": "clinical_note"},
    "27": {"order.frequency": "Q8H"},
    "28": {"coverages[0].payer": {"id": None, "name": "Northstar Health Plan"}},
    "29": {"patient.sex": "other"},
    "30": {"discharge_at": None},
}
ASKED = {
    "02": "patient.birth_date",
    "17": "order.frequency",
    "21": "patient.address.line",
    "30": "discharge_at",
}
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not on this machine")


def test_every_case_has_its_right_end() -> None:
    assert {path.stem for path in CASES.glob("*.hl7")} == RIGHT.keys() | {"12"}


@pytest.mark.parametrize("case", RIGHT)
def test_a_case_is_read_as_a_careful_person_would(case: str) -> None:
    tree = _read(case).model_dump(mode="json")
    assert {path: _at(tree, path) for path in RIGHT[case]} == RIGHT[case]


@pytest.mark.parametrize("case", RIGHT)
def test_only_what_is_unclear_is_asked(case: str) -> None:
    asked = {path for paths in missing_facts(_read(case)).values() for path in paths}
    assert ASKED.get(case) is None or ASKED[case] in asked
    assert {one.path for one in _read(case).questions} == ({"discharge_at"} if case == "30" else set())


def test_an_unnamed_character_set_is_refused_by_its_field() -> None:
    with pytest.raises(Unparseable, match="MSH-18"):
        _read("12")


def _read(case: str) -> Referral:
    told = parse("application/hl7-v2", (CASES / f"{case}.hl7").read_bytes().replace(b"@ID@", b"R-1"), today=TODAY)
    assert told.referral is not None
    return told.referral


def _at(tree: object, path: str) -> object:
    for step in path.replace("[", ".").replace("]", "").split("."):
        tree = tree[int(step)] if isinstance(tree, list) else tree[step]  # type: ignore[index]
    return tree
