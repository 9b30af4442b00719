"""HL7 v2 REF: I12 a referral, I13 a new version of it, I14 its cancellation. The whole mapping is in docs/intake.md."""

import re
from datetime import date

from desk.intake.draft import Draft
from desk.intake.hl7v2_message import Er7, Hl7Segment
from desk.intake.hl7v2_order import map_facts, map_order
from desk.intake.hl7v2_people import map_coverages, map_patient, map_providers
from desk.intake.message import ParsedMessage
from desk.intake.problems import FieldProblem, Invalid
from firstdose.domain.referral.source_message import CancelReason, MessageType

_EVENTS = {"I12": MessageType.RECEIVED, "I13": MessageType.UPDATED, "I14": MessageType.CANCELLED}
_PRIORITIES = {"R": "routine", "A": "urgent", "U": "urgent", "S": "stat"}
_OFFSET = re.compile(r"[+-][0-9]{4}$")


def read_hl7v2(body: bytes, *, today: date) -> ParsedMessage:
    """Raises Unparseable or Invalid."""
    er7 = Er7(body)
    header, referral = er7.first("MSH"), er7.first("RF1")
    event = _EVENTS.get(header.get(9, 2))
    if header.get(9) != "REF" or event is None:
        raise Invalid([FieldProblem(path="MSH-9", problem="only REF^I12, REF^I13 and REF^I14 are referrals")])
    draft = Draft(today)
    draft.put("source_referral_id", referral.get(6), "RF1-6")
    if event is MessageType.CANCELLED:
        return draft.cancelled(*_reason(er7, referral))
    priority = referral.get(2)
    draft.put("urgency", _PRIORITIES.get(priority.upper(), priority), "RF1-2")
    draft.put("discharge_at", _discharge(er7.first("PV2"), header), "PV2-9")
    map_patient(draft, er7)
    map_providers(draft, er7)
    map_coverages(draft, er7)
    map_order(draft, er7)
    map_facts(draft, er7)
    return draft.referred(event)


def _reason(er7: Er7, referral: Hl7Segment) -> tuple[str, str | None]:
    if er7.first("PID").get(30) == "Y":
        return CancelReason.DECEASED, None
    return referral.get(10), referral.get(10, 2) or None


def _discharge(visit: Hl7Segment, header: Hl7Segment) -> str | None:
    """The expected discharge. Without its own offset from UTC it has that of MSH-7; without either it is no moment."""
    told = visit.get(9)
    zone = _OFFSET.search(told) or _OFFSET.search(header.get(7))
    digits = re.match(r"[0-9]{12,14}", told)
    if not zone or not digits:
        return None
    local = digits[0].ljust(14, "0")
    day, time = f"{local[:4]}-{local[4:6]}-{local[6:8]}", f"{local[8:10]}:{local[10:12]}:{local[12:14]}"
    return f"{day}T{time}{zone[0][:3]}:{zone[0][3:]}"
