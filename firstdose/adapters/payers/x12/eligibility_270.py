"""From a case to the 270 (005010X279A1): is the plan in force, what does it leave to pay, what needs authorization?"""

from typing import Final

from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.x12.hierarchy import DEPENDENT, RECEIVER, SOURCE, SUBSCRIBER, written
from firstdose.adapters.payers.x12.parties import coverage_of, dependent, payer, provider, subscriber, trace
from firstdose.adapters.payers.x12.segments import Segment, segment
from firstdose.adapters.payers.x12.values import dated, written_day
from firstdose.payer_ports import PayerCase

PLAN: Final = "30"  # X12 1365: the plan as a whole
HOME_HEALTH_CARE: Final = "42"
PLAN_DATE: Final = "291"


def inquiry(case: PayerCase, requestor: Requestor) -> list[Segment]:
    """The segments between ST and SE. It asks for the plan, for home health care, and for the code of each line.

    Raises Impossible: the referral has no coverage.
    """
    coverage, patient = coverage_of(case), case.referral.patient
    questions = [trace(case.trace, requestor)]
    about = [dated(PLAN_DATE, case.day_of_service), *_asked(case)]
    people = [(SUBSCRIBER, subscriber(coverage, patient))]
    if coverage.subscriber is not None:
        people.append((DEPENDENT, dependent(coverage, patient, "03")))
    code, person = people.pop()
    levels = [
        (SOURCE, payer(case, "PR")),
        (RECEIVER, [provider(requestor, "1P")]),
        *people,
        (code, [*questions, *person, *about]),
    ]
    return [_beginning(case), *written(levels)]


def _beginning(case: PayerCase) -> Segment:
    created = case.created_at
    return segment("BHT", "0022", "13", case.trace, written_day(created.date()), f"{created:%H%M}")


def _asked(case: PayerCase) -> list[Segment]:
    codes = dict.fromkeys(line.code for line in case.lines)
    return [
        segment("EQ", PLAN),
        segment("EQ", HOME_HEALTH_CARE),
        *(segment("EQ", "", ("HC", code)) for code in codes),
    ]
