"""Who orders: the prescriber as a PractitionerRole, with the practice that refers, as PAS wants the care team."""

from typing import Final, NamedTuple

from firstdose.adapters.payers.pas.identifiers import npi
from firstdose.adapters.payers.pas.packet import Packet
from firstdose.adapters.payers.pas.terminology import UNKNOWN, X12, Element, claims, concept, extension
from firstdose.domain.referral.professional_name import read_professional_name
from firstdose.domain.referral.referral import Prescriber, Referral, Source

_ORDERING_PHYSICIAN: Final = "DK"  # X12 98


class CareTeam(NamedTuple):
    """References to who orders: the person, and the person in that role."""

    practitioner: Element
    role: Element

    @property
    def member(self) -> Element:
        """The entry of `Claim.careTeam`, for the whole request."""
        return {
            "extension": [extension("extension-careTeamClaimScope", valueBoolean=True)],
            "sequence": 1,
            "provider": self.role,
            "role": concept(f"{X12}98", _ORDERING_PHYSICIAN),
        }


def care_team(referral: Referral, packet: Packet) -> CareTeam | None:
    """None if nobody has said who prescribes."""
    prescriber = referral.prescriber
    if not (prescriber.npi or prescriber.name):
        return None
    practitioner = packet.add("prescriber", _practitioner(prescriber))
    practice = packet.add("practice", _practice(referral.source)) if referral.source.organization else None
    role = {
        "resourceType": "PractitionerRole",
        **claims("profile-practitionerrole"),
        "practitioner": practitioner,
        **({"organization": practice} if practice else {}),
        # US Core wants a way to reach whoever has the role.
        "telecom": _reached(prescriber) or _reached(referral.source) or [{"system": "phone", "_value": UNKNOWN}],
    }
    return CareTeam(practitioner, packet.add("prescriber-role", role))


def _practitioner(prescriber: Prescriber) -> Element:
    telecom = _reached(prescriber)
    return {
        "resourceType": "Practitioner",
        **claims("profile-practitioner"),
        "identifier": [npi(prescriber.npi)],
        "name": [_name(prescriber.name)],
        **({"telecom": telecom} if telecom else {}),
    }


def _name(told: str | None) -> Element:
    if not told:
        return {"_family": UNKNOWN}
    name = read_professional_name(told)
    return {
        "text": told,
        "family": name.family,
        **({"given": list(name.given)} if name.given else {}),
        **({"suffix": list(name.credentials)} if name.credentials else {}),
    }


def _practice(source: Source) -> Element:
    telecom = _reached(source)
    return {
        "resourceType": "Organization",
        **({"identifier": [npi(source.npi)]} if source.npi else {}),
        "active": True,
        "name": source.organization,
        **({"telecom": telecom} if telecom else {}),
    }


def _reached(who: Prescriber | Source) -> list[Element]:
    ways = (("phone", who.phone), ("fax", who.fax))
    return [{"system": system, "value": value} for system, value in ways if value]
