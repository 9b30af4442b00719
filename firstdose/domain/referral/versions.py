"""A new version of a referral: what it changes, and what it leaves as it was known."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import zip_longest
from typing import Any, Final

from firstdose.domain.quantity.ordered_units import course_units
from firstdose.domain.referral.order import FIRST_MEDICATION, Drug, Medication
from firstdose.domain.referral.question import Question
from firstdose.domain.referral.referral import Coverage, Referral


class Change(StrEnum):
    """A fact that changed, as it travels through a workflow: which one, and never its value."""

    PAYER = "payer"
    PLAN = "plan"
    """The line of business or the group."""
    MEMBER = "member_id"
    SUBSCRIBER = "subscriber"
    OTHER_COVERAGE = "other_coverage"
    """Any coverage but the one that is asked first."""
    NAME = "name"
    BIRTH_DATE = "birth_date"
    WEIGHT = "weight"
    HEIGHT = "height"
    ALLERGIES = "allergies"
    HISTORY = "history"
    CAREGIVER = "caregiver"
    ADDRESS = "address"
    STATE = "state"
    TIME_ZONE = "time_zone"
    CONTACT_ALLOWED = "contact_allowed"
    THERAPY = "therapy"
    DRUG = "drug"
    DOSE = "dose"
    ROUTE = "route"
    FREQUENCY = "frequency"
    DURATION = "duration"
    QUANTITY = "quantity"
    """The billing units of a medication, by themselves or because a dose by weight became another."""
    DIAGNOSES = "diagnoses"
    SITE = "site"
    ACCESS_DEVICE = "access_device"
    NURSING = "need_of_a_nurse"
    START = "requested_start"
    DISCHARGE = "discharge"
    SIGNATURE = "signed_order"
    PRESCRIBER = "prescriber"
    LOGISTICS = "logistics"
    """Any other fact, such as a phone number: no result rests on it."""

    AMOUNTS = "amounts"
    """What the patient pays, as the plan told it. This and the next come of a result, not of a version."""
    LINES = "lines"
    WHO_PAYS = "who_pays"
    HOSPITAL_STAY = "hospital_stay"
    AGE = "age"
    """Time has passed since the result was settled."""

    COVERAGE = "coverage"
    """This and the next two are in what was recorded before each fact had a code of its own: any fact of them."""
    ORDER = "order"
    PATIENT = "patient"


OF_FORMER: Final = {
    Change.COVERAGE: frozenset(
        {Change.PAYER, Change.PLAN, Change.MEMBER, Change.SUBSCRIBER, Change.OTHER_COVERAGE},
    ),
    Change.ORDER: frozenset(
        {
            Change.THERAPY,
            Change.DRUG,
            Change.DOSE,
            Change.ROUTE,
            Change.FREQUENCY,
            Change.DURATION,
            Change.DIAGNOSES,
            Change.SITE,
            Change.NURSING,
        }
    ),
    Change.PATIENT: frozenset({Change.NAME, Change.BIRTH_DATE, Change.WEIGHT, Change.ALLERGIES, Change.HISTORY}),
}
"""What the codes of former records may mean."""

_CODES = {
    "benefits_check_only": Change.CONTACT_ALLOWED,
    "discharge_at": Change.DISCHARGE,
    "order.access_device": Change.ACCESS_DEVICE,
    "order.diagnoses": Change.DIAGNOSES,
    "order.needs_nursing": Change.NURSING,
    "order.requested_start": Change.START,
    "order.signed_on": Change.SIGNATURE,
    "order.site": Change.SITE,
    "order.therapy": Change.THERAPY,
    "medication.drug": Change.DRUG,
    "medication.dose": Change.DOSE,
    "medication.dose_quantity": Change.DOSE,
    "medication.route": Change.ROUTE,
    "medication.frequency": Change.FREQUENCY,
    "medication.duration": Change.DURATION,
    "medication.billing_units": Change.QUANTITY,
    "medication.diagnoses": Change.DIAGNOSES,
    "coverage.payer": Change.PAYER,
    "coverage.line_of_business": Change.PLAN,
    "coverage.group": Change.PLAN,
    "coverage.member_id": Change.MEMBER,
    "coverage.relationship": Change.SUBSCRIBER,
    "coverage.subscriber": Change.SUBSCRIBER,
    "other_coverages": Change.OTHER_COVERAGE,
    "patient.family_name": Change.NAME,
    "patient.given_name": Change.NAME,
    "patient.birth_date": Change.BIRTH_DATE,
    "patient.weight_kg": Change.WEIGHT,
    "patient.height_cm": Change.HEIGHT,
    "patient.allergies": Change.ALLERGIES,
    "patient.history": Change.HISTORY,
    "patient.caregiver": Change.CAREGIVER,
    "patient.address": Change.ADDRESS,
    "patient.address.state": Change.STATE,
    "patient.time_zone": Change.TIME_ZONE,
    "patient.contact_allowed": Change.CONTACT_ALLOWED,
    "prescriber.npi": Change.PRESCRIBER,
    "prescriber.name": Change.PRESCRIBER,
}


def compare(old: Referral, new: Referral) -> set[Change]:
    """What a new version changes; a fact that was missing and is there now counts too."""
    changes = {_code(path) for path in _differences(_facts(old), _facts(new))}
    for was, now in zip_longest(old.order.medications, new.order.medications, fillvalue=Medication()):
        changes |= {_code(path) for path in _differences(was.model_dump(), now.model_dump(), "medication.")}
    if changes & {Change.WEIGHT, Change.HEIGHT} and _units(old) != _units(new):
        changes.add(Change.QUANTITY)
    return changes


def _units(referral: Referral) -> list[int | None]:
    return [course_units(referral, one) for one in referral.order.medications]


def changed_paths(old: Referral, new: Referral) -> frozenset[str]:
    """The facts in which two versions differ, a list as a whole; the questions about them are none."""
    was, now = (one.model_dump(exclude={"questions"}) for one in (old, new))
    return frozenset(_differences(was, now))


def _facts(referral: Referral) -> dict[str, Any]:
    """With the coverage that is asked first apart from the others."""
    facts = referral.model_dump(exclude={"questions": True, "order": {"medications", *FIRST_MEDICATION}})
    coverages = list(referral.coverages)
    first = Coverage() if referral.primary is None else coverages.pop(referral.primary)
    del facts["coverages"]
    payer = first.payer.id or (first.payer.name or "").casefold()
    coverage = {**first.model_dump(exclude={"order"}), "payer": payer}
    return {**facts, "coverage": coverage, "other_coverages": coverages}


def _differences(old: Mapping[str, Any], new: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, was in old.items():
        now = new[name]
        if isinstance(was, dict) and isinstance(now, dict):
            yield from _differences(was, now, f"{above}{name}.")
        elif was != now:
            yield f"{above}{name}"


def _code(path: str) -> Change:
    while path:
        if path in _CODES:
            return _CODES[path]
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
