"""The clinical facts of a case: what the pharmacist and the nurse go by."""

from desk.web.case.reading import OpenCase
from desk.web.case.terms import CaseTerm, day, joined, yes_no
from desk.web.times import time_element
from desk.web.words import words
from firstdose.domain.referral.order import Medication, Order
from firstdose.domain.referral.referral import Patient, Referral


def clinical_terms(case: OpenCase) -> tuple[CaseTerm, ...]:
    facts = case.facts
    return (*_patient(facts.patient), *_order(facts), *_assessment(case)) if facts else ()


def allergies_of(patient: Patient) -> tuple[str, ...]:
    """Nothing said is not the same as none known."""
    match patient.allergies:
        case None:
            return ("Nobody has said: ask",)
        case str():
            return ("None known",)
        case listed:
            return tuple(f"{one.substance} ({one.reaction})" if one.reaction else one.substance for one in listed)


def medication_text(one: Medication) -> str:
    """Drug, dose, route, frequency, how long."""
    days = f"{one.duration_days} days" if one.duration_days else None
    return joined(one.drug.name or one.drug.hcpcs, one.dose, one.route, one.frequency, days)


def _patient(patient: Patient) -> tuple[CaseTerm, ...]:
    weight = f"{patient.weight_kg:g} kg" if patient.weight_kg else None
    weighed = joined(weight, f"weighed {day(patient.weighed_on)}" if weight and patient.weighed_on else None)
    return (
        CaseTerm.of("Allergies", *allergies_of(patient)),
        CaseTerm.of("Weight", weighed),
        CaseTerm.of("Sex", words(patient.sex) if patient.sex else None),
        CaseTerm.of("History", patient.history),
    )


def _order(facts: Referral) -> tuple[CaseTerm, ...]:
    order = facts.order
    return (
        CaseTerm.of("Diagnoses", joined(*_diagnoses(order))),
        CaseTerm.of("Medications", *(medication_text(one) for one in order.medications)),
        CaseTerm.of("Access device", order.access_device),
        CaseTerm.of("Pump", order.pump),
        CaseTerm.of("First dose given", yes_no(order.first_dose_given)),
        CaseTerm.of("Needs a nurse", yes_no(order.needs_nursing)),
        CaseTerm.of("Start asked for", day(order.requested_start)),
        CaseTerm.of("Order signed", day(order.signed_on)),
        CaseTerm.of("Kit ordered", yes_no(order.anaphylaxis_kit_ordered)),
    )


def _diagnoses(order: Order) -> tuple[str, ...]:
    each = (code for one in order.medications for code in one.diagnoses)
    return tuple(dict.fromkeys((*order.diagnoses, *each)))


def _assessment(case: OpenCase) -> tuple[CaseTerm, ...]:
    """The decision; what the pharmacist wrote stands in the story."""
    made, at = case.state.case.assessment, case.state.case.assessed_at
    if made is None:
        return (CaseTerm.of("Assessment", "Not made yet"),)
    when = time_element(at, case.zone, case.now, relative=False) if at else None
    conditions = joined(*(words(each).lower() for each in made.conditions))
    told = (
        CaseTerm.of("Assessment", words(made.suitability), when),
        CaseTerm.of("Conditions", conditions or "None"),
    )
    nursing = yes_no(made.needs_nursing)
    return (*told, CaseTerm.of("A nurse, by the assessment", nursing)) if nursing else told
