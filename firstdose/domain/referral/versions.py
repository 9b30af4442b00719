"""A new version of a referral: what it changes, and what it leaves as it was known."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from firstdose.domain.referral.order import FIRST_MEDICATION, Drug, Medication
from firstdose.domain.referral.question import Question
from firstdose.domain.referral.referral import Referral


class Change(StrEnum):
    """Whose work must be looked at again. `logistics` is all that touches neither payer, order nor identity."""

    COVERAGE = "coverage"
    ORDER = "order"
    PATIENT = "patient"
    PRESCRIBER = "prescriber"
    LOGISTICS = "logistics"


_CONCERNS = {
    "coverages": Change.COVERAGE,
    "order": Change.ORDER,
    "order.access_device": Change.LOGISTICS,
    "order.pump": Change.LOGISTICS,
    "order.first_dose_given": Change.LOGISTICS,
    "order.requested_start": Change.LOGISTICS,
    "order.signed_on": Change.LOGISTICS,
    "order.anaphylaxis_kit_ordered": Change.LOGISTICS,
    "patient": Change.PATIENT,
    "patient.phones": Change.LOGISTICS,
    "patient.email": Change.LOGISTICS,
    "patient.language": Change.LOGISTICS,
    "patient.address": Change.LOGISTICS,
    "patient.caregiver": Change.LOGISTICS,
    "patient.alternate_contact": Change.LOGISTICS,
    "patient.time_zone": Change.LOGISTICS,
    "prescriber": Change.PRESCRIBER,
    "prescriber.phone": Change.LOGISTICS,
    "prescriber.fax": Change.LOGISTICS,
    "prescriber.contact_name": Change.LOGISTICS,
}


def compare(old: Referral, new: Referral) -> set[Change]:
    """What a new version changes; a fact that was missing and is there now counts too."""
    return {_concern(path) for path in changed_paths(old, new)}


def changed_paths(old: Referral, new: Referral) -> frozenset[str]:
    """The facts in which two versions differ, a list as a whole; the questions about them are none."""
    was, now = (one.model_dump(exclude={"questions"}) for one in (old, new))
    return frozenset(_differences(was, now))


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, was in old.items():
        now = new[name]
        if isinstance(was, dict) and isinstance(now, dict):
            yield from _differences(was, now, f"{above}{name}.")
        elif was != now:
            yield f"{above}{name}"


def _concern(path: str) -> Change:
    while path:
        if path in _CONCERNS:
            return _CONCERNS[path]
        path = path.rpartition(".")[0]
    return Change.LOGISTICS


def keeping(known: Referral, new: Referral) -> Referral:
    """The new version, with what it leaves unsaid as it was known: a source does not know what our staff found out.

    Documents that were added stay beside the new ones.
    """
    kept = known.model_dump(mode="json", exclude={"order": set(FIRST_MEDICATION)})
    merged = _keep(kept, new.model_dump(mode="json", exclude={"order": set(FIRST_MEDICATION)}))
    merged["order"]["medications"] = _kept_medications(known.order.medications, new.order.medications)
    added = [document for document in known.documents if document not in new.documents]
    merged["documents"] = [document.model_dump(mode="json") for document in (*new.documents, *added)]
    merged["questions"] = [one.model_dump(mode="json") for one in _kept_questions(known, new)]
    return Referral.model_validate(merged)


def _kept_medications(known: Sequence[Medication], new: Sequence[Medication]) -> list[dict[str, Any]]:
    """What the new version leaves unsaid of a medication is as it was; one that it leaves out is not ordered."""
    if not new:
        return [one.model_dump(mode="json") for one in known]
    return [_kept_medication(one, known, only=len(new) == len(known) == 1) for one in new]


def _kept_medication(new: Medication, known: Sequence[Medication], *, only: bool) -> dict[str, Any]:
    told = new.model_dump(mode="json")
    same = next((one for one in known if one.drug.is_the_same_as(new.drug)), None)
    if same is None and only and new.drug == Drug():
        same = known[0]
    if same is None:
        return told
    was = same.model_dump(mode="json")
    return _keep(was if new.dose is None else {**was, "dose_quantity": None}, told)


def _kept_questions(known: Referral, new: Referral) -> Iterator[Question]:
    """What people have answered is not asked again when the same message comes again."""
    answered = [one for one in known.questions if one.answered]
    yield from answered
    yield from (one for one in new.questions if not any(one.asks_the_same(old) for old in answered))


def _keep(known: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    kept = dict(new)
    for name, was in known.items():
        now = new[name]
        if isinstance(was, dict) and isinstance(now, dict):
            kept[name] = _keep(was, now)
        elif now is None or now == []:
            kept[name] = was
    return kept
