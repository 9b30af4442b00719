"""HL7 v2 REF: I12 a referral, I13 a new version of it, I14 its cancellation. The whole mapping is in docs/intake.md."""

from datetime import date

from desk.intake.draft import Draft
from desk.intake.hl7v2_groups import orders
from desk.intake.hl7v2_message import Er7, Hl7Segment
from desk.intake.hl7v2_observation import ToldFacts, map_observations
from desk.intake.hl7v2_order import map_order, service_day
from desk.intake.hl7v2_people import map_patient
from desk.intake.hl7v2_plan import map_coverages
from desk.intake.hl7v2_provider import map_providers
from desk.intake.hl7v2_time import day, moment, zone_of
from desk.intake.message import ParsedMessage
from desk.intake.problems import FieldProblem, Invalid
from firstdose.domain.referral.question import QuestionReason
from firstdose.domain.referral.source_message import CancelReason, MessageType

_EVENTS = {"I12": MessageType.RECEIVED, "I13": MessageType.UPDATED, "I14": MessageType.CANCELLED}
_PRIORITIES = {
    **dict.fromkeys(("r", "routine"), "routine"),
    **dict.fromkeys(("a", "asap", "u", "urgent"), "urgent"),
    **dict.fromkeys(("s", "stat", "emergency"), "stat"),
}
_NOT_IN_FORCE = {"E": "expired", "R": "rejected"}


def read_hl7v2(body: bytes, *, today: date, charset: str | None = None) -> ParsedMessage:
    """`charset` is what the content type says. Raises Unparseable or Invalid."""
    er7 = Er7(body, charset)
    event, referral = _event(er7.first("MSH")), _referral(er7)
    draft = Draft(today)
    draft.put("source_referral_id", referral.get(6), "RF1-6")
    if event is MessageType.CANCELLED:
        return draft.cancelled(*_reason(er7, referral))
    priority = referral.get(2) or referral.get(2, 2)
    draft.put("urgency", _PRIORITIES.get(priority.lower(), priority), "RF1-2")
    _map_discharge(draft, er7)
    told, facts = orders(er7), ToldFacts(er7)
    map_patient(draft, er7)
    map_providers(draft, er7, (group.control for group in told.taken))
    map_coverages(draft, er7, service_day(draft, er7, facts))
    map_order(draft, er7, told, facts)
    map_observations(draft, er7)
    if status := _NOT_IN_FORCE.get(referral.get(1).upper()):
        draft.ask("order", QuestionReason.NOT_IN_FORCE, [status])
    return draft.referred(event)


def _event(header: Hl7Segment) -> MessageType:
    if not header.get(9):
        problem = "missing: it says what the message is, REF^I12, REF^I13 or REF^I14"
        raise Invalid([FieldProblem(path="MSH-9", problem=problem)])
    event = _EVENTS.get(header.get(9, 2))
    if header.get(9) != "REF" or event is None:
        raise Invalid([FieldProblem(path="MSH-9", problem="only REF^I12, REF^I13 and REF^I14 are referrals")])
    return event


def _referral(er7: Er7) -> Hl7Segment:
    if len({one.get(6) for one in er7.every("RF1")}) > 1:
        raise Invalid([FieldProblem(path="RF1[2]-6", problem="one referral at a time")])
    return er7.first("RF1")


def _reason(er7: Er7, referral: Hl7Segment) -> tuple[str, str | None]:
    if er7.first("PID").get(30) == "Y":
        return CancelReason.DECEASED, None
    return referral.get(10), referral.get(10, 2) or None


def _map_discharge(draft: Draft, er7: Er7) -> None:
    """The expected discharge, in its own zone or that of MSH-7. A day, or a time without a zone, is a question."""
    told = er7.first("PV2").get(9)
    expected = moment(told, zone_of(er7.first("MSH").get(7)))
    draft.put("discharge_at", expected, "PV2-9")
    if told and not expected:
        draft.ask("discharge_at", QuestionReason.NOT_UNDERSTOOD, [told if len(told) > 8 else day(told) or told])
