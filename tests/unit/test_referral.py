"""The referral: missing facts are fine, impossible values are not, and neither errors nor repr tell what it holds."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from desk.intake.problems import path_of
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.paths import place
from firstdose.domain.referral.referral import DocumentKind, Referral, Urgency
from firstdose.domain.referral.source_message import Cancellation, CancelReason

TODAY = date(2026, 11, 21)
EXAMPLE = Path(__file__).parents[2] / "docs/examples/referral.json"


def example() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(EXAMPLE.read_text())["data"]
    return data


def test_the_example_is_read_whole_and_survives_the_store() -> None:
    referral = Referral.read(example(), today=TODAY)
    assert Referral.model_validate_json(referral.model_dump_json()) == referral
    assert referral.model_dump(mode="json", exclude_none=True)["patient"] == example()["patient"]


def test_a_number_is_enough() -> None:
    referral = Referral.read({"source_referral_id": "R-1"}, today=TODAY)
    assert (referral.urgency, referral.order.site, referral.order.needs_nursing) == (Urgency.ROUTINE, Site.HOME, True)
    assert referral.primary is None


@pytest.mark.parametrize("nothing", [None, "", "  ", [], {}])
@pytest.mark.parametrize(
    "path", ["patient", "patient.birth_date", "patient.phones", "coverages", "order.drug.name", "urgency"]
)
def test_null_blank_and_empty_mean_not_said(path: str, nothing: object) -> None:
    data, without = example(), example()
    place(data, path, nothing)
    place(without, path, None)
    assert Referral.read(data, today=TODAY) == Referral.read(without, today=TODAY)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("source_referral_id", ""),
        ("source_referral_id", "x" * 65),
        ("urgency", "whenever"),
        ("discharge_at", "2026-11-23T16:00:00"),
        ("discharge_at", 1_800_000_000),
        ("benefits_check_only", "yes"),
        ("patient", "Avery"),
        ("patient.birth_date", "2026-11-22"),
        ("patient.birth_date", "1899-12-31"),
        ("patient.birth_date", "1961-02-30"),
        ("patient.birth_date", 86400),
        ("patient.birth_date", "86400"),
        ("patient.family_name", 7),
        ("patient.family_name", "x" * 201),
        ("patient.family_name", "Sam\x00ple"),
        ("patient.phones", ["1"] * 11),
        ("patient.weight_kg", 0),
        ("patient.weight_kg", 500.1),
        ("patient.weight_kg", "70"),
        ("patient.weight_kg", True),
        ("patient.weight_kg", float("nan")),
        ("patient.weighed_on", "2026-11-22"),
        ("patient.allergies", "some"),
        ("patient.allergies", [{"reaction": "Hives"}]),
        ("patient.address.state", "ZZ"),
        ("patient.address.postal_code", "6060"),
        ("coverages[0].payer.id", "Avery Sample"),
        ("coverages[0].line_of_business", "travel"),
        ("prescriber.npi", "1489012372"),
        ("order.therapy", "leeches"),
        ("order.drug.hcpcs", "J33"),
        ("order.drug.ndc", "0000000010"),
        ("order.route", "PO"),
        ("order.duration_days", 0),
        ("order.duration_days", 14.5),
        ("order.diagnoses", ["86.161"]),
        ("order.signed_on", "2026-11-22"),
        ("order.site", "garden"),
        ("documents[0].data", "no base64!"),
        ("documents[0].kind", {"code": "note"}),
        ("documents[0].url", "http://lakeside.example.org/note"),
    ],
)
def test_an_impossible_value_is_refused_by_its_path_and_not_repeated(path: str, value: object) -> None:
    data = example()
    place(data, path, value)
    with pytest.raises(ValidationError) as refused:
        Referral.read(data, today=TODAY)
    problems = refused.value.errors(include_url=False, include_context=False, include_input=False)
    assert len(problems) == 1
    assert path_of(problems[0]).startswith(path.split("[")[0])
    if isinstance(value, str) and len(value) > 4:
        assert value not in str(refused.value)


def test_yesterdays_patient_is_not_refused_when_no_day_is_given() -> None:
    stored = Referral.model_validate(example() | {"patient": {"birth_date": "2999-01-01"}})
    assert stored.patient.birth_date == date(2999, 1, 1)


def test_unknown_fields_are_left_out() -> None:
    data = example() | {"color": "blue"}
    data["order"]["color"] = "blue"
    assert Referral.read(data, today=TODAY) == Referral.read(example(), today=TODAY)


def test_an_unknown_kind_of_document_is_other() -> None:
    referral = Referral.read({"source_referral_id": "R-1", "documents": [{"kind": "horoscope"}]}, today=TODAY)
    assert referral.documents[0].kind is DocumentKind.OTHER
    assert not referral.documents[0].has_content


def test_none_known_is_not_the_same_as_not_said() -> None:
    told = Referral.read({"source_referral_id": "R-1", "patient": {"allergies": "none_known"}}, today=TODAY)
    silent = Referral.read({"source_referral_id": "R-1", "patient": {"allergies": []}}, today=TODAY)
    assert (told.patient.allergies, silent.patient.allergies) == ("none_known", None)


def test_the_primary_coverage_is_found_wherever_it_stands() -> None:
    coverages = [{"order": "secondary", "member_id": "2"}, {"order": "primary", "member_id": "1"}]
    assert Referral.read({"source_referral_id": "R-1", "coverages": coverages}, today=TODAY).primary == 1


def test_a_referral_does_not_tell_who_it_is_about() -> None:
    referral = Referral.read(example(), today=TODAY)
    for shown in (repr(referral), str(referral), f"{referral.patient}", repr(referral.coverages)):
        assert "Sample" not in shown
        assert "NSH" not in shown


def test_a_referral_is_read_only() -> None:
    with pytest.raises(ValidationError):
        setattr(Referral.read(example(), today=TODAY), "urgency", Urgency.STAT)  # noqa: B010 - mypy knows it is read-only


@pytest.mark.parametrize(
    ("told", "reason", "note"),
    [
        ({"reason": "deceased"}, CancelReason.DECEASED, None),
        ({"reason": "she moved away"}, CancelReason.WITHDRAWN, "she moved away"),
        ({"reason": "other", "note": "she moved away"}, CancelReason.WITHDRAWN, "she moved away"),
        ({}, CancelReason.WITHDRAWN, None),
    ],
)
def test_a_reason_in_own_words_is_withdrawn_and_kept(
    told: dict[str, str], reason: CancelReason, note: str | None
) -> None:
    cancellation = Cancellation.model_validate({"source_referral_id": "R-1", **told})
    assert (cancellation.reason, cancellation.note) == (reason, note)
