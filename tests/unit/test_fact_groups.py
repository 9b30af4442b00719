"""Whose facts they are: every fact of the model has one group, and a new version is judged by what it changes."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from firstdose.domain.referral.fact_groups import FIXED, GROUP_OF, FactGroup, group_of, groups_changed
from firstdose.domain.referral.referral import DocumentKind, Referral


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from models_in(each)


def paths(model: type[BaseModel], above: str = "") -> Iterator[str]:
    """Every fact, a list's by its first entry."""
    for name, field in {**model.model_fields, **model.model_computed_fields}.items():
        annotation = getattr(field, "annotation", None) or getattr(field, "return_type", None)
        within = list(models_in(annotation))
        if not within:
            yield f"{above}{name}"
        for each in within:
            listed = "[0]" if "tuple" in str(annotation) else ""
            yield from paths(each, f"{above}{name}{listed}.")


EVERY = sorted({path for path in paths(Referral) if path.partition(".")[0].partition("[")[0] not in FIXED})


def test_the_walk_finds_facts_at_every_depth() -> None:
    assert {"patient.allergies[0].substance", "coverages[0].subscriber.birth_date", "order.drug.hcpcs"} <= set(EVERY)
    assert len(EVERY) > 80


@pytest.mark.parametrize("path", EVERY)
def test_every_fact_has_exactly_one_group(path: str) -> None:
    assert group_of(path) in FactGroup


def test_the_table_names_nothing_that_the_model_does_not_have() -> None:
    known = {path.replace("[0]", "") for path in EVERY} | {f"documents.{kind}" for kind in DocumentKind}
    assert [one for one in GROUP_OF if not any(f"{path}.".startswith(f"{one}.") for path in known)] == []


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("patient.allergies", FactGroup.CLINICAL),
        ("patient.weight_kg", FactGroup.CLINICAL),
        ("patient.history", FactGroup.CLINICAL),
        ("order.dose", FactGroup.CLINICAL),
        ("order.medications[1].drug.name", FactGroup.CLINICAL),
        ("documents.signed_order", FactGroup.CLINICAL),
        ("coverages[0].member_id", FactGroup.COVERAGE),
        ("patient.birth_date", FactGroup.COVERAGE),
        ("prescriber.npi", FactGroup.COVERAGE),
        ("documents.insurance_card", FactGroup.COVERAGE),
        ("patient.address.line", FactGroup.CONTACT),
        ("patient.phones[0]", FactGroup.CONTACT),
        ("prescriber.phone", FactGroup.CONTACT),
    ],
)
def test_a_fact_is_where_the_process_has_it(path: str, group: FactGroup) -> None:
    assert group_of(path) is group


@pytest.mark.parametrize("path", ["source_referral_id", "questions", "questions[0].answered", "shoe_size", "a b", ""])
def test_what_nobody_may_change_has_no_group(path: str) -> None:
    with pytest.raises(LookupError):
        group_of(path)


@pytest.mark.parametrize(
    ("told", "changed"),
    [
        ({}, set()),
        ({"patient": {"weight_kg": 70.0}}, {FactGroup.CLINICAL}),
        ({"patient": {"phones": ["555"], "caregiver": {"name": "C"}}}, {FactGroup.CONTACT}),
        ({"coverages": [{"member_id": "M1"}], "order": {"dose": "2 g"}}, {FactGroup.COVERAGE, FactGroup.CLINICAL}),
        ({"documents": [{"kind": "lab_result"}]}, {FactGroup.CLINICAL}),
        ({"documents": [{"kind": "clinical_note"}]}, {FactGroup.COVERAGE}),
    ],
)
def test_a_new_version_is_of_the_groups_that_it_changes(told: dict[str, Any], changed: set[FactGroup]) -> None:
    known = Referral.model_validate({"source_referral_id": "R-1"})
    assert groups_changed(known, Referral.model_validate({"source_referral_id": "R-1", **told})) == changed
