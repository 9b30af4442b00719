"""A payer case of a synthetic patient, for the tests of payer channels."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.domain.authorization.coding import lines_for
from firstdose.domain.authorization.lines import Certification, Line
from firstdose.domain.referral.facts import outline
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.referral import Referral
from firstdose.payer_ports import PayerCase, PayerEndpoint

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
US = Requestor(
    name="Example Home Infusion",
    npi="1234567893",
    originator="9123456789",
    base_url="https://desk.example.org/fhir",
)
NOTE = "VmFuY29teWNpbiB0b2xlcmF0ZWQu"


def referral(member_id: str = "SIM-APPROVED-1") -> Referral:
    return Referral.read(
        {
            "source_referral_id": "R-1",
            "discharge_at": "2026-11-23T16:00:00-06:00",
            "patient": {
                "family_name": "Sample",
                "given_name": "Avery",
                "birth_date": "1961-04-17",
                "sex": "female",
                "phones": ["+1-312-555-0117"],
                "address": {"line": ["1200 Example Street"], "city": "Chicago", "state": "IL", "postal_code": "60601"},
            },
            "coverages": [
                {
                    "payer": {"id": "northstar", "name": "Northstar Health Plan"},
                    "line_of_business": "medicare_advantage",
                    "member_id": member_id,
                    "group": "MA-100",
                    "relationship": "spouse",
                    "subscriber": {"family_name": "Sample", "given_name": "Jordan", "birth_date": "1959-09-02"},
                }
            ],
            "prescriber": {"npi": "1234567893", "name": "Morgan Tester", "phone": "+1-312-555-0150"},
            "order": {
                "therapy": "anti_infective",
                "medications": [
                    {
                        "drug": {"name": "Vancomycin", "hcpcs": "J3370", "ndc": "00000-0000-10", "rxnorm": "1807508"},
                        "dose": "1 g",
                        "route": "IV",
                        "frequency": "every 12 hours",
                        "duration_days": 42,
                        "billing_units": 42,
                    }
                ],
                "diagnoses": ["M86.161", "B95.62"],
                "requested_start": "2026-11-24",
            },
            "documents": [
                {"kind": "clinical_note", "content_type": "text/plain", "title": "Note", "data": NOTE},
                {"kind": "lab_result", "url": "https://example.org/lab.pdf"},
            ],
        },
        today=date(2026, 11, 21),
    )


def lines(*, site: Site = Site.HOME, certification: Certification = Certification.INITIAL) -> tuple[Line, ...]:
    made = lines_for(outline(referral()), site)
    return tuple(line.model_copy(update={"certification": certification}) for line in made)


def two_antibiotics() -> PayerCase:
    """Cefepime every 8 hours for two weeks beside daptomycin daily for six."""
    ordered = referral()
    data = ordered.model_dump(mode="json")
    data["order"]["medications"] = [
        {
            "drug": {"name": "Cefepime", "hcpcs": "J0692", "ndc": "00000-0000-20"},
            "dose": "2 g",
            "route": "IV",
            "frequency": "every 8 hours",
            "duration_days": 14,
        },
        {
            "drug": {"name": "Daptomycin", "hcpcs": "J0878"},
            "dose": "500 mg",
            "route": "IV",
            "frequency": "daily",
            "duration_days": 42,
        },
    ]
    both = Referral.read(data, today=date(2026, 11, 21))
    return case(referral=both, lines=lines_for(outline(both), Site.HOME))


def endpoint(base_url: str = "https://payer.example.org/fhir/northstar", **quirks: object) -> PayerEndpoint:
    return PayerEndpoint.model_validate(
        {"payer": "northstar", "name": "Northstar", "base_url": base_url, "timeout": timedelta(seconds=2), **quirks}
    )


def case(payer: PayerEndpoint | None = None, member_id: str = "SIM-APPROVED-1", **changes: object) -> PayerCase:
    made = PayerCase(
        endpoint=payer or endpoint(),
        referral=referral(member_id),
        site=Site.HOME,
        trace=uuid4().hex,
        lines=lines(),
        created_at=NOW,
    )
    return made.model_copy(update=changes)
