"""The units of each medication of an order: as a person says them, or computed; and what they still lack."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from firstdose.domain.quantity.drug_units import Body, Unclear, Units, drug_units
from firstdose.domain.referral.order import Medication
from firstdose.domain.referral.referral import Referral

UNLISTED_DRUG: Final = "J3490"
"""HCPCS for a drug that has no code of its own."""
BILLING_UNITS: Final = "billing_units"
LATEST: Final = date.max
"""For the rows without an end."""


def course_units(referral: Referral, medication: Medication, day: date = LATEST) -> int | None:
    """What the payer is asked for; None where nobody can say it yet."""
    if medication.billing_units is not None:
        return medication.billing_units
    computed = _computed(referral, medication, day)
    return computed.course if isinstance(computed, Units) else None


def missing_for_units(referral: Referral, medication: Medication) -> Iterator[str]:
    """Names of facts, the patient's or the medication's, of what is told but does not add up to units."""
    told = medication.dose and medication.frequency and medication.duration
    if medication.billing_units is not None or not told:
        return
    match _computed(referral, medication, LATEST):
        case Unclear.WEIGHT:
            yield "patient.weight_kg"
        case Unclear.HEIGHT:
            yield "patient.height_cm"
        case Unclear():
            yield BILLING_UNITS


def _computed(referral: Referral, medication: Medication, day: date) -> Units | Unclear:
    body = Body(referral.patient.weight_kg, referral.patient.height_cm)
    return drug_units(medication, medication.drug.hcpcs or UNLISTED_DRUG, body, day)


def with_its_units(known: Referral, new: Referral) -> Referral:
    """The new version, without units that a person said of another order: they are told anew, or computed."""
    medications = tuple(
        one.model_copy(update={BILLING_UNITS: None}) if _is_of_former(known, one) else one
        for one in new.order.medications
    )
    if medications == new.order.medications:
        return new
    return new.model_copy(update={"order": new.order.model_copy(update={"medications": medications})})


def _is_of_former(known: Referral, medication: Medication) -> bool:
    if medication.billing_units is None:
        return False
    said = [one for one in known.order.medications if one.billing_units == medication.billing_units]
    return bool(said) and all(_of_course(one) != _of_course(medication) for one in said)


def _of_course(medication: Medication) -> tuple[object, ...]:
    return medication.drug, medication.dose, medication.dose_quantity, medication.frequency, medication.duration
