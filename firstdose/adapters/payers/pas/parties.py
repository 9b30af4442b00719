"""Patient, subscriber, coverage, insurer and requestor of a request, each as its PAS profile wants it."""

from typing import Final

from firstdose.adapters.payers.pas.identifiers import member_id, npi, payer_id
from firstdose.adapters.payers.pas.packet import Packet
from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.pas.terminology import HL7, UNKNOWN, X12, Element, claims, coding, concept
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.referral import Coverage, Patient, Relationship, Sex, Subscriber
from firstdose.payer_ports import PayerCase
from firstdose.ports import Impossible

_ADDRESS: Final = {"line": "line", "city": "city", "state": "state", "postal_code": "postalCode"}
_GENDER: Final = {Sex.FEMALE: "female", Sex.MALE: "male", Sex.OTHER: "other", Sex.UNKNOWN: "unknown"}
_X12_RELATIONSHIP: Final = {
    Relationship.SELF: "18",
    Relationship.SPOUSE: "01",
    Relationship.CHILD: "19",
    Relationship.OTHER: "G8",
}


class Parties:
    """Patient, coverage, insurer and requestor of a case, added to its packet. Raises Impossible without a coverage."""

    def __init__(self, case: PayerCase, requestor: Requestor, packet: Packet) -> None:
        coverage = coverage_of(case)
        patient = case.referral.patient
        self.member = member_id(coverage, case, requestor)
        self.insurer = packet.add("insurer", _insurer(case, requestor))
        self.requestor = packet.add("requestor", _requestor(requestor))
        self.patient = packet.add("patient", _patient(patient, self.member))
        subscriber = self.patient
        if coverage.subscriber is not None:
            subscriber = packet.add("subscriber", _subscriber(coverage.subscriber, self.member))
        self.coverage = packet.add("coverage", self._coverage(coverage, subscriber))

    def _coverage(self, coverage: Coverage, subscriber: Element) -> Element:
        group = {"class": [{"type": concept(f"{HL7}coverage-class", "group"), "value": coverage.group}]}
        return {
            "resourceType": "Coverage",
            **claims("profile-coverage"),
            "identifier": [self.member],
            "status": "active",
            "subscriber": subscriber,
            **({"subscriberId": coverage.member_id} if coverage.member_id else {}),
            "beneficiary": self.patient,
            "relationship": _relationship(coverage.relationship),
            "payor": [self.insurer],
            **(group if coverage.group else {}),
        }


def coverage_of(case: PayerCase) -> Coverage:
    """The plan that is asked. Raises Impossible("no_coverage")."""
    if case.referral.primary is None:
        raise Impossible(ProblemCode.NO_COVERAGE)
    return case.referral.coverages[case.referral.primary]


def _relationship(to_subscriber: Relationship) -> Element:
    return {
        "coding": [
            coding(f"{HL7}subscriber-relationship", to_subscriber.value),
            coding(f"{X12}1069", _X12_RELATIONSHIP[to_subscriber]),
        ]
    }


def _insurer(case: PayerCase, requestor: Requestor) -> Element:
    return {
        "resourceType": "Organization",
        **claims("profile-insurer"),
        "identifier": [payer_id(case, requestor)],
        "active": True,
        "type": [concept(f"{X12}98", "PR")],
        "name": case.endpoint.name,
    }


def _requestor(requestor: Requestor) -> Element:
    return {
        "resourceType": "Organization",
        **claims("profile-requestor"),
        "identifier": [npi(requestor.npi)],
        "active": True,
        "type": [concept(f"{X12}98", "X3")],
        "name": requestor.name,
    }


def _patient(patient: Patient, member: Element) -> Element:
    address = patient.address.model_dump(mode="json", exclude_none=True)
    postal = {name: address[ours] for ours, name in _ADDRESS.items() if address.get(ours)}
    return {
        "resourceType": "Patient",
        **claims("profile-beneficiary"),
        **_person(patient, patient.sex, member),
        **({"telecom": [{"system": "phone", "value": phone} for phone in patient.phones]} if patient.phones else {}),
        **({"address": [postal]} if postal else {}),
    }


def _subscriber(subscriber: Subscriber, member: Element) -> Element:
    return {
        "resourceType": "Patient",
        **claims("profile-subscriber"),
        **_person(subscriber, subscriber.sex, member),
    }


def _person(person: Patient | Subscriber, sex: Sex | None, member: Element) -> Element:
    name: Element = {}
    if person.family_name:
        name["family"] = person.family_name
    if person.given_name:
        name["given"] = [person.given_name]
    return {
        "identifier": [member],
        "name": [name or UNKNOWN],
        "gender": _GENDER[sex or Sex.UNKNOWN],
        **({"birthDate": person.birth_date.isoformat()} if person.birth_date else {}),
    }
