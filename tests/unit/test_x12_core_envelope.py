"""The CAQH CORE form around an interchange: what goes in comes out, and nothing else does."""

from contextlib import suppress
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.adapters.payers.credentials import Login
from firstdose.adapters.payers.x12.core_envelope import Enveloped, unwrap, wrap
from firstdose.adapters.payers.x12.envelope import (
    ELIGIBILITY,
    REVIEW,
    REVIEW_INQUIRY,
    InterchangeAddress,
    TransactionType,
)
from firstdose.adapters.payers.x12.segments import UnreadableX12
from firstdose.payer_ports import RefusedRequest
from firstdose.ports import Impossible, PortError, Unavailable
from tests.contract.cases import NOW

NUMBER = UUID(int=7)
FORM = 'multipart/form-data; boundary="b1"'


def form(**fields: str) -> Enveloped:
    parts = [
        f'--b1\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    return Enveloped("".join([*parts, "--b1--\r\n"]).encode(), FORM)


def test_a_request_says_who_sends_what_to_whom() -> None:
    sent = wrap(REVIEW, b"ISA*00~", InterchangeAddress("US", "THEM"), Login("firstdose", "s3cret"), NUMBER, NOW)
    told = sent.body.decode()
    for name, value in {
        "PayloadType": "X12_278_Request_005010X217E1_2",
        "ProcessingMode": "RealTime",
        "PayloadID": str(NUMBER),
        "TimeStamp": "2026-11-21T12:00:00Z",
        "UserName": "firstdose",
        "Password": "s3cret",
        "SenderID": "US",
        "ReceiverID": "THEM",
        "CORERuleVersion": "2.2.0",
        "Payload": "ISA*00~",
    }.items():
        assert f'name="{name}"\r\n\r\n{value}\r\n' in told
    assert unwrap(sent) == b"ISA*00~"


@pytest.mark.parametrize(
    ("kind", "name"),
    [(ELIGIBILITY, "X12_270_Request_005010X279A1"), (REVIEW_INQUIRY, "X12_278_Request_005010X215")],
)
def test_each_transaction_has_its_name(kind: TransactionType, name: str) -> None:
    assert f"\r\n\r\n{name}\r\n".encode() in wrap(kind, b"", InterchangeAddress("US", "THEM"), None, NUMBER, NOW).body


def test_without_a_login_none_is_sent() -> None:
    assert b"Password" not in wrap(REVIEW, b"", InterchangeAddress("US", "THEM"), None, NUMBER, NOW).body


@given(st.binary(max_size=200).filter(lambda payload: b"\r\n--" not in payload))
def test_the_payload_comes_back_byte_for_byte(payload: bytes) -> None:
    assert unwrap(wrap(REVIEW, payload, InterchangeAddress("US", "THEM"), None, NUMBER, NOW)) == payload


def test_the_payload_is_what_success_brings() -> None:
    assert unwrap(form(ErrorCode="Success", ErrorMessage="None", Payload="ISA~\r\nIEA~")) == b"ISA~\r\nIEA~"


@pytest.mark.parametrize(
    ("code", "error", "problem"),
    [
        ("Sender", RefusedRequest, "payer_refused_request"),
        ("PayloadTypeIllegal", RefusedRequest, "payer_refused_request"),
        ("UnAuthorized", Impossible, "payer_refused_credentials"),
        ("Receiver", Unavailable, "payer_failed"),
    ],
)
def test_an_envelope_that_is_refused_says_whose_fault_it_is(code: str, error: type[PortError], problem: str) -> None:
    with pytest.raises(error) as refused:
        unwrap(form(ErrorCode=code, ErrorMessage="nobody we know", Payload="ISA~"))
    assert str(refused.value) == problem


@pytest.mark.parametrize(
    "answer",
    [
        form(ErrorCode="Success"),
        Enveloped(form(Payload="ISA~").body, "application/edi-x12"),
        Enveloped(form(Payload="ISA~").body, "multipart/form-data"),
        Enveloped(form(Payload="ISA~").body, 'multipart/form-data; boundary="b2"'),
        Enveloped(b"<html></html>", "text/html"),
        Enveloped(b"", FORM),
    ],
)
def test_an_answer_without_a_payload_is_unreadable(answer: Enveloped) -> None:
    with pytest.raises(UnreadableX12):
        unwrap(answer)


@given(
    st.binary(max_size=200), st.sampled_from([FORM, "multipart/form-data; boundary*=utf-8''%ff"]) | st.text(max_size=60)
)
def test_any_answer_is_unwrapped_or_refused(body: bytes, content_type: str) -> None:
    with suppress(UnreadableX12, Impossible, Unavailable):
        unwrap(Enveloped(b"--b1\r\n" + body, content_type))
