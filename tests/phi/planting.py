"""Referrals in which every field that could tell who somebody is holds a value that is found nowhere else."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import SystemRandom
from string import ascii_lowercase, digits
from typing import Any

from firstdose.domain.referral.identifiers import npi_check_digit
from simulator.referrals import member_of

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

_random = SystemRandom()


def _some(characters: str, count: int) -> str:
    return "".join(_random.choices(characters, k=count))


class Planter:
    """Makes values and remembers them. Words begin with `mark`, which stands for all of them in a search."""

    def __init__(self) -> None:
        self.mark = "zq" + _some(ascii_lowercase + digits, 10)
        self.words: list[str] = []
        self.shaped: list[str] = []

    def word(self, field: str) -> str:
        self.words.append(f"{self.mark}{len(self.words):03}{field}")
        return self.words[-1]

    def phone(self) -> str:
        number = f"{_random.randrange(201, 990)}-{_random.randrange(201, 990)}-{_some(digits, 4)}"
        return self._shape(f"+1-{number}")

    def npi(self) -> str:
        first_nine = "1" + _some(digits, 8)
        return self._shape(first_nine + npi_check_digit(first_nine))

    def day(self, first: int, last: int) -> str:
        """A day of these years."""
        start = date(first, 1, 1)
        return self._shape((start + timedelta(days=_random.randrange((last - first) * 365))).isoformat())

    def number(self, length: int) -> str:
        return self._shape(str(_random.randrange(1, 10)) + _some(digits, length - 1))

    def member(self, scenario: str) -> str:
        return self._shape(member_of(scenario, int(self.number(14))))

    def postal_code(self) -> str:
        return self._shape(f"62701-{_random.randrange(1000, 10_000)}")

    def weight(self) -> float:
        return float(self._shape(f"{_random.randrange(50, 99)}.{_random.randrange(1000, 10_000) * 10 + 7}"))

    def diagnosis(self) -> str:
        return self._shape(f"M{_random.randrange(10, 99)}.{_some(digits, 3)}X")

    def _shape(self, value: str) -> str:
        self.shaped.append(value)
        return value


def canonical(plant: Planter, scenario: str) -> dict[str, Any]:
    """The `data` of a `referral.received` with every field of docs/intake.md."""
    return {
        "source_referral_id": plant.word("number"),
        "urgency": "routine",
        "discharge_at": f"{plant.day(2024, 2025)}T03:17:41Z",
        "source": {**_office(plant), "organization": plant.word("organization")},
        "patient": _patient(plant),
        "coverages": [
            _coverage(plant, "primary", {"id": "prairie-health"}, plant.member(scenario)),
            _coverage(plant, "secondary", {}, plant.word("member")),
        ],
        "prescriber": {**_office(plant), "name": plant.word("prescriber")},
        "order": _order(plant),
        "documents": [
            {
                "kind": "clinical_note",
                "content_type": "text/plain",
                "title": plant.word("title"),
                "data": base64.b64encode(f"Note of {plant.word('content')}".encode()).decode(),
            },
            {"kind": plant.word("kind"), "title": plant.word("title"), "url": f"https://example.org/{plant.word('u')}"},
        ],
    }


def _office(plant: Planter) -> dict[str, str]:
    return {"npi": plant.npi(), "phone": plant.phone(), "fax": plant.phone(), "contact_name": plant.word("contact")}


def _patient(plant: Planter) -> dict[str, Any]:
    return {
        "family_name": plant.word("family"),
        "given_name": plant.word("given"),
        "birth_date": plant.day(1921, 1949),
        "sex": "female",
        "phones": [plant.phone(), plant.word("phone")],
        "email": f"{plant.word('mail')}@example.org",
        "language": plant.word("language"),
        "address": {
            "line": [plant.word("street"), plant.word("floor")],
            "city": plant.word("city"),
            "state": "IL",
            "postal_code": plant.postal_code(),
        },
        "weight_kg": plant.weight(),
        "weighed_on": plant.day(2001, 2009),
        "allergies": [{"substance": plant.word("substance"), "reaction": plant.word("reaction")}],
        "caregiver": {"name": plant.word("caregiver"), "phone": plant.phone(), "relationship": plant.word("kin")},
        "history": f"History of {plant.word('history')}",
    }


def _coverage(plant: Planter, order: str, payer: dict[str, str], member_id: str) -> dict[str, Any]:
    return {
        "order": order,
        "payer": {**payer, "name": plant.word("payer")},
        "line_of_business": "commercial",
        "member_id": member_id,
        "group": plant.word("group"),
        "relationship": "spouse",
        "subscriber": {
            "family_name": plant.word("family"),
            "given_name": plant.word("given"),
            "birth_date": plant.day(1921, 1949),
        },
    }


def _order(plant: Planter) -> dict[str, Any]:
    return {
        "therapy": "anti_infective",
        "drug": {
            "name": plant.word("drug"),
            "hcpcs": "J0696",
            "ndc": plant.number(11),
            "rxnorm": plant.number(8),
        },
        "dose": "2 g",
        "route": "IV",
        "frequency": "every 24 hours",
        "duration_days": 28,
        "diagnoses": [plant.diagnosis(), plant.diagnosis()],
        "access_device": plant.word("device"),
        "pump": plant.word("pump"),
        "first_dose_given": False,
        "needs_nursing": True,
        "site": "home",
        "requested_start": plant.day(2016, 2019),
        "signed_on": plant.day(2010, 2015),
        "anaphylaxis_kit_ordered": True,
    }


_SAID = {
    "REF-10042": "number",
    "Lakeside General Hospital": "organization",
    "Sample": "family",
    "Avery": "given",
    "Quinn": "given",
    "Jordan": "given",
    "Tester": "prescriber",
    "Morgan": "prescriber",
    "Dana Whitfield": "contact",
    "1200 Example Street": "street",
    "Apt 4": "floor",
    "Chicago": "city",
    "Spouse": "kin",
    "MA-100": "group",
    "G-9": "group",
    "NSH000123456": "member",
    "PM-7788": "member",
    "Northstar Health Plan": "payer",
    "Prairie Mutual": "payer",
    "Penicillin": "substance",
    "Hives": "reaction",
    "Vancomycin 1 g injection": "drug",
    "PICC, single lumen": "device",
    "elastomeric": "pump",
    "Type 2 diabetes. PICC placed without complication.": "history",
}
_DOCUMENT = "U3ludGhldGlj"


def as_fhir(plant: Planter) -> bytes:
    """The example Bundle, replanted."""
    return _replanted(plant, json.dumps(json.loads((EXAMPLES / "referral.fhir.json").read_text())))


def as_hl7v2(plant: Planter) -> bytes:
    """The example REF^I12, replanted."""
    return _replanted(plant, (EXAMPLES / "referral.hl7").read_text())


def _replanted(plant: Planter, text: str) -> bytes:
    for said, field in _SAID.items():
        if said in text:
            text = text.replace(said, plant.word(field))
    content = base64.b64encode(plant.word("content").ljust(60, ".").encode()).decode()
    before, beginning, after = text.partition(_DOCUMENT)
    if not beginning:
        raise ValueError("the example has no document")
    end = next(index for index, character in enumerate(after) if not (character.isalnum() or character in "+/="))
    return f"{before}{content}{after[end:]}".encode()


def envelope(data: dict[str, Any]) -> bytes:
    """The `referral.received` that carries it."""
    return json.dumps({"type": "referral.received", "timestamp": datetime.now(UTC).isoformat(), "data": data}).encode()
