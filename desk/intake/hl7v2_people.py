"""From HL7 v2: the patient (PID, NK1) and the allergies (AL1, IAM)."""

from desk.intake.codes import NO_KNOWN_ALLERGY
from desk.intake.draft import Draft
from desk.intake.hl7v2_choice import is_void, take
from desk.intake.hl7v2_contact import HumanName, PostalAddress, addresses, emails, names, phones
from desk.intake.hl7v2_message import Er7, Hl7Segment
from desk.intake.hl7v2_time import date_of, day
from desk.intake.problems import FieldProblem, Invalid
from firstdose.domain.referral.choice import Candidate, in_order

_PHONE_FIELDS = (13, 14, 40)
_SNOMED = frozenset({"SCT", "SNM", "SNOMED", "SNOMEDCT", "SNOMED-CT", "2.16.840.1.113883.6.96"})
_NO_RELATIVES = frozenset({"BP", "E", "F", "I", "S"})
"""NK1-7: billing contact, employer, federal agency, insurer, state agency."""
_CONTACT_FIT = {"CP": 1, "C": 1, "EP": 1, "N": 2, "": 3}
_CAREGIVER = "CGV"


def map_patient(draft: Draft, er7: Er7) -> None:
    """Raises Invalid for several patients."""
    if len(er7.every("PID")) > 1:
        raise Invalid([FieldProblem(path="PID[2]", problem="one patient at a time")])
    pid = er7.first("PID")
    name = take(draft, "patient.family_name", names(pid, 5)) or HumanName()
    draft.put("patient.family_name", name.family, pid.at(5))
    draft.put("patient.given_name", name.given, pid.at(5))
    draft.put("patient.birth_date", day(pid.get(7)), pid.at(7))
    draft.put("patient.sex", pid.told(8) or pid.told(8, 2), pid.at(8))
    draft.put("patient.phones", in_order(phones(pid, _PHONE_FIELDS), draft.today), pid.at(13))
    email = take(draft, "patient.email", emails(pid, _PHONE_FIELDS))
    draft.put("patient.email", email, pid.at(13))
    draft.put("patient.language", pid.get(15), pid.at(15))
    _map_address(draft, pid)
    _map_caregiver(draft, er7)
    _map_allergies(draft, er7)


def _map_address(draft: Draft, pid: Hl7Segment) -> None:
    address = take(draft, "patient.address", addresses(pid, 11)) or PostalAddress()
    draft.put("patient.address.line", list(address.line), pid.at(11))
    draft.put("patient.address.city", address.city, pid.at(11))
    draft.put("patient.address.state", address.state, pid.at(11))
    draft.put("patient.address.postal_code", address.postal_code, pid.at(11))


def _map_caregiver(draft: Draft, er7: Er7) -> None:
    told = [_relative(draft, kin) for kin in er7.every("NK1")]
    caregiver = draft.pick("patient.caregiver", [one for one in told if one], shown=lambda one: one["name"] or "")
    for fact, value in (caregiver or {}).items():
        draft.put(f"patient.caregiver.{fact}", value, "NK1")


def _relative(draft: Draft, kin: Hl7Segment) -> Candidate[dict[str, str | None]] | None:
    name = draft.pick("patient.caregiver.name", names(kin, 2))
    numbers = in_order(phones(kin, (5, 6)), draft.today)
    if name is None and not numbers:
        return None
    role = kin.get(7).upper()
    facts = {
        "name": str(name) if name else None,
        "phone": next(iter(numbers), None),
        "relationship": kin.get(3, 2) or kin.get(3),
    }
    fit = 0 if kin.get(3).upper() == _CAREGIVER else _CONTACT_FIT.get(role, 4)
    return Candidate(
        facts, affirmed=role not in _NO_RELATIVES, begins=date_of(kin.get(8)), ends=date_of(kin.get(9)), fit=fit
    )


def _map_allergies(draft: Draft, er7: Er7) -> None:
    """By their words; the patient's own list decides whether an entry says that there is none."""
    told = [one for one in (*er7.every("AL1"), *er7.every("IAM")) if not is_void(one)]
    listed = [_allergy(one) for one in sorted(told, key=lambda one: one.number(1, otherwise=99_999))]
    different = [one for place, one in enumerate(listed) if one["substance"] and one not in listed[:place]]
    draft.put("patient.allergies", different, "AL1-3")


def _allergy(told: Hl7Segment) -> dict[str, str]:
    """The code that says that none is known counts with its system, as any code."""
    coded = ((told.get(3, code), told.get(3, system).upper()) for code, system in ((1, 3), (4, 6)))
    if any(code in NO_KNOWN_ALLERGY and system in _SNOMED for code, system in coded):
        return {"substance": "No known allergies", "reaction": ""}
    substance = told.get(3, 2) or told.get(3, 5) or told.get(3, 9) or told.get(3)
    reactions = [told.get(5, 2, repetition) or told.get(5, 1, repetition) for repetition in told.repetitions(5)]
    return {"substance": substance, "reaction": ", ".join(dict.fromkeys(filter(None, reactions)))}
