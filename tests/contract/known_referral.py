"""A made-up referral in which every fact is known, and for each input of its forms what somebody may type instead."""

from typing import Any, Final, NamedTuple

from firstdose.domain.referral.referral import Referral

NPI: Final = "1234567893"
OTHER_NPI: Final = "1245319599"
PERSON: Final = {"name": "Pat Testperson", "phone": "555 0199", "relationship": "daughter"}
FULL: Final[dict[str, Any]] = {
    "source_referral_id": "R-full",
    "urgency": "urgent",
    "discharge_at": "2026-12-01T15:30:00-06:00",
    "benefits_check_only": False,
    "source": {
        "organization": "Mercy <General>",
        "npi": NPI,
        "contact_name": "Dana Desk",
        "phone": "555 0101",
        "fax": "555 0102",
    },
    "patient": {
        "family_name": "O'Testperson",
        "given_name": "Avery & Co",
        "birth_date": "1961-07-23",
        "sex": "unknown",
        "phones": ["555 0110", "555 0111"],
        "email": "avery@example.org",
        "language": "Spanish",
        "address": {"line": ["1 Main St", "Apt 2"], "city": "Columbus", "state": "OH", "postal_code": "43215"},
        "weight_kg": 70.5,
        "weighed_on": "2026-03-01",
        "height_cm": 172.0,
        "allergies": [{"substance": "penicillin", "reaction": "rash"}, {"substance": "latex"}],
        "caregiver": PERSON,
        "alternate_contact": {**PERSON, "name": "Sam Testperson"},
        "contact_allowed": True,
        "time_zone": "America/Denver",
        "history": "Diabetes.\n\nPICC in place.",
    },
    "coverages": [
        {
            "order": "primary",
            "payer": {"id": "acme-health", "name": "Acme Health"},
            "line_of_business": "employer",
            "member_id": "M100",
            "group": "G1",
            "relationship": "spouse",
            "subscriber": {
                "family_name": "Testperson",
                "given_name": "Robin",
                "birth_date": "1960-01-02",
                "sex": "female",
            },
        },
        {"order": "secondary", "payer": {"name": "Second Plan"}, "member_id": "M200", "relationship": "self"},
    ],
    "prescriber": {"npi": NPI, "name": "Dr. Tester", "phone": "555 0120", "fax": "555 0121", "contact_name": "Kim"},
    "order": {
        "therapy": "anti_infective",
        "medications": [
            {
                "drug": {"name": "ceftriaxone", "hcpcs": "J0696", "ndc": "00409733201", "rxnorm": "309092"},
                "dose": "2 g",
                "dose_quantity": {"value": 2, "unit": "g"},
                "route": "IV",
                "frequency": "every 24 hours",
                "duration": {"value": 14, "unit": "days"},
                "billing_units": 112,
                "diagnoses": ["M86.9"],
            },
            {"drug": {"name": "sodium chloride"}, "dose": "as directed", "route": "IV"},
        ],
        "diagnoses": ["M86.9", "E11.9"],
        "access_device": "PICC",
        "pump": "elastomeric",
        "first_dose_given": False,
        "needs_nursing": True,
        "site": "home",
        "requested_start": "2026-12-02",
        "signed_on": "2026-03-01",
        "anaphylaxis_kit_ordered": True,
    },
    "documents": [{"kind": "other", "title": "Fax of the hospital", "content_type": "text/plain", "data": "SGk="}],
}


class Retyped(NamedTuple):
    """What is typed by name of input, the fact that it is, and its value as JSON has it."""

    typed: dict[str, str]
    path: str
    value: object


def _text(path: str, text: str = "Another text", value: object = None) -> Retyped:
    return Retyped({path: text}, path, text if value is None else value)


_MEDICATION: Final = "order.medications[0]"
_ALLERGY: Final = "patient.allergies"
OTHERWISE: Final[dict[str, Retyped]] = {
    each.path if each.path != f"{_MEDICATION}.dose_quantity" else _MEDICATION: each
    for each in (
        _text("urgency", "stat"),
        _text("patient.weight_kg", "71.25", 71.25),
        _text("patient.weighed_on", "2026-03-02"),
        _text("patient.height_cm", "171", 171.0),
        Retyped(
            {f"{_ALLERGY}[0].substance": "", f"{_ALLERGY}[0].reaction": "", f"{_ALLERGY}[3].substance": "sulfa"},
            _ALLERGY,
            [{"substance": "latex", "reaction": None}, {"substance": "sulfa", "reaction": None}],
        ),
        _text("patient.history", "Line one\r\nLine two", "Line one\nLine two"),
        _text("order.therapy", "hydration"),
        _text("order.diagnoses", "E11.9\r\n\r\n a4101 ", ["E11.9", "A41.01"]),
        _text("order.access_device"),
        _text("order.pump"),
        _text("order.first_dose_given", "yes", value=True),
        _text("order.needs_nursing", "no", value=False),
        _text("order.site", "suite"),
        _text("order.requested_start", "2026-12-05"),
        _text("order.signed_on", "2026-03-02"),
        _text("order.anaphylaxis_kit_ordered", "no", value=False),
        _text(f"{_MEDICATION}.billing_units", "56", 56),
        _text(f"{_MEDICATION}.drug.name"),
        _text(f"{_MEDICATION}.drug.hcpcs", "j1335", "J1335"),
        _text(f"{_MEDICATION}.drug.ndc", "0409-7332-02", "00409733202"),
        _text(f"{_MEDICATION}.drug.rxnorm", "309093"),
        Retyped(
            {f"{_MEDICATION}.dose_quantity.value": "1.5"},
            f"{_MEDICATION}.dose_quantity",
            {"value": 1.5, "unit": "g"},
        ),
        _text(f"{_MEDICATION}.route", "IM"),
        _text(f"{_MEDICATION}.frequency", "every 12 hours"),
        Retyped({f"{_MEDICATION}.duration.unit": "doses"}, f"{_MEDICATION}.duration", {"value": 14, "unit": "doses"}),
        _text(f"{_MEDICATION}.diagnoses", "E11.9", ["E11.9"]),
        _text("patient.family_name"),
        _text("patient.given_name"),
        _text("patient.birth_date", "1962-08-24"),
        _text("patient.sex", "male"),
        _text("prescriber.npi", OTHER_NPI),
        _text("prescriber.name"),
        _text("coverages[0].order", "secondary"),
        _text("coverages[0].payer.name"),
        _text("coverages[0].payer.id", "other-health"),
        _text("coverages[0].line_of_business", "medicaid"),
        _text("coverages[0].member_id", "M 101", "M101"),
        _text("coverages[0].group"),
        _text("coverages[0].relationship", "child"),
        _text("coverages[0].subscriber.family_name"),
        _text("coverages[0].subscriber.given_name"),
        _text("coverages[0].subscriber.birth_date", "1959-01-02"),
        _text("coverages[0].subscriber.sex", "unknown"),
        _text("documents[0].kind", "clinical_note"),
        _text("documents[0].title"),
        _text("patient.contact_allowed", "no", value=False),
        _text("patient.phones", "555 0112\r\n555 0110", ["555 0112", "555 0110"]),
        _text("patient.email", "other@example.org"),
        _text("patient.language", "English"),
        _text("patient.address.line", "2 Main St", ["2 Main St"]),
        _text("patient.address.city"),
        _text("patient.address.state", "Illinois", "IL"),
        _text("patient.address.postal_code", "61602"),
        _text("patient.time_zone", "America/Chicago"),
        Retyped({"discharge_at.time": "16:45"}, "discharge_at", "2026-12-01T16:45:00-07:00"),
        _text("benefits_check_only", "yes", value=True),
        *(_text(f"patient.{who}.{name}") for who in ("caregiver", "alternate_contact") for name in PERSON),
        *(_text(f"{who}.{name}") for who in ("prescriber", "source") for name in ("contact_name", "phone", "fax")),
        _text("source.organization"),
        _text("source.npi", OTHER_NPI),
    )
}
"""By the path of the input."""


def known() -> Referral:
    return Referral.model_validate(FULL)
