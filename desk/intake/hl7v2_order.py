"""From HL7 v2: the order (RXO, RXR, TQ1, DG1), weight and documents (OBX), and facts that HL7 v2 has no field for."""

import re

from desk.intake.codes import BODY_WEIGHT, CLINICAL_NOTES
from desk.intake.draft import Draft
from desk.intake.hl7v2_message import Er7, Hl7Segment
from desk.intake.hl7v2_people import day
from desk.intake.units import days, kilograms

OURS = "FIRSTDOSE"
_FLAGS = {"Y": True, "N": False}
FACTS = {
    "therapy": "order.therapy",
    "frequency": "order.frequency",
    "duration_days": "order.duration_days",
    "access_device": "order.access_device",
    "pump": "order.pump",
    "site": "order.site",
    "first_dose_given": "order.first_dose_given",
    "needs_nursing": "order.needs_nursing",
    "signed_on": "order.signed_on",
    "requested_start": "order.requested_start",
    "anaphylaxis_kit_ordered": "order.anaphylaxis_kit_ordered",
    "benefits_check_only": "benefits_check_only",
}
"""OBX-3.1 with the coding system FIRSTDOSE in OBX-3.3; OBX-5 is the value, Y or N for a flag, YYYYMMDD for a day."""
_ICD10 = re.compile(r"|I10C?|I10CM|ICD-?10(-?CM)?", re.IGNORECASE)
_CODES = {"HCPCS": "hcpcs", "HCPT": "hcpcs", "NDC": "ndc", "RXNORM": "rxnorm", "RXN": "rxnorm"}
_ROUTES = {"IV": "IV", "IVP": "IV", "IVPB": "IV", "SC": "SC", "SQ": "SC", "IM": "IM"}


def map_order(draft: Draft, er7: Er7) -> None:
    diagnoses = [found.get(3) for found in er7.every("DG1") if _ICD10.fullmatch(found.get(3, 3)) and found.get(3)]
    draft.put("order.diagnoses", list(dict.fromkeys(diagnoses)), "DG1-3")
    referral, drug, route, timing = er7.first("RF1"), er7.first("RXO"), er7.first("RXR"), er7.first("TQ1")
    draft.put("order.requested_start", day(referral.get(7)), "RF1-7")
    draft.put("order.drug.name", drug.get(1, 2), drug.at(1))
    for code, system in ((1, 3), (4, 6)):
        name = _CODES.get(drug.get(1, system).upper())
        if name:
            draft.put(f"order.drug.{name}", drug.get(1, code), drug.at(1))
    amount, unit = drug.get(2), drug.get(4, 2) or drug.get(4)
    draft.put("order.dose", f"{amount} {unit}" if amount and unit else None, drug.at(2))
    draft.put("order.route", _ROUTES.get(route.get(1).upper()), route.at(1))
    draft.put("order.frequency", timing.get(3, 2) or timing.get(3), timing.at(3))
    draft.put("order.duration_days", days(timing.get(6), timing.get(6, 2)), timing.at(6))
    draft.put("patient.history", "\n".join(note.get(3) for note in er7.every("NTE") if note.get(3)), "NTE-3")


def map_facts(draft: Draft, er7: Er7) -> None:
    documents = 0
    draft.put("documents", None, "OBX-5")
    for observation in er7.every("OBX"):
        if observation.get(3, 3) == OURS:
            _map_fact(draft, observation)
        elif observation.get(2) == "ED":
            _map_document(draft, observation, f"documents[{documents}]")
            documents += 1
        elif observation.get(3) == BODY_WEIGHT or "body weight" in observation.get(3, 2).lower():
            weight = kilograms(observation.get(5) or None, observation.get(6))
            draft.put("patient.weight_kg", weight, observation.at(5))
            draft.put("patient.weighed_on", day(observation.get(14)), observation.at(14))


def _map_fact(draft: Draft, observation: Hl7Segment) -> None:
    path = FACTS.get(observation.get(3).lower())
    if path is None:
        return
    told = observation.get(5)
    value: object = _FLAGS.get(told.upper(), told)
    if path in ("order.signed_on", "order.requested_start"):
        value = day(told)
    elif path == "order.duration_days":
        value = days(told, "d")
    draft.put(path, value, observation.at(5))


def _map_document(draft: Draft, observation: Hl7Segment, at: str) -> None:
    """An ED: source ^ type ^ subtype ^ encoding ^ data, of which only the encoding Base64 is carried over."""
    is_note = observation.get(3) in CLINICAL_NOTES
    known = observation.get(3).lower() if observation.get(3, 3) == "FIRSTDOSE-DOC" else "other"
    draft.put(f"{at}.kind", "clinical_note" if is_note else known, observation.at(3))
    content_type = "/".join(part.lower() for part in (observation.get(5, 2), observation.get(5, 3)) if part)
    draft.put(f"{at}.content_type", content_type, observation.at(5))
    draft.put(f"{at}.title", observation.get(3, 2), observation.at(3))
    if observation.get(5, 4).lower() == "base64":
        draft.put(f"{at}.data", observation.get(5, 5), observation.at(5))
