"""What each step lacks, and what a workflow may know."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.domain.referral.facts import BlockedStep, missing_facts, outline
from firstdose.domain.referral.paths import place
from firstdose.domain.referral.referral import DocumentKind, Referral

TODAY = date(2026, 11, 21)
EXAMPLE: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs/examples/referral.json").read_text())["data"]


def referral(data: dict[str, Any] | None = None) -> Referral:
    return Referral.read({"source_referral_id": "R-1"} | (data or {}), today=TODAY)


def test_nothing_is_missing_from_the_example() -> None:
    assert missing_facts(referral(EXAMPLE)) == dict.fromkeys(BlockedStep, ())


@pytest.mark.parametrize(
    ("patient", "check_only", "lacks"),
    [
        ({"phones": ["+1-312-555-0117"], "contact_allowed": False}, False, ("patient.contact_allowed",)),
        ({"contact_allowed": False}, False, ("patient.contact_allowed",)),
        ({"contact_allowed": False}, True, ()),
        ({"contact_allowed": True}, False, ("patient.phones",)),
        ({"phones": ["+1-312-555-0117"]}, False, ()),
    ],
)
def test_whoever_must_not_be_contacted_is_not_called(
    patient: dict[str, Any], check_only: bool, lacks: tuple[str, ...]
) -> None:
    told = referral({"patient": patient, "benefits_check_only": check_only})
    assert missing_facts(told)[BlockedStep.CONTACT] == lacks


def test_what_an_empty_referral_lacks() -> None:
    assert missing_facts(referral()) == {
        BlockedStep.CONTACT: ("patient.phones",),
        BlockedStep.ELIGIBILITY: ("coverages", "patient.family_name", "patient.given_name", "patient.birth_date"),
        BlockedStep.AUTHORIZATION: (
            "order.diagnoses",
            "order.drug.name",
            "order.dose",
            "order.route",
            "order.frequency",
            "order.duration_days",
            "order.therapy",
            "prescriber.npi",
            "documents.clinical_note",
        ),
        BlockedStep.DISPATCH: (
            "order.signed_on",
            "patient.allergies",
            "patient.weight_kg",
            "order.access_device",
            "order.anaphylaxis_kit_ordered",
            "patient.address.line",
            "patient.address.state",
            "patient.address.postal_code",
        ),
    }


def test_only_the_primary_coverage_holds_up_eligibility() -> None:
    coverages = [{"order": "secondary"}, {"order": "primary", "payer": {"id": "NORTHSTAR"}}]
    assert missing_facts(referral({"coverages": coverages}))[BlockedStep.ELIGIBILITY][0] == "coverages[1].member_id"


def test_who_must_not_be_contacted_needs_no_phone() -> None:
    assert missing_facts(referral({"benefits_check_only": True}))[BlockedStep.CONTACT] == ()


@pytest.mark.parametrize(("route", "asked"), [(None, True), ("IV", True), ("SC", False), ("IM", False)])
def test_only_an_iv_needs_an_access_device(route: str | None, *, asked: bool) -> None:
    missing = missing_facts(referral({"order": {"route": route}}))[BlockedStep.DISPATCH]
    assert ("order.access_device" in missing) is asked


def test_no_kit_ordered_is_an_answer_and_no_allergies_known_too() -> None:
    told = referral({"order": {"anaphylaxis_kit_ordered": False}, "patient": {"allergies": "none_known"}})
    assert not {"order.anaphylaxis_kit_ordered", "patient.allergies"} & set(missing_facts(told)[BlockedStep.DISPATCH])


def test_a_note_without_content_is_no_note() -> None:
    empty = referral({"documents": [{"kind": "clinical_note", "title": "to follow"}]})
    assert "documents.clinical_note" in missing_facts(empty)[BlockedStep.AUTHORIZATION]


def _leaves(node: object, at: str = "") -> dict[str, object]:
    if isinstance(node, dict):
        return {path: leaf for name, inner in node.items() for path, leaf in _leaves(inner, f"{at}.{name}").items()}
    return {at.removeprefix("."): node}


LEAVES = _leaves(EXAMPLE)


@given(st.sets(st.sampled_from(sorted(LEAVES))), st.sampled_from(sorted(LEAVES)))
def test_a_further_fact_never_makes_another_one_missing(known: set[str], further: str) -> None:
    def of(paths: set[str]) -> set[str]:
        tree: dict[str, Any] = {}
        for path in paths:
            place(tree, path, LEAVES[path])
        return {path for paths in missing_facts(referral(tree)).values() for path in paths}

    # A first coverage turns "no coverage" into what that coverage lacks, so whole coverages are added here.
    assert of(known | {further}) <= of(known)


def test_the_outline_has_codes() -> None:
    seen = outline(referral(EXAMPLE))
    assert (seen.payer_id, seen.state, seen.hcpcs, seen.frequency, seen.signed, seen.kit_ordered) == (
        ("NORTHSTAR", "IL", "J3370", "q12h", True, True)
    )
    assert seen.documents == (DocumentKind.CLINICAL_NOTE,)
    assert type(seen).model_validate_json(seen.model_dump_json()) == seen


def test_the_outline_of_an_empty_referral() -> None:
    seen = outline(referral())
    assert (seen.payer_id, seen.therapy, seen.frequency, seen.signed, seen.kit_ordered) == (
        None,
        None,
        None,
        False,
        None,
    )
    assert seen.missing == missing_facts(referral())


ALLOWED = {
    "IV",
    "urgent",
    "home",
    "IL",
    "J3370",
    "anti_infective",
    "medicare_advantage",
    "NORTHSTAR",
    "clinical_note",
    "42",
}


def _texts(node: object) -> set[str]:
    if isinstance(node, dict | list):
        return {text for inner in (node.values() if isinstance(node, dict) else node) for text in _texts(inner)}
    return {str(node)} if not isinstance(node, bool) and node is not None else set()


def test_the_outline_holds_nothing_else_that_the_referral_says() -> None:
    shown = _texts(json.loads(outline(referral(EXAMPLE)).model_dump_json(exclude={"missing"})))
    assert shown & _texts(EXAMPLE) == ALLOWED


def test_free_text_does_not_slip_through_the_frequency() -> None:
    assert outline(referral({"order": {"frequency": "as Avery Sample likes"}})).frequency is None
