"""From a case to the 278: a request for review (005010X217) or an inquiry (005010X215).

What a line is asked for is its `certification`. Our trace number names the event, with a line's sequence its service.
"""

from datetime import date
from typing import Final

from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.x12.hierarchy import DEPENDENT, EVENT, RECEIVER, SERVICE, SOURCE, SUBSCRIBER, written
from firstdose.adapters.payers.x12.parties import (
    HOME_INFUSION_PHARMACY,
    coverage_of,
    dependent,
    payer,
    prescriber,
    provider,
    subscriber,
    text_of,
    trace,
)
from firstdose.adapters.payers.x12.segments import Segment, segment
from firstdose.adapters.payers.x12.values import dated, written_day
from firstdose.domain.authorization.lines import Line, LineKind
from firstdose.domain.authorization.requested_period import requested_period
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.order import Medication, Order
from firstdose.payer_ports import PayerCase
from firstdose.ports import Impossible

AUTHORIZATION_NUMBER: Final = "BB"
EVENT_DATE: Final = "AAH"
SERVICE_DATE: Final = "472"
DELIVERY_UNIT: Final = {LineKind.DRUG: "FL", LineKind.PER_DIEM: "DY", LineKind.NURSING: "VS"}
_DISCHARGE: Final = "096"
_REQUEST, _INQUIRY = "13", "28"  # BHT02
_HEALTH_SERVICES_REVIEW: Final = "HS"
_HOME_HEALTH_CARE: Final = "42"
_DAYS: Final = "7"
_MOST_DIAGNOSES: Final = 12
_LONGEST_MESSAGE: Final = 264
_LONGEST_NUMBER: Final = 50


def submission(case: PayerCase, requestor: Requestor) -> list[Segment]:
    """The segments between ST and SE of a 005010X217: initial, revised, renewal, appeal or cancel.

    The 278 has no element for the trace number of the request that this one replaces: it goes in a message (MSG), and
    the payer's own number, where a line has one, in REF*BB. Raises Impossible without a coverage or a line.
    """
    if not case.lines:
        raise Impossible(ProblemCode.NO_LINE_TO_SUBMIT)
    event = [
        trace(case.trace, requestor),
        _review(case),
        *_event_dates(case),
        *_diagnoses(case),
        *_message(f"REPLACES REQUEST {case.previous_trace}" if case.previous_trace else ""),
        *_providers(case, requestor),
    ]
    services = [(SERVICE, _service(line, case, requestor)) for line in case.lines]
    return [_beginning(case, _REQUEST), *written([*_parties(case, requestor), (EVENT, event), *services])]


def inquiry(case: PayerCase, requestor: Requestor) -> list[Segment]:
    """The segments between ST and SE of a 005010X215, the inquiry about the request with this trace number.

    No HIPAA mandate, but the only standard way to ask; a payer that cannot do it rejects it, and people ask by phone.
    Raises Impossible without a coverage.
    """
    number = next((line.number for line in case.lines if line.number), None)
    event = [
        trace(case.trace, requestor),
        segment("UM", _HEALTH_SERVICES_REVIEW, "", _HOME_HEALTH_CARE),
        *([segment("REF", AUTHORIZATION_NUMBER, _number(number))] if number else []),
        *_event_dates(case),
        provider(requestor, "SJ"),
    ]
    return [_beginning(case, _INQUIRY), *written([*_parties(case, requestor), (EVENT, event)])]


def _beginning(case: PayerCase, purpose: str) -> Segment:
    created = case.created_at
    return segment("BHT", "0007", purpose, case.trace, written_day(created.date()), f"{created:%H%M}")


def _parties(case: PayerCase, requestor: Requestor) -> list[tuple[str, list[Segment]]]:
    coverage, patient = coverage_of(case), case.referral.patient
    receiver = [provider(requestor, "1P"), segment("PRV", "PE", "PXC", HOME_INFUSION_PHARMACY)]
    levels = [(SOURCE, payer(case, "X3")), (RECEIVER, receiver), (SUBSCRIBER, subscriber(coverage, patient))]
    if coverage.subscriber is not None:
        levels.append((DEPENDENT, dependent(coverage, patient, "QC")))
    return levels


def _review(case: PayerCase) -> Segment:
    """The event's UM, by its first line. Its level of service (UM06, X12 1338) makes a request expedited: urgent."""
    first = case.lines[0]
    place, urgency = (first.place_of_service, "B"), "U" if case.expedited else ""
    return segment("UM", _HEALTH_SERVICES_REVIEW, first.certification.value, _HOME_HEALTH_CARE, place, "", urgency)


def _own_review(line: Line, first: Line) -> list[Segment]:
    """A service's UM: only what differs from the event's."""
    certification = line.certification.value if line.certification is not first.certification else ""
    place = (line.place_of_service, "B") if line.place_of_service != first.place_of_service else ""
    return [segment("UM", _HEALTH_SERVICES_REVIEW, certification, "", place)] if certification or place else []


def _event_dates(case: PayerCase) -> list[Segment]:
    found = [dated(EVENT_DATE, *days) for days in _days(case.referral.order)]
    if case.referral.discharge_at is not None:
        found.append(dated(_DISCHARGE, case.referral.discharge_at.date()))
    return found


def _days(order: Order, line: Line | None = None) -> list[tuple[date, date]]:
    period = requested_period(order, line)
    return [(period.first, period.last)] if period else []


def _diagnoses(case: PayerCase) -> list[Segment]:
    """ICD-10-CM without its point, the principal one first."""
    codes = [code.replace(".", "") for code in case.referral.order.diagnoses[:_MOST_DIAGNOSES]]
    coded = [("ABF" if place else "ABK", code) for place, code in enumerate(codes)]
    return [segment("HI", *coded)] if coded else []


def _providers(case: PayerCase, requestor: Requestor) -> list[Segment]:
    serving = [provider(requestor, "SJ"), segment("PRV", "PE", "PXC", HOME_INFUSION_PHARMACY)]
    return [*prescriber(case.referral.prescriber), *serving]


def _service(line: Line, case: PayerCase, requestor: Requestor) -> list[Segment]:
    """A professional service (SV1): home infusion is billed as one."""
    return [
        trace(f"{case.trace}-{line.sequence}", requestor),
        *_own_review(line, case.lines[0]),
        *([segment("REF", AUTHORIZATION_NUMBER, _number(line.number))] if line.number else []),
        *(dated(SERVICE_DATE, *days) for days in _days(case.referral.order, line)),
        segment("SV1", ("HC", line.code, *line.modifiers), "", "UN", str(line.units)),
        _delivery(line, case),
        *_message(_drug(case.referral.order.medication(line.medication)) if line.kind is LineKind.DRUG else ""),
    ]


def _delivery(line: Line, case: PayerCase) -> Segment:
    """HSD: how many in all, over how many days (X12 615)."""
    order = case.referral.order
    days = order.longest_days if line.kind is LineKind.NURSING else order.medication(line.medication).duration_days
    over = ("", "", _DAYS, str(days)) if days else ()
    return segment("HSD", DELIVERY_UNIT[line.kind], str(line.units), *over)


def _drug(ordered: Medication) -> str:
    """As text: SV1 has one code, and the code for unlisted drugs names none."""
    drug = ordered.drug
    ndc = f"NDC {drug.ndc}" if drug.ndc else None
    return " ".join(each for each in (drug.name, ordered.dose, ordered.route, ordered.frequency, ndc) if each)


def _message(text: str) -> list[Segment]:
    told = text_of(text, _LONGEST_MESSAGE, ProblemCode.ORDER_TEXT_CANNOT_BE_SENT)
    return [segment("MSG", told)] if told else []


def _number(authorization: str) -> str:
    return text_of(authorization, _LONGEST_NUMBER, ProblemCode.VALUE_CANNOT_BE_SENT)
