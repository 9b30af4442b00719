"""The record for billing: each drug's line carries its own medication."""

from datetime import UTC, datetime

from firstdose.adapters.postgres.messages.claims import claim_message
from tests.contract.cases import two_antibiotics


def test_each_drug_line_names_its_own_drug() -> None:
    case = two_antibiotics()
    message = claim_message("r", case.referral, case.lines, datetime(2026, 11, 24, tzinfo=UTC), None)
    drugs = [(record["code"], record.get("drug", {}).get("name")) for record in message["data"]["records"]]
    assert drugs == [
        ("J0692", "Cefepime"),
        ("S9502", None),
        ("J0878", "Daptomycin"),
        ("S9500", None),
        ("99601", None),
    ]
