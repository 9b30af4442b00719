"""The clinical facts of a case: what the pharmacist and the nurse go by."""

from desk.web.case.reading import OpenCase
from desk.web.case.terms import Term, day, joined, yes_no
from desk.web.times import time_element
from desk.web.words import words
from firstdose.domain.referral.order import Medication, Order
from firstdose.domain.referral.referral import Patient, Referral


def clinical_terms(case: OpenCase) -> tuple[Term, ...]:
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


def _patient(patient: Patient) -> tuple[Term, ...]:
    weight = f"{patient.weight_kg:g} kg" if patient.weight_kg else None
    weighed = joined(weight, f"weighed {day(patient.weighed_on)}" if weight and patient.weighed_on else None)
    return (
        Term.of("Allergies", *allergies_of(patient)),
        Term.of("Weight", weighed),
        Term.of("Sex", words(patient.sex) if patient.sex else None),
        Term.of("History", patient.history),
    )


def _order(facts: Referral) -> tuple[Term, ...]:
    order = facts.order
    return (
        Term.of("Diagnoses", joined(*_diagnoses(order))),
        Term.of("Medications", *(medication_text(one) for one in order.medications)),
        Term.of("Access device", order.access_device),
        Term.of("Pump", order.pump),
        Term.of("First dose given", yes_no(order.first_dose_given)),
        Term.of("Needs a nurse", yes_no(order.needs_nursing)),
        Term.of("Start asked for", day(order.requested_start)),
        Term.of("Order signed", day(order.signed_on)),
        Term.of("Kit ordered", yes_no(order.anaphylaxis_kit_ordered)),
    )


def _diagnoses(order: Order) -> tuple[str, ...]:
    each = (code for one in order.medications for code in one.diagnoses)
    return tuple(dict.fromkeys((*order.diagnoses, *each)))


def _assessment(case: OpenCase) -> tuple[Term, ...]:
    """The decision; what the pharmacist wrote stands in the story."""
    made, at = case.state.case.assessment, case.state.case.assessed_at
    if made is None:
        return (Term.of("Assessment", "Not made yet"),)
    when = time_element(at, case.zone, case.now, relative=False) if at else None
    conditions = joined(*(words(each).lower() for each in made.conditions))
    told = (
        Term.of("Assessment", words(made.suitability), when),
        Term.of("Conditions", conditions or "None"),
    )
    nursing = yes_no(made.needs_nursing)
    return (*told, Term.of("A nurse, by the assessment", nursing)) if nursing else told
