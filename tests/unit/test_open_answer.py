"""What a message to a workflow may say in the clear, whatever its model allows."""

import pytest

from firstdose.domain.work.open_answer import not_open

REFERRAL = "0190d0d0-0000-7000-8000-000000000001"
SEALED = "sealed:cLptwtNI0aULe45AQ1Uw70hsVgUJjQ"


@pytest.mark.parametrize(
    "told",
    [
        {"item_id": f"{REFERRAL}-contact_patient-1", "resolution": {"outcome": "reached"}},
        {"item_id": f"{REFERRAL}-confirm_visit-0a1b2c3d-2"},
        {"outcome": "accepted", "visit_at": "2026-03-02T09:30:00Z", "patient_confirmed": True},
        {"outcome": "answered", "benefits": {"status": "active", "copay": "40.50", "reference": SEALED}},
        {
            "lines": [
                {"sequence": 1, "state": "denied", "number": SEALED, "reason_code": "0F", "valid_to": "2026-03-02"}
            ]
        },
        {"information": {"wanted": ["11506-3", "B4"], "control_number": SEALED}},
        {"documents": ["clinical_note"], "conditions": ["interpreter"]},
        {"reason": "patient_away", "until": "2026-03-02T09:30:00+01:00"},
        {"override_id": "override-1", "gate": "authorization", "reason": "discharge_today"},
    ],
)
def test_words_of_ours_dates_numbers_ids_and_sealed_texts(told: dict[str, object]) -> None:
    assert list(not_open(told)) == []


@pytest.mark.parametrize(
    ("told", "paths"),
    [
        ({"note": "She is away"}, ["note"]),
        ({"lines": [{"number": "AUTH1234"}, {"number": SEALED}]}, ["lines[0].number"]),
        ({"documents": ["clinical_note", "jane-roe"]}, ["documents[1]"]),
        ({"nurse": "jane"}, ["nurse"]),
        ({"Jane Roe": 1}, ["<unknown field>"]),
        ({"item_id": f"{REFERRAL}-jane_roe-1"}, ["item_id"]),
        ({"benefits": {"copay": "6175550100"}}, ["benefits.copay"]),
        ({"facts": {"patient.email": None}}, ["facts.<unknown field>"]),
        ({"reason": "sealed:Jane"}, ["reason"]),
    ],
)
def test_all_else_could_be_about_somebody(told: dict[str, object], paths: list[str]) -> None:
    assert list(not_open(told)) == paths


def test_what_the_caller_knows_may_stand() -> None:
    assert list(not_open({"nurse": "n-17"}, ["n-17"])) == []
