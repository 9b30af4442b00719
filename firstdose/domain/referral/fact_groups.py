"""Whose facts they are: each fact of a referral is clinical, about coverage, or about contact, for who may change it.

By the longest path of the table that leads to the fact; `tests/unit/test_fact_groups.py` walks the whole model.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from firstdose.domain.referral.order import stored_path
from firstdose.domain.referral.paths import steps
from firstdose.domain.referral.referral import Document, Referral
from firstdose.domain.referral.versions import changed_paths


class FactGroup(StrEnum):
    CLINICAL = "clinical"
    COVERAGE = "coverage"
    CONTACT = "contact"


FIXED: Final = frozenset({"source_referral_id", "questions"})
"""What nobody changes: the source's number, and what intake did not understand, which facts answer."""

GROUP_OF: Final = {
    "urgency": FactGroup.CLINICAL,
    "discharge_at": FactGroup.CONTACT,
    "benefits_check_only": FactGroup.CONTACT,
    "source": FactGroup.CONTACT,
    "patient.family_name": FactGroup.COVERAGE,
    "patient.given_name": FactGroup.COVERAGE,
    "patient.birth_date": FactGroup.COVERAGE,
    "patient.sex": FactGroup.COVERAGE,
    "patient.phones": FactGroup.CONTACT,
    "patient.email": FactGroup.CONTACT,
    "patient.language": FactGroup.CONTACT,
    "patient.address": FactGroup.CONTACT,
    "patient.weight_kg": FactGroup.CLINICAL,
    "patient.weighed_on": FactGroup.CLINICAL,
    "patient.height_cm": FactGroup.CLINICAL,
    "patient.allergies": FactGroup.CLINICAL,
    "patient.caregiver": FactGroup.CONTACT,
    "patient.alternate_contact": FactGroup.CONTACT,
    "patient.contact_allowed": FactGroup.CONTACT,
    "patient.time_zone": FactGroup.CONTACT,
    "patient.history": FactGroup.CLINICAL,
    "coverages": FactGroup.COVERAGE,
    "prescriber": FactGroup.CONTACT,
    "prescriber.npi": FactGroup.COVERAGE,
    "prescriber.name": FactGroup.COVERAGE,
    "order": FactGroup.CLINICAL,
    "documents": FactGroup.COVERAGE,
    "documents.lab_result": FactGroup.CLINICAL,
    "documents.signed_order": FactGroup.CLINICAL,
}
"""The plan is asked by who the patient is. Documents are for the payer, but results and orders are clinical."""


def group_of(path: str) -> FactGroup:
    """Of a fact by its path, `order.dose` or as it is stored. Raises LookupError for what nobody may change."""
    named = ".".join(step for step in steps(stored_path(path)) if isinstance(step, str))
    while named:
        if named in GROUP_OF:
            return GROUP_OF[named]
        named = named.rpartition(".")[0]
    raise LookupError("not a fact of a referral that may be changed")


def groups_of(paths: Iterable[str]) -> frozenset[FactGroup]:
    """Raises LookupError as `group_of` does."""
    return frozenset(group_of(path) for path in paths)


def groups_changed(known: Referral, new: Referral) -> frozenset[FactGroup]:
    """Of the facts in which the new version differs; of its documents those that were added or taken away."""
    paths = changed_paths(known, new) - FIXED
    if "documents" in paths:
        paths = (paths - {"documents"}) | _documents_changed(known.documents, new.documents)
    return groups_of(paths)


def _documents_changed(known: Iterable[Document], new: Iterable[Document]) -> frozenset[str]:
    was, now = list(known), list(new)
    differing = [one for one in was if one not in now] + [one for one in now if one not in was]
    return frozenset(f"documents.{one.kind}" for one in differing)
