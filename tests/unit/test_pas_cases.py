"""FHIR answers from public bug reports, where they lie beside the project: each as a careful person would want it.

The same kinds have inputs of our own in test_pas_remarks.py and test_pas_whose.py.
"""

from datetime import date
from pathlib import Path

import pytest

from firstdose.adapters.payers.pas.answer import read_answer, read_inquiry
from firstdose.adapters.payers.pas.answer_match import SentRequest
from firstdose.adapters.payers.pas.notification import read_notification
from firstdose.domain.authorization.answer_match import Ours, Whose, whose_answer
from firstdose.domain.authorization.lines import LineAnswer, LineState
from firstdose.domain.payer.remark import RemarkKind
from firstdose.payer_ports import ReceivedAnswer
from tests.contract.cases import case

CASES = Path(__file__).parents[3] / "shared/fixtures/cases"
ASKED = case(trace="TRACE1")
SENT = SentRequest("TRACE1", "Claim/TRACE1", ASKED)

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the collected inputs are not here")


def collected(name: str) -> ReceivedAnswer:
    raw = (CASES / f"{name}.fhir.json").read_bytes()
    received = read_answer(raw, (1,), sent=SENT)
    assert whose_answer(received.named, Ours.of("TRACE1", ASKED.referral)) is Whose.OURS
    asked_for = read_inquiry(raw, SENT, (1,))
    assert asked_for is not None
    assert asked_for.answer == received.answer
    return received


def line_of(name: str) -> LineAnswer:
    (line,) = collected(name).answer.lines
    return line


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("89.answer-wholeref", "WHOLE-77001"),
        ("89b.answer-itemnum", "ITEM-1"),
        ("89d.answer-params", "AUTH1"),
    ],
)
def test_the_number_is_the_lines(name: str, number: str) -> None:
    line = line_of(name)
    assert (line.state, line.number, line.valid_to) == (LineState.APPROVED, number, date(2027, 3, 1))


def test_a_notification_without_an_answer_makes_us_ask() -> None:
    notification = read_notification((CASES / "90.notification-id-only.json").read_bytes())
    assert (notification.told, notification.rings) == ((), True)


def test_queued_waits() -> None:
    assert line_of("89c.answer-queued").state is LineState.PENDED


@pytest.mark.parametrize("name", ["89e.answer-noseq", "89f.answer-instant"])
def test_what_may_be_an_approval_is_a_persons(name: str) -> None:
    assert line_of(name).state is LineState.NEEDS_REVIEW


def test_an_error_is_a_persons_who_sees_its_code() -> None:
    received = collected("89g.answer-outcomeerr")
    assert [(line.state, line.reason_code) for line in received.answer.lines] == [(LineState.NEEDS_REVIEW, "33")]
    assert [(one.kind, one.code) for one in received.answer.remarks] == [(RemarkKind.REJECTED, "33")]
