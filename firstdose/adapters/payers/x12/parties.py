"""Who asks whom about whom: the levels of payer, requester, subscriber and dependent in a request.

Members are written as the plan's card says: a patient with a subscriber of record is a dependent, any other one stands
at the subscriber's level.
"""

from typing import Final

from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.x12.basic_text import basic_text
from firstdose.adapters.payers.x12.segments import Segment, Unwritable, segment, sendable
from firstdose.adapters.payers.x12.values import written_day
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.member_number import number_on_file
from firstdose.domain.referral.professional_name import read_professional_name
from firstdose.domain.referral.referral import Coverage, Patient, Prescriber, Relationship, Sex, Subscriber
from firstdose.payer_ports import PayerCase
from firstdose.ports import Impossible

HOME_INFUSION_PHARMACY: Final = "3336H0001X"  # provider taxonomy
_GENDER: Final = {Sex.FEMALE: "F", Sex.MALE: "M"}
_RELATIONSHIP: Final = {Relationship.SPOUSE: "01", Relationship.CHILD: "19"}
_OTHER_RELATIONSHIP: Final = {"03": "34", "QC": "G8"}
_TRACE_OF_REQUEST: Final = "1"
_LONGEST_NAME: Final = 60  # NM103
_LONGEST_GIVEN_NAME: Final = 35  # NM104
_ANY_LENGTH: Final = 1_000


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
    return [segment("NM1", entity, "2", _organization(case.endpoint.name), "", "", "", "", "PI", number)]


def provider(requestor: Requestor, entity: str) -> Segment:
    """The pharmacy in its role `entity`: 1P requester, SJ provider of the service."""
    return segment("NM1", entity, "2", _organization(requestor.name), "", "", "", "", "XX", requestor.npi)


def prescriber(person: Prescriber) -> list[Segment]:
    """The ordering provider, if we know who it is."""
    if not any(map(str.isalpha, person.name or "")):
        return []
    name = read_professional_name(person.name or "")
    family, given = (
        text_of(part, _ANY_LENGTH, ProblemCode.PRESCRIBER_NAME_CANNOT_BE_SENT)[:limit].rstrip()
        for part, limit in ((name.family, _LONGEST_NAME), (" ".join(name.given), _LONGEST_GIVEN_NAME))
    )
    number = ("XX", person.npi) if person.npi else ()
    return [segment("NM1", "DK", "1", family, given, "", "", "", *number)]


def subscriber(coverage: Coverage, patient: Patient) -> list[Segment]:
    person = coverage.subscriber or patient
    return [_name("IL", person, coverage.member_id), *_demographics(person)]


def dependent(coverage: Coverage, patient: Patient, entity: str) -> list[Segment]:
    """The patient of another's plan; `entity` is 03 in a 270, QC in a 278: each has its code for other relatives."""
    relationship = _RELATIONSHIP.get(coverage.relationship, _OTHER_RELATIONSHIP[entity])
    return [_name(entity, patient), *_demographics(patient), segment("INS", "N", relationship)]


def text_of(value: str | None, limit: int, refused: ProblemCode) -> str:
    """In basic characters. Raises Impossible(`refused`), which names the field: people send what X12 cannot carry."""
    try:
        return basic_text(value, limit)
    except Unwritable:
        raise Impossible(refused) from None


def _organization(name: str) -> str:
    """An organization is known by its number: a long name may end early."""
    return text_of(name, _ANY_LENGTH, ProblemCode.VALUE_CANNOT_BE_SENT)[:_LONGEST_NAME].rstrip()


def _name(entity: str, person: Patient | Subscriber, member_id: str | None = None) -> Segment:
    own = isinstance(person, Patient)
    family_refused = ProblemCode.FAMILY_NAME_CANNOT_BE_SENT if own else ProblemCode.SUBSCRIBER_NAME_CANNOT_BE_SENT
    given_refused = ProblemCode.GIVEN_NAME_CANNOT_BE_SENT if own else ProblemCode.SUBSCRIBER_NAME_CANNOT_BE_SENT
    family = text_of(person.family_name, _LONGEST_NAME, family_refused)
    given = text_of(person.given_name, _LONGEST_GIVEN_NAME, given_refused)
    number = ("MI", _member_number(member_id)) if member_id else ()
    return segment("NM1", entity, "1", family, given, "", "", "", *number)


def _member_number(member_id: str) -> str:
    try:
        return sendable(number_on_file(member_id))
    except Unwritable:
        raise Impossible(ProblemCode.MEMBER_ID_CANNOT_BE_SENT) from None


def _demographics(person: Patient | Subscriber) -> list[Segment]:
    """Without a gender that is neither F nor M: a 270 has no code for it."""
    if person.birth_date is None:
        return []
    gender = _GENDER.get(person.sex, "") if person.sex else ""
    return [segment("DMG", "D8", written_day(person.birth_date), gender)]
