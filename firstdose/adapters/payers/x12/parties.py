"""Who asks whom about whom: the levels of payer, requester, subscriber and dependent in a request.

Members are written as the plan's card says: a patient with a subscriber of record is a dependent, any other one stands
at the subscriber's level.
"""

from typing import Final

from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.x12.segments import Segment, basic, segment
from firstdose.adapters.payers.x12.values import written_day
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.referral import Coverage, Patient, Prescriber, Relationship, Sex, Subscriber
from firstdose.payer_ports import PayerCase
from firstdose.ports import Impossible

HOME_INFUSION_PHARMACY: Final = "3336H0001X"  # provider taxonomy
_GENDER: Final = {Sex.FEMALE: "F", Sex.MALE: "M"}
_RELATIONSHIP: Final = {Relationship.SPOUSE: "01", Relationship.CHILD: "19"}
_OTHER_RELATIONSHIP: Final = {"03": "34", "QC": "G8"}
_TRACE_OF_REQUEST: Final = "1"


def coverage_of(case: PayerCase) -> Coverage:
    """The plan that is asked. Raises Impossible("no_coverage")."""
    if case.referral.primary is None:
        raise Impossible(ProblemCode.NO_COVERAGE)
    return case.referral.coverages[case.referral.primary]


def trace(number: str, requestor: Requestor) -> Segment:
    return segment("TRN", _TRACE_OF_REQUEST, number, requestor.originator)


def payer(case: PayerCase, entity: str) -> list[Segment]:
    """`entity` is what the payer is in this transaction (NM101): PR, X3."""
    number = case.endpoint.x12_payer or case.endpoint.payer.upper()
    return [segment("NM1", entity, "2", basic(case.endpoint.name, 60), "", "", "", "", "PI", number)]


def provider(requestor: Requestor, entity: str) -> Segment:
    """The pharmacy in its role `entity`: 1P requester, SJ provider of the service."""
    return segment("NM1", entity, "2", basic(requestor.name, 60), "", "", "", "", "XX", requestor.npi)


def prescriber(person: Prescriber) -> list[Segment]:
    """The ordering provider, if we know who it is."""
    first, _, last = basic(person.name, 60).rpartition(" ")
    if not last:
        return []
    number = ("XX", person.npi) if person.npi else ()
    return [segment("NM1", "DK", "1", last, first[:35], "", "", "", *number)]


def subscriber(coverage: Coverage, patient: Patient) -> list[Segment]:
    person = coverage.subscriber or patient
    return [_name("IL", person, coverage.member_id), *_demographics(person)]


def dependent(coverage: Coverage, patient: Patient, entity: str) -> list[Segment]:
    """The patient of another's plan; `entity` is 03 in a 270, QC in a 278: each has its code for other relatives."""
    relationship = _RELATIONSHIP.get(coverage.relationship, _OTHER_RELATIONSHIP[entity])
    return [_name(entity, patient), *_demographics(patient), segment("INS", "N", relationship)]


def _name(entity: str, person: Patient | Subscriber, member_id: str | None = None) -> Segment:
    number = ("MI", member_id) if member_id else ()
    family, given = basic(person.family_name, 60), basic(person.given_name, 35)
    return segment("NM1", entity, "1", family, given, "", "", "", *number)


def _demographics(person: Patient | Subscriber) -> list[Segment]:
    """Without a gender that is neither F nor M: a 270 has no code for it."""
    if person.birth_date is None:
        return []
    gender = _GENDER.get(person.sex, "") if isinstance(person, Patient) and person.sex else ""
    return [segment("DMG", "D8", written_day(person.birth_date), gender)]
