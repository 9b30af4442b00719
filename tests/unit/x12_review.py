"""278 responses for the tests of what reads them, level by level, and what is read from them."""

from collections.abc import Sequence

from firstdose.adapters.payers.x12.answer_278 import read_answer, read_inquiry
from firstdose.adapters.payers.x12.answer_match import review_named_by
from firstdose.adapters.payers.x12.envelope import read_interchange
from firstdose.domain.authorization.answer_match import Ours, Whose, whose_answer
from firstdose.domain.authorization.lines import LineState, PayerAnswer
from firstdose.payer_ports import PayerCase
from tests.contract.cases import case
from tests.unit.x12_wire import interchange

TRACE = "0123456789abcdef0123456789abcdef"
ASKED = case(trace=TRACE)
PEOPLE = (
    "HL*1**20*1",
    "NM1*X3*2*NORTHSTAR*****PI*60054",
    "HL*2*1*21*1",
    "NM1*1P*2*US*****XX*1234567893",
    "HL*3*2*22*1",
    "NM1*IL*1*SAMPLE*JORDAN****MI*SIM-APPROVED-1",
    "HL*4*3*23*1",
    "NM1*QC*1*SAMPLE*AVERY",
    "DMG*D8*19610417*F",
)
SV1 = {1: "SV1*HC:J3370**UN*42", 2: "SV1*HC:S9501**UN*42", 3: "SV1*HC:99601**UN*6"}
DATES = "DTP*007*RD8*20261124-20270222"


def event(*segments: str, trace: str = TRACE) -> list[str]:
    return ["HL*5*4*EV*1", f"TRN*2*{trace}*9123456789", *segments]


def service(sequence: int, *segments: str, trace: str = TRACE) -> list[str]:
    return [f"HL*{5 + sequence}*5*SS*0", f"TRN*2*{trace}-{sequence}*9123456789", *segments, SV1[sequence]]


def body(*parts: Sequence[str], people: Sequence[str] = PEOPLE, echo: str = TRACE) -> list[str]:
    return [f"BHT*0007*11*{echo}*20261121*1201*18", *people, *(one for part in parts for one in part)]


def answer(*parts: Sequence[str], asked: PayerCase = ASKED, people: Sequence[str] = PEOPLE) -> PayerAnswer:
    transaction = read_interchange(interchange("278", body(*parts, people=people))).transactions[0]
    return read_answer(transaction, asked)


def whose(*parts: Sequence[str], people: Sequence[str] = PEOPLE, echo: str = TRACE) -> Whose:
    """As the store judges it."""
    transaction = read_interchange(interchange("278", body(*parts, people=people, echo=echo))).transactions[0]
    return whose_answer(review_named_by(transaction, ASKED), Ours.of(TRACE, ASKED.referral))


def inquired(*parts: Sequence[str], people: Sequence[str] = PEOPLE) -> PayerAnswer | None:
    return read_inquiry(read_interchange(interchange("278", body(*parts, people=people))).transactions[0], ASKED)


def states(found: PayerAnswer) -> list[LineState]:
    return [line.state for line in found.lines]
