"""The people and organizations in a request, and its Bundle: every entry has its own fullUrl."""

from uuid import NAMESPACE_URL, uuid5

from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.pas.terminology import (
    HL7,
    NPI,
    PAS,
    X12,
    Element,
    coding,
    concept,
    trace_identifier,
)
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.referral import Coverage, Patient, Prescriber, Sex, Subscriber
from firstdose.payer_ports import PayerCase
from firstdose.ports import Impossible


def address_of(trace: str, name: str) -> str:
    """The fullUrl that the resource `name` has in the request with this number."""
    return f"urn:uuid:{uuid5(NAMESPACE_URL, f'{trace}/{name}')}"


class Packet:
    """The entries of one request Bundle. The same case gives the same Bundle, however often it is sent."""

    def __init__(self, case: PayerCase) -> None:
        self._case = case
        self._entries: list[Element] = []

    def add(self, name: str, resource: Element) -> Element:
        """Add a resource and return the reference to it; `name` is unique within the request."""
        url = address_of(self._case.trace, name)
        identity = url.removeprefix("urn:uuid:")
        self._entries.append({"fullUrl": url, "resource": {"id": identity, **resource}})
        return {"reference": url}

    def bundle(self, first: Element, requestor: Requestor, *, profile: str | None = None) -> Element:
        """The Bundle with the resource that `first` refers to in the first place; `profile` is one of PAS."""
        entries = sorted(self._entries, key=lambda entry: entry["fullUrl"] != first["reference"])
        return {
            "resourceType": "Bundle",
            **({"meta": {"profile": [f"{PAS}/StructureDefinition/{profile}"]}} if profile else {}),
            "identifier": trace_identifier(requestor.originator, self._case.trace),
            "type": "collection",
            "timestamp": self._case.created_at.isoformat(),
            "entry": entries,
        }


class Parties:
    """Patient, coverage, insurer and requestor of a case, added to its packet. Raises Impossible without a coverage."""

    def __init__(self, case: PayerCase, requestor: Requestor, packet: Packet) -> None:
        referral = case.referral
        if referral.primary is None:
            raise Impossible(ProblemCode.NO_COVERAGE)
        coverage = referral.coverages[referral.primary]
        self.insurer = packet.add("insurer", _insurer(case))
        self.requestor = packet.add("requestor", _organization(requestor))
        self.patient = packet.add("patient", _patient(referral.patient, coverage))
        subscriber = self.patient
        if coverage.subscriber is not None:
            subscriber = packet.add("subscriber", _subscriber(coverage.subscriber, coverage))
        self.coverage = packet.add("coverage", self._coverage(coverage, subscriber))

    def _coverage(self, coverage: Coverage, subscriber: Element) -> Element:
        group = {"class": [{"type": concept(f"{HL7}coverage-class", "group"), "value": coverage.group}]}
        return {
            "resourceType": "Coverage",
            "status": "active",
            "subscriber": subscriber,
            **({"subscriberId": coverage.member_id} if coverage.member_id else {}),
            "beneficiary": self.patient,
            "relationship": concept(f"{HL7}subscriber-relationship", coverage.relationship.value),
            "payor": [self.insurer],
            **(group if coverage.group else {}),
        }


def practitioner(prescriber: Prescriber) -> Element:
    return {
        "resourceType": "Practitioner",
        **({"identifier": [{"system": NPI, "value": prescriber.npi}]} if prescriber.npi else {}),
        **({"name": [{"text": prescriber.name}]} if prescriber.name else {}),
        **({"telecom": [{"system": "phone", "value": prescriber.phone}]} if prescriber.phone else {}),
    }


def _insurer(case: PayerCase) -> Element:
    return {
        "resourceType": "Organization",
        "identifier": [{"value": case.endpoint.payer}],
        "active": True,
        "type": [concept(f"{X12}98", "PR")],
        "name": case.endpoint.name,
    }


def _organization(requestor: Requestor) -> Element:
    return {
        "resourceType": "Organization",
        "identifier": [{"system": NPI, "value": requestor.npi}],
        "active": True,
        "type": [concept(f"{X12}98", "X3")],
        "name": requestor.name,
    }


def _patient(patient: Patient, coverage: Coverage) -> Element:
    address = patient.address.model_dump(mode="json", exclude_none=True)
    postal = {name: address[ours] for ours, name in _ADDRESS.items() if address.get(ours)}
    return {
        "resourceType": "Patient",
        **_member(coverage),
        **_person(patient),
        **({"gender": _GENDER[patient.sex]} if patient.sex else {}),
        **({"telecom": [{"system": "phone", "value": phone} for phone in patient.phones]} if patient.phones else {}),
        **({"address": [postal]} if postal else {}),
    }


def _subscriber(subscriber: Subscriber, coverage: Coverage) -> Element:
    return {"resourceType": "Patient", **_member(coverage), **_person(subscriber)}


def _member(coverage: Coverage) -> Element:
    if not coverage.member_id:
        return {}
    return {"identifier": [{"type": {"coding": [coding(f"{HL7}v2-0203", "MB")]}, "value": coverage.member_id}]}


def _person(person: Patient | Subscriber) -> Element:
    name: Element = {}
    if person.family_name:
        name["family"] = person.family_name
    if person.given_name:
        name["given"] = [person.given_name]
    return {
        **({"name": [name]} if name else {}),
        **({"birthDate": person.birth_date.isoformat()} if person.birth_date else {}),
    }


_ADDRESS = {"line": "line", "city": "city", "state": "state", "postal_code": "postalCode"}
_GENDER = {Sex.FEMALE: "female", Sex.MALE: "male", Sex.OTHER: "other", Sex.UNKNOWN: "unknown"}
