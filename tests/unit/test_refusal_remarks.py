"""Why a payer refuses, as remarks: an OperationOutcome, and the acknowledgements of X12."""

import orjson
import pytest

from firstdose.adapters.payers.cancellation import confirmed
from firstdose.adapters.payers.pas.outcome import remarks_of_refusal
from firstdose.adapters.payers.x12.envelope import read_interchange
from firstdose.adapters.payers.x12.remarks_ack import remarks_of_acknowledgement
from firstdose.domain.authorization.answer_match import Named
from firstdose.domain.authorization.lines import LineAnswer, LineState, PayerAnswer
from firstdose.domain.payer.remark import PayerRemark, RemarkKind
from firstdose.payer_ports import ReceivedAnswer, RefusedRequest
from tests.unit.x12_wire import interchange

DETAILS = {"coding": [{"code": "MSG_X", "display": "Not contracted"}], "text": "We have no contract with you."}


def outcome(*issues: object) -> bytes:
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": list(issues)})


def test_the_texts_of_an_outcome_are_told() -> None:
    issue = {"severity": "error", "code": "business-rule", "details": DETAILS, "diagnostics": "Call the contract desk."}
    assert [(one.kind, one.code, one.text) for one in remarks_of_refusal(outcome(issue))] == [
        (RemarkKind.REJECTED, "MSG_X", "We have no contract with you."),
        (RemarkKind.MESSAGE, None, "Call the contract desk."),
    ]
    plain = {"severity": "fatal", "code": "invalid", "diagnostics": "No such member."}
    assert [(one.code, one.text) for one in remarks_of_refusal(outcome(plain))] == [("invalid", "No such member.")]


def test_an_answer_with_errors_says_them_whatever_its_status() -> None:
    error = {"code": {"coding": [{"code": "33"}], "text": "Wrong"}}
    response = orjson.dumps({"resourceType": "ClaimResponse", "error": [error], "disposition": "Not processed"})
    assert [(one.kind, one.code, one.text) for one in remarks_of_refusal(response)] == [
        (RemarkKind.REJECTED, "33", "Wrong"),
        (RemarkKind.MESSAGE, None, "Not processed"),
    ]


@pytest.mark.parametrize("body", [b"", b"<html>Forbidden</html>", b"[]", b'{"issue": 1}'])
def test_what_is_no_outcome_says_nothing(body: bytes) -> None:
    assert remarks_of_refusal(body) == ()


def test_an_acknowledgement_names_the_segment_and_the_error_and_nothing_of_ours() -> None:
    said = ["AK1*HS*1*005010X217", "AK2*278*0001*005010X217", "IK3*NM1*8*2010*8", "IK4*9*67*7*SECRETVALUE", "IK5*R*5"]
    told = remarks_of_acknowledgement(read_interchange(interchange("999", [*said, "AK9*R*1*1*0"])))
    assert [(one.where, one.code, one.about) for one in told] == [
        ("IK304", "8", ("NM1",)),
        ("IK403", "7", ("NM1",)),
        ("IK502", "5", ()),
    ]
    assert "SECRETVALUE" not in str(told)


def test_a_cancellation_that_is_denied_keeps_what_the_payer_said() -> None:
    said = PayerRemark(kind=RemarkKind.MESSAGE, where="disposition", text="It was given already.")
    answer = PayerAnswer(lines=(LineAnswer(sequence=1, state=LineState.DENIED),), remarks=(said,))
    received = ReceivedAnswer(raw=b"{}", named=Named(), answer=answer)
    with pytest.raises(RefusedRequest) as refused:
        confirmed(received)
    assert (refused.value.remarks, refused.value.received) == ((said,), received)
