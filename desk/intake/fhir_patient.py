"""From FHIR: who the patient is, and how to reach them."""

from datetime import date
from typing import Any

from desk.intake.draft import Draft
from desk.intake.fhir_bundle import Bundle
from desk.intake.fhir_days import put_day
from desk.intake.fhir_elements import Resource, candidate, each, fact, text, wording
from desk.intake.fhir_people import emails, full_name, phones, put_name, sorted_values
from desk.intake.fhir_requests import Requests
from desk.intake.fhir_status import is_affirmed
from desk.intake.problems import FieldProblem, Invalid
from firstdose.domain.referral.choice import Candidate, in_order
from firstdose.domain.referral.nothing import is_nothing
from firstdose.domain.referral.question import QuestionReason

_ADDRESS_USES = {"home": 0, None: 1, "temp": 2, "work": 3, "billing": 5}
_LANGUAGE = "urn:ietf:bcp:47"
_TIME_ZONES = ("http://hl7.org/fhir/StructureDefinition/timezone", "urn:firstdose:time-zone")
_CONTACT_ALLOWED = "urn:firstdose:contact-allowed"


def find_patient(bundle: Bundle, requests: Requests) -> Resource:
    """The subject of the request; failing that the only Patient. Raises Invalid where it could be several."""
    subject = bundle.resolve(requests.main, "subject")
    if bundle.holds(subject):
        replacing = [bundle.resolve(one, "other") for one in each(subject, "link") if one.get("type") == "replaced-by"]
        return next((one for one in replacing if bundle.holds(one)), subject)
    patients = [one for one in bundle.every("Patient") if is_affirmed(one)] or bundle.every("Patient")
    if len(patients) > 1:
        kind = requests.main.get("resourceType") or "ServiceRequest"
        raise Invalid([FieldProblem(path=f"{kind}.subject", problem="does not say which Patient of the Bundle")])
    return patients[0] if patients else {}


def map_patient(draft: Draft, bundle: Bundle, patient: Resource) -> None:
    put_name(draft, patient, "patient", "Patient.name")
    put_day(draft, "patient.birth_date", patient.get("birthDate"), "Patient.birthDate")
    draft.put("patient.sex", patient.get("gender"), "Patient.gender")
    draft.put("patient.phones", sorted_values(draft, phones(patient)), "Patient.telecom")
    draft.put_best("patient.email", emails(patient), "Patient.telecom")
    draft.put_best("patient.language", _languages(patient), "Patient.communication.language")
    _map_address(draft, patient)
    _map_contacts(draft, patient)
    _map_extensions(draft, patient)


def _languages(patient: Resource) -> list[Candidate[str]]:
    spoken = [(_language(one.get("language")), one.get("preferred") is True) for one in each(patient, "communication")]
    return [Candidate(told, fit=0 if preferred else 1) for told, preferred in spoken if told]


def _language(concept: object) -> str | None:
    coded = sorted(str(one.get("code")) for one in each(concept, "coding") if one.get("system") == _LANGUAGE)
    bare = sorted(str(one["code"]) for one in each(concept, "coding") if one.get("code") and not one.get("system"))
    return next(iter([*coded, *bare]), None) or wording(concept)


def _map_address(draft: Draft, patient: Resource) -> None:
    """For visits: a home before others; where a bill goes is the last resort."""
    told = [
        candidate(_address(one), one, fit=_address_fit(one), affirmed=one.get("use") != "old")
        for one in each(patient, "address")
        if any(_address(one).values())
    ]
    chosen = draft.pick("patient.address", told, shown=_in_a_line) or {}
    for name, element in (("line", "line"), ("city", "city"), ("state", "state"), ("postal_code", "postalCode")):
        draft.put(f"patient.address.{name}", chosen.get(name), f"Patient.address.{element}")
    if told and not any(one.holds_on(draft.today) for one in told):
        draft.ask("patient.address", QuestionReason.NOT_IN_FORCE, (_in_a_line(one.value) for one in told))


def _address(address: Resource) -> dict[str, Any]:
    """Without placeholders, so that an address of which nothing is known is none."""
    told = address.get("line")
    line = [one for one in told if isinstance(one, str) and not is_nothing(one)] if isinstance(told, list) else []
    parts = {"line": line, "city": fact(address, "city"), "state": fact(address, "state")}
    return {**parts, "postal_code": fact(address, "postalCode")}


def _address_fit(address: Resource) -> int:
    return _ADDRESS_USES.get(text(address, "use"), 4) + (10 if address.get("type") == "postal" else 0)


def _in_a_line(address: dict[str, Any]) -> str:
    rest = [address[name] for name in ("city", "state", "postal_code")]
    return ", ".join(str(part) for part in [*address["line"], *rest] if part)


def _map_contacts(draft: Draft, patient: Resource) -> None:
    """The first is the caregiver, and the second another person to ask."""
    told = [candidate(_contact(one), one) for one in each(patient, "contact")]
    named = sorted((one for one in told if any(one.value.values())), key=lambda one: str(sorted(one.value.items())))
    people = in_order(named, draft.today)
    for path, index in (("patient.caregiver", 0), ("patient.alternate_contact", 1)):
        for name, element in (("name", "name"), ("phone", "telecom"), ("relationship", "relationship")):
            value = people[index].get(name) if index < len(people) else None
            draft.put(f"{path}.{name}", value, f"Patient.contact.{element}")


def _contact(contact: Resource) -> dict[str, object]:
    told = {
        "name": full_name(contact.get("name")),
        "phone": next(iter(in_order(phones(contact), date.max)), None),
        "relationship": min(filter(None, map(wording, each(contact, "relationship"))), default=None),
    }
    return {name: value for name, value in told.items() if value}


def _map_extensions(draft: Draft, patient: Resource) -> None:
    zones = [one.get("valueCode") or one.get("valueString") for one in _extensions(patient, *_TIME_ZONES)]
    draft.put_best("patient.time_zone", [Candidate(zone) for zone in zones if zone], "Patient.extension")
    allowed = [one.get("valueBoolean") for one in _extensions(patient, _CONTACT_ALLOWED)]
    draft.put("patient.contact_allowed", all(allowed) if allowed else None, "Patient.extension")


def _extensions(patient: Resource, *urls: str) -> list[Resource]:
    """Of the patient, or of an address."""
    owners = [patient, *each(patient, "address")]
    return [one for owner in owners for one in each(owner, "extension") if one.get("url") in urls]
