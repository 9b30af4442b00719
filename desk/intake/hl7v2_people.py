"""From HL7 v2: the patient (PID, NK1, AL1), who refers (PRD), and the coverages (IN1)."""

from typing import Any

from desk.intake.codes import NO_KNOWN_ALLERGY
from desk.intake.draft import Draft
from desk.intake.hl7v2_message import Er7, Hl7Segment

_SEXES = {"F": "female", "M": "male", "O": "other", "A": "other", "U": "unknown", "N": "unknown"}
_NO_KNOWN_ALLERGY = NO_KNOWN_ALLERGY | {"NKA", "NKDA"}
_FAXES = {"FX"}
_PHONES = {"", "PH", "CP", "SAT"}
_RELATIONSHIPS = {"SEL": "self", "18": "self", "SPO": "spouse", "01": "spouse", "CHD": "child", "19": "child"}
_BUSINESSES = {
    "CI": "commercial",
    "BL": "commercial",
    "HM": "commercial",
    "MB": "medicare",
    "MC": "medicaid",
    "16": "medicare_advantage",
}
"""X12 claim filing indicators, as sent in IN1-15. Not MA: it is Part A to some and Medicare Advantage to others."""
_WORDS = {"commercial", "employer", "medicare_advantage", "medicare", "medicaid", "other"}


def map_patient(draft: Draft, er7: Er7) -> None:
    pid = er7.first("PID")
    draft.put("patient.family_name", pid.get(5), pid.at(5))
    draft.put("patient.given_name", " ".join(part for part in (pid.get(5, 2), pid.get(5, 3)) if part), pid.at(5))
    draft.put("patient.birth_date", day(pid.get(7)), pid.at(7))
    draft.put("patient.sex", _SEXES.get(pid.get(8).upper(), pid.get(8)), pid.at(8))
    draft.put("patient.phones", telecoms(pid, 13, _PHONES), pid.at(13))
    draft.put("patient.email", _email(pid, 13), pid.at(13))
    draft.put("patient.language", pid.get(15), pid.at(15))
    draft.put("patient.address.line", [line for line in (pid.get(11), pid.get(11, 2)) if line], pid.at(11))
    draft.put("patient.address.city", pid.get(11, 3), pid.at(11))
    draft.put("patient.address.state", pid.get(11, 4), pid.at(11))
    draft.put("patient.address.postal_code", pid.get(11, 5), pid.at(11))
    kin = er7.first("NK1")
    draft.put("patient.caregiver.name", person(kin, 2), kin.at(2))
    draft.put("patient.caregiver.phone", _first(telecoms(kin, 5, _PHONES)), kin.at(5))
    draft.put("patient.caregiver.relationship", kin.get(3, 2) or kin.get(3), kin.at(3))
    _map_allergies(draft, er7)


def _map_allergies(draft: Draft, er7: Er7) -> None:
    told = er7.every("AL1")
    known = [allergy for allergy in told if allergy.get(3).upper() not in _NO_KNOWN_ALLERGY]
    if told and not known:
        draft.put("patient.allergies", "none_known", "AL1-3")
        return
    listed = [{"substance": allergy.get(3, 2) or allergy.get(3), "reaction": allergy.get(5)} for allergy in known]
    draft.put("patient.allergies", listed, "AL1-3")


def map_providers(draft: Draft, er7: Er7) -> None:
    """PRD with the role RP is the referring provider, who prescribes; the sending facility is the source."""
    providers = [provider for provider in er7.every("PRD") if provider.get(1) == "RP"]
    referring = providers[0] if providers else Hl7Segment([["PRD"]])
    draft.put("prescriber.npi", _npi(referring), referring.at(7))
    draft.put("prescriber.name", person(referring, 2), referring.at(2))
    draft.put("prescriber.phone", _first(telecoms(referring, 5, _PHONES)), referring.at(5))
    draft.put("prescriber.fax", _first(telecoms(referring, 5, _FAXES)), referring.at(5))
    contact, header = er7.first("CTD"), er7.first("MSH")
    draft.put("prescriber.contact_name", person(contact, 2), contact.at(2))
    draft.put("source.organization", header.get(4), header.at(4))


def _npi(provider: Hl7Segment) -> str | None:
    for repetition in provider.repetitions(7):
        if provider.get(7, 2, repetition).upper() == "NPI":
            return provider.get(7, 1, repetition)
    return None


def map_coverages(draft: Draft, er7: Er7) -> None:
    ranked = sorted(er7.every("IN1"), key=lambda plan: plan.get(22) or "9")
    draft.put("coverages", None, "IN1")
    for index, plan in enumerate(ranked):
        _map_coverage(draft, plan, f"coverages[{index}]", "secondary" if index else "primary")


def _map_coverage(draft: Draft, plan: Hl7Segment, at: str, order: str) -> None:
    business = plan.get(15)
    draft.put(f"{at}.order", order, plan.at(22))
    draft.put(f"{at}.payer.id", plan.get(3), plan.at(3))
    draft.put(f"{at}.payer.name", plan.get(4), plan.at(4))
    known = business.lower() if business.lower() in _WORDS else _BUSINESSES.get(business.upper())
    draft.put(f"{at}.line_of_business", known, plan.at(15))
    draft.put(f"{at}.member_id", plan.get(36) or plan.get(49), plan.at(36))
    draft.put(f"{at}.group", plan.get(8), plan.at(8))
    if not plan.get(17):
        return
    relationship = _RELATIONSHIPS.get(plan.get(17).upper(), "other")
    draft.put(f"{at}.relationship", relationship, plan.at(17))
    if relationship != "self":
        draft.put(f"{at}.subscriber.family_name", plan.get(16), plan.at(16))
        draft.put(f"{at}.subscriber.given_name", plan.get(16, 2), plan.at(16))
        draft.put(f"{at}.subscriber.birth_date", day(plan.get(18)), plan.at(18))
        draft.put(f"{at}.subscriber.sex", _SEXES.get(plan.get(43).upper(), plan.get(43)), plan.at(43))


def day(told: str) -> str | None:
    """`YYYYMMDD…` as ISO 8601; other text as it is, to be refused; a year or month alone is no day and left out."""
    if told.isdigit() and len(told) < 8:
        return None
    return f"{told[:4]}-{told[4:6]}-{told[6:8]}" if told[:8].isdigit() else told


def person(segment: Hl7Segment, field: int) -> str:
    """An XPN as a person would write it: given name first."""
    return " ".join(part for part in (segment.get(field, 2), segment.get(field, 3), segment.get(field)) if part)


def telecoms(segment: Hl7Segment, field: int, equipment: set[str]) -> list[str]:
    """The XTN numbers of this equipment: as text, or put together from their parts."""
    found = []
    for repetition in segment.repetitions(field):
        if segment.get(field, 3, repetition).upper() in equipment:
            parts = (segment.get(field, 6, repetition), segment.get(field, 7, repetition))
            found.append(segment.get(field, 1, repetition) or "-".join(part for part in parts if part))
    return [number for number in found if number]


def _email(segment: Hl7Segment, field: int) -> str | None:
    addresses = (segment.get(field, 4, repetition) for repetition in segment.repetitions(field))
    return next((address for address in addresses if "@" in address), None)


def _first(values: list[Any]) -> Any:
    return values[0] if values else None
