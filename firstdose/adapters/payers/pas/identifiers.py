"""Identifiers as PAS wants them, each with a system and a value; what is not known is said to be unknown."""

from typing import Final

from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.pas.terminology import HL7, NPI, UNKNOWN, Element, concept
from firstdose.domain.referral.referral import Coverage
from firstdose.payer_ports import PayerCase

_PAYER_ID: Final = concept("http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBIdentifierType", "payerid")
_MEMBER: Final = concept(f"{HL7}v2-0203", "MB")


def npi(number: str | None) -> Element:
    return {"system": NPI, "value": number} if number else {"system": NPI, "_value": UNKNOWN}


def payer_id(case: PayerCase, requestor: Requestor) -> Element:
    """By the payer's own number, if the plan tells it; else by its id in our register."""
    endpoint = case.endpoint
    system = endpoint.payer_system or f"{requestor.base_url}/NamingSystem/payers"
    return {"type": _PAYER_ID, "system": system, "value": endpoint.x12_payer or endpoint.payer}


def member_id(coverage: Coverage, case: PayerCase, requestor: Requestor) -> Element:
    """Numbers of members are the payer's own; without a system of the payer's they are named after it."""
    endpoint = case.endpoint
    system = endpoint.member_system or f"{requestor.base_url}/NamingSystem/{endpoint.payer}-members"
    value = {"value": coverage.member_id} if coverage.member_id else {"_value": UNKNOWN}
    return {"type": _MEMBER, "system": system, **value}
