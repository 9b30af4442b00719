"""How to reach the people of a case, and how often the patient was tried."""

from desk.web.case.head import full_name
from desk.web.case.reading import OpenCase
from desk.web.case.terms import CaseTerm, joined, known, phone, yes_no
from desk.web.times import time_element
from firstdose.domain.referral.referral import Caregiver, Patient, Prescriber, Referral, Source


def contact_terms(case: OpenCase) -> tuple[CaseTerm, ...]:
    facts = case.facts
    return (*_patient(facts), *_others(facts), *_attempts(case)) if facts else ()


def _patient(facts: Referral) -> tuple[CaseTerm, ...]:
    patient = facts.patient
    return (
        CaseTerm.of("Patient", full_name(facts), *(phone(one) for one in patient.phones), patient.email),
        CaseTerm.of("Address", *_address(patient)),
        *known((CaseTerm.of("Language", patient.language), CaseTerm.of("Time zone", _zone(patient)))),
        CaseTerm.of("May be contacted", yes_no(facts.contact_allowed)),
    )


def _address(patient: Patient) -> tuple[str, ...]:
    address = patient.address
    place = joined(address.city, address.state)
    return (*address.line, joined(place, address.postal_code, by=" "))


def _zone(patient: Patient) -> str | None:
    return patient.time_zone.rpartition("/")[2].replace("_", " ") if patient.time_zone else None


def _others(facts: Referral) -> tuple[CaseTerm, ...]:
    patient = facts.patient
    return (
        *known((_person("Caregiver", patient.caregiver), _person("Another contact", patient.alternate_contact))),
        _prescriber(facts.prescriber),
        *known((_source(facts.source),)),
    )


def _person(name: str, person: Caregiver | None) -> CaseTerm:
    return CaseTerm.of(name, person.name, person.relationship, phone(person.phone)) if person else CaseTerm.of(name)


def _prescriber(prescriber: Prescriber) -> CaseTerm:
    return CaseTerm.of(
        "Prescriber",
        joined(prescriber.name, prescriber.npi and f"NPI {prescriber.npi}"),
        prescriber.contact_name and f"Ask for {prescriber.contact_name}",
        phone(prescriber.phone, "Phone"),
        prescriber.fax and f"Fax {prescriber.fax}",
    )


def _source(source: Source) -> CaseTerm:
    return CaseTerm.of(
        "Referred by",
        source.organization,
        source.contact_name,
        phone(source.phone, "Phone"),
        source.fax and f"Fax {source.fax}",
    )


def _attempts(case: OpenCase) -> tuple[CaseTerm, ...]:
    stored = case.state.case
    if stored.patient_reached:
        return (CaseTerm.of("First call", "The patient was reached"),)
    tried = f"{stored.contact_attempts} of {stored.policy.contact.attempts} attempts without an answer"
    again = stored.next_attempt_at
    when = time_element(again, case.zone, case.now) if again and again > case.now else None
    return (CaseTerm.of("First call", tried if stored.contact_attempts else "Not tried yet", when),)
