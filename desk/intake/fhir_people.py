"""From FHIR: the patient, who prescribes, and who refers."""

from desk.intake.codes import BODY_WEIGHT, LOINC, NO_KNOWN_ALLERGY, SNOMED
from desk.intake.draft import Draft
from desk.intake.fhir_bundle import Bundle, Resource, code_in, dig, each, is_dead, text, wording
from desk.intake.units import kilograms

NPI = "http://hl7.org/fhir/sid/us-npi"


def map_patient(draft: Draft, bundle: Bundle, request: Resource) -> None:
    patient = bundle.resolve(request, "subject") or bundle.first("Patient")
    name = _preferred(each(patient, "name"), "official")
    address = _preferred(each(patient, "address"), "home")
    draft.put("patient.family_name", dig(name, "family"), "Patient.name.family")
    draft.put("patient.given_name", _joined(dig(name, "given")), "Patient.name.given")
    draft.put("patient.birth_date", day(dig(patient, "birthDate")), "Patient.birthDate")
    draft.put("patient.sex", dig(patient, "gender"), "Patient.gender")
    draft.put("patient.phones", telecoms(patient, "phone"), "Patient.telecom")
    draft.put("patient.email", _first(telecoms(patient, "email")), "Patient.telecom")
    language = dig(patient, "communication", 0, "language")
    draft.put(
        "patient.language", dig(language, "coding", 0, "code") or wording(language), "Patient.communication.language"
    )
    draft.put("patient.address.line", dig(address, "line"), "Patient.address.line")
    draft.put("patient.address.city", dig(address, "city"), "Patient.address.city")
    draft.put("patient.address.state", dig(address, "state"), "Patient.address.state")
    draft.put("patient.address.postal_code", dig(address, "postalCode"), "Patient.address.postalCode")
    _map_caregiver(draft, patient)
    _map_weight(draft, bundle)
    _map_allergies(draft, bundle)


def _map_caregiver(draft: Draft, patient: Resource) -> None:
    contact = dig(patient, "contact", 0)
    draft.put("patient.caregiver.name", _full_name(dig(contact, "name")), "Patient.contact.name")
    draft.put("patient.caregiver.phone", _first(telecoms(contact, "phone")), "Patient.contact.telecom")
    draft.put(
        "patient.caregiver.relationship", wording(dig(contact, "relationship", 0)), "Patient.contact.relationship"
    )


def _map_weight(draft: Draft, bundle: Bundle) -> None:
    weights = [
        observation
        for observation in bundle.every("Observation")
        if code_in(observation.get("code"), LOINC) == BODY_WEIGHT and not is_dead(observation)
    ]
    latest = max(weights, key=lambda observation: text(observation, "effectiveDateTime") or "", default={})
    quantity = dig(latest, "valueQuantity")
    unit = text(quantity, "code") or text(quantity, "unit")
    draft.put("patient.weight_kg", kilograms(dig(quantity, "value"), unit), "Observation.valueQuantity")
    draft.put("patient.weighed_on", day(dig(latest, "effectiveDateTime")), "Observation.effectiveDateTime")


def _map_allergies(draft: Draft, bundle: Bundle) -> None:
    told = [allergy for allergy in bundle.every("AllergyIntolerance") if not is_dead(allergy)]
    known = [allergy for allergy in told if code_in(allergy.get("code"), SNOMED) not in NO_KNOWN_ALLERGY]
    if told and not known:
        draft.put("patient.allergies", "none_known", "AllergyIntolerance.code")
        return
    listed = [
        {
            "substance": wording(allergy.get("code")),
            "reaction": wording(dig(allergy, "reaction", 0, "manifestation", 0)),
        }
        for allergy in known
    ]
    draft.put("patient.allergies", listed, "AllergyIntolerance")


def map_prescriber(draft: Draft, bundle: Bundle, medication: Resource, service: Resource) -> None:
    person = _practitioner(bundle, medication) or _practitioner(bundle, service) or bundle.first("Practitioner")
    draft.put("prescriber.npi", npi(person), "Practitioner.identifier")
    draft.put("prescriber.name", _full_name(dig(person, "name", 0)), "Practitioner.name")
    draft.put("prescriber.phone", _first(telecoms(person, "phone")), "Practitioner.telecom")
    draft.put("prescriber.fax", _first(telecoms(person, "fax")), "Practitioner.telecom")


def _practitioner(bundle: Bundle, request: Resource) -> Resource:
    requester = bundle.resolve(request, "requester")
    if requester.get("resourceType") == "PractitionerRole":
        return bundle.resolve(requester, "practitioner")
    return requester if requester.get("resourceType") == "Practitioner" else {}


def map_source(draft: Draft, bundle: Bundle) -> None:
    """The organization that sends or requests; failing that the first that is nobody's payer."""
    organization = _sender(bundle)
    contact = dig(organization, "contact", 0)
    draft.put("source.organization", dig(organization, "name"), "Organization.name")
    draft.put("source.npi", npi(organization), "Organization.identifier")
    draft.put("source.contact_name", _full_name(dig(contact, "name")), "Organization.contact.name")
    draft.put("source.phone", _first(telecoms(organization, "phone")), "Organization.telecom")
    draft.put("source.fax", _first(telecoms(organization, "fax")), "Organization.telecom")


def _sender(bundle: Bundle) -> Resource:
    candidates = [bundle.resolve(bundle.first("MessageHeader"), "sender")]
    for request in (bundle.first("ServiceRequest"), bundle.first("MedicationRequest")):
        requester = bundle.resolve(request, "requester")
        candidates += [requester, bundle.resolve(requester, "organization")]
    payers = {id(bundle.resolve(coverage, "payor", 0)) for coverage in bundle.every("Coverage")}
    candidates += [organization for organization in bundle.every("Organization") if id(organization) not in payers]
    return next((found for found in candidates if found.get("resourceType") == "Organization"), {})


def npi(resource: Resource) -> object:
    identifiers = (dig(found, "value") for found in each(resource, "identifier") if found.get("system") == NPI)
    return next(identifiers, None)


def telecoms(resource: object, system: str) -> list[object]:
    return [
        point["value"] for point in each(resource, "telecom") if point.get("system") == system and point.get("value")
    ]


def day(moment: object) -> object:
    """The day of a dateTime. A date without a day, which FHIR allows, is no day: it is left out."""
    if not isinstance(moment, str):
        return moment
    return moment[:10] if len(moment) >= 10 else None


def _full_name(name: object) -> str | None:
    return text(name, "text") or _joined([_joined(dig(name, "given")), text(name, "family")])


def _joined(parts: object) -> str | None:
    if not isinstance(parts, list):
        return None
    return " ".join(part for part in parts if isinstance(part, str)) or None


def _first(values: list[object]) -> object:
    return values[0] if values else None


def _preferred(candidates: list[Resource], use: str) -> Resource:
    return next((found for found in candidates if found.get("use") == use), candidates[0] if candidates else {})
