"""From FHIR: who prescribes, and who refers."""

from desk.intake.draft import Draft
from desk.intake.fhir_bundle import Bundle
from desk.intake.fhir_elements import Resource, candidate, each, text
from desk.intake.fhir_people import full_name, npi, office, whole_name
from desk.intake.fhir_requests import Requests
from desk.intake.fhir_status import is_affirmed
from firstdose.domain.referral.choice import Candidate

_PEOPLE = {"Practitioner", "PractitionerRole", None}


def map_prescriber(draft: Draft, bundle: Bundle, requests: Requests) -> None:
    """The requester of what is in force; whoever else stands in the bundle treats the patient in another role."""
    person, role = draft.pick("prescriber.npi", _requesters(bundle, requests), shown=_shown) or ({}, {})
    draft.put_best("prescriber.npi", npi(person) or npi(role), "Practitioner.identifier")
    draft.put_best("prescriber.name", whole_name(person) or whole_name(role), "Practitioner.name")
    for system in ("phone", "fax"):
        told = office(role, system) or office(person, system)
        draft.put_best(f"prescriber.{system}", told, "Practitioner.telecom")


def _requesters(bundle: Bundle, requests: Requests) -> list[Candidate[tuple[Resource, Resource]]]:
    """Each with the role in which they ask. Who orders the drug is the prescriber, before who asks for the service."""
    named: dict[tuple[int, object], tuple[Resource, Resource]] = {}
    for request in requests.in_force or [requests.main]:
        requester = bundle.resolve(request, "requester")
        if requester and text(requester, "resourceType") in _PEOPLE:
            person, role = _person(bundle, requester)
            fit = 0 if request.get("resourceType") == "MedicationRequest" else 1
            known = named.get((fit, _who(person)), ({}, {}))
            named[fit, _who(person)] = (person, known[1] or role)
    alone = [one for one in bundle.every("Practitioner") if is_affirmed(one)]
    told = [Candidate(value, fit=fit) for (fit, _), value in named.items()]
    return told or [Candidate((one, {})) for one in alone if len(alone) == 1]


def _who(person: Resource) -> object:
    """The same for two references to one person."""
    return tuple(sorted(one.value for one in npi(person))) or id(person)


def _person(bundle: Bundle, requester: Resource) -> tuple[Resource, Resource]:
    if requester.get("resourceType") != "PractitionerRole":
        return requester, {}
    return bundle.resolve(requester, "practitioner"), requester


def _shown(requester: tuple[Resource, Resource]) -> str:
    named = (one.value for part in requester for one in (*whole_name(part), *npi(part)))
    return next(named, "")


def map_source(draft: Draft, bundle: Bundle, requests: Requests) -> None:
    """The organization that sends or requests; failing that the only one that is nobody's payer."""
    organization = draft.pick("source.organization", _senders(bundle, requests), shown=_organization_name) or {}
    draft.put("source.organization", _organization_name(organization), "Organization.name")
    draft.put_best("source.npi", npi(organization), "Organization.identifier")
    contacts = [candidate(name, one) for one in each(organization, "contact") if (name := full_name(one.get("name")))]
    draft.put_best("source.contact_name", contacts, "Organization.contact.name")
    for system in ("phone", "fax"):
        draft.put_best(f"source.{system}", office(organization, system), "Organization.telecom")


def _organization_name(organization: Resource) -> str:
    return str(organization.get("name") or organization.get("display") or "")


def _senders(bundle: Bundle, requests: Requests) -> list[Candidate[Resource]]:
    header = bundle.first("MessageHeader")
    found = [Candidate(bundle.resolve(header, name), fit=fit) for fit, name in enumerate(("sender", "responsible"))]
    for request in requests.in_force or [requests.main]:
        requester = bundle.resolve(request, "requester")
        told = (requester, bundle.resolve(requester, "organization"))
        found += [Candidate(one, fit=2 if request is requests.service else 3) for one in told]
    named = [one for one in found if one.value.get("resourceType") == "Organization"]
    payers = [payer for coverage in bundle.every("Coverage") for payer in bundle.resolve_each(coverage, "payor")]
    organizations = [one for one in bundle.every("Organization") if is_affirmed(one)]
    rest = [one for one in organizations if not any(one is payer for payer in payers)]
    return named or [Candidate(one, fit=4) for one in rest if len(rest) == 1]
