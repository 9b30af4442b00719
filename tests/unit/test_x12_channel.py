"""The X12 channel where a clearinghouse acknowledges, rejects or garbles: what the desk hears of it."""

from collections.abc import Callable

import pytest

from firstdose.adapters.payers.x12.channel import X12Channel
from firstdose.adapters.payers.x12.envelope import (
    ELIGIBILITY,
    REVIEW,
    REVIEW_INQUIRY,
    InterchangeAddress,
    TransactionType,
)
from firstdose.domain.authorization.lines import LineState
from firstdose.payer_ports import PayerCase, PayerEndpoint, UnclearAnswer
from firstdose.ports import Impossible, Unavailable
from tests.contract.cases import US, case, endpoint
from tests.contract.memory import MemoryControlNumbers
from tests.unit.x12_wire import acknowledgement_only, interchange

PEOPLE = ("HL*1**20*1", "HL*2*1*21*1", "HL*3*2*22*1", "HL*4*3*EV*1")
ACCEPTED = acknowledgement_only("TA1*000000001*261121*1200*A*000")
REJECTED = acknowledgement_only("TA1*000000001*261121*1200*R*022")


class Clearinghouse:
    """Implements transport.Transport: answers each interchange with what it was given, and keeps what it got."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.got: list[tuple[TransactionType, InterchangeAddress, bytes]] = []

    async def exchange(
        self, endpoint: PayerEndpoint, kind: TransactionType, address: InterchangeAddress, interchange: bytes
    ) -> bytes:
        self.got.append((kind, address, interchange))
        return self.answer


def channel(answer: bytes) -> tuple[X12Channel, Clearinghouse]:
    there = Clearinghouse(answer)
    return X12Channel(there, US, MemoryControlNumbers()), there


def review(asked: PayerCase, *said: str) -> bytes:
    trace = f"TRN*2*{asked.trace}*9123456789"
    return interchange("278", [f"BHT*0007*11*{asked.trace}", *PEOPLE, trace, *said])


async def test_each_interchange_has_a_number_of_its_own() -> None:
    asked = case(endpoint(x12_sender="PHARMACY", x12_receiver="CLEARING", x12_test=True))
    x12, there = channel(ACCEPTED)
    await x12.submit(asked)
    there.answer = acknowledgement_only("TA1*000000002*261121*1200*A*000")
    await x12.submit(asked)
    assert [raw[90:99] for _, _, raw in there.got] == [b"000000001", b"000000002"]
    assert there.got[0][:2] == (REVIEW, InterchangeAddress("PHARMACY", "CLEARING", test=True))
    assert there.got[0][2][102:103] == b"T"


async def test_we_are_known_by_our_npi_unless_told_otherwise() -> None:
    x12, there = channel(ACCEPTED)
    await x12.submit(case())
    assert there.got[0][1] == InterchangeAddress("1234567893", "NORTHSTAR")


async def test_an_accepted_request_without_an_answer_waits() -> None:
    received = await channel(ACCEPTED)[0].submit(case())
    assert {line.state for line in received.answer.lines} == {LineState.PENDED}
    assert (len(received.answer.lines), received.raw) == (3, ACCEPTED)


@pytest.mark.parametrize("ask", [X12Channel.verify_benefits, X12Channel.inquire])
async def test_a_question_that_is_only_accepted_is_asked_again(
    ask: Callable[[X12Channel, PayerCase], object],
) -> None:
    with pytest.raises(Unavailable) as later:
        await ask(channel(ACCEPTED)[0], case())  # type: ignore[misc]
    assert later.value.problem == "payer_answers_later"


@pytest.mark.parametrize("ask", [X12Channel.verify_benefits, X12Channel.submit, X12Channel.inquire, X12Channel.void])
async def test_a_rejected_interchange_is_final(ask: Callable[[X12Channel, PayerCase], object]) -> None:
    for rejected in (REJECTED, interchange("999", ["AK1*HI*1", "IK5*R*5", "AK9*R*1*1*0"])):
        with pytest.raises(Impossible) as refused:
            await ask(channel(rejected)[0], case())  # type: ignore[misc]
        assert refused.value.problem == "payer_refused_request"


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>We are upgrading our system.</html>",
        b"",
        acknowledgement_only("TA1*000000009*261121*1200*A*000"),
        acknowledgement_only(),
        interchange("277", ["BHT*0085"]),
        interchange("271", ["BHT*0022"]),
        interchange("278", ["BHT*0007*11*other"]),
    ],
)
async def test_a_submission_whose_answer_cannot_be_read_stays_in_doubt(answer: bytes) -> None:
    with pytest.raises(Unavailable) as doubt:
        await channel(answer)[0].submit(case())
    assert doubt.value.problem == "unreadable_answer"


async def test_each_question_goes_out_as_its_own_transaction() -> None:
    asked = case()
    x12, there = channel(review(asked, "AAA*Y**AA*C"))
    assert await x12.inquire(asked) is None
    with pytest.raises(Unavailable):
        await x12.verify_benefits(asked)
    assert [kind for kind, _, _ in there.got] == [REVIEW_INQUIRY, ELIGIBILITY]


async def test_what_x12_cannot_carry_is_never_sent() -> None:
    x12, there = channel(ACCEPTED)
    with pytest.raises(Impossible) as impossible:
        await x12.submit(case(member_id="A~B*C"))
    assert (impossible.value.problem, there.got) == ("member_id_cannot_be_sent", [])


@pytest.mark.parametrize("said", [("HCR*C",), ("AAA*Y**AA*C",)])
async def test_a_cancellation_that_the_payer_takes(said: tuple[str, ...]) -> None:
    asked = case(previous_trace="a" * 32)
    x12, there = channel(review(asked, *said))
    await x12.void(asked)
    assert there.got[0][2].count(b"UM*HS*3*") == there.got[0][2].count(b"UM*") == 1
    assert b"MSG*REPLACES REQUEST " + b"A" * 32 in there.got[0][2]


@pytest.mark.parametrize("said", [("HCR*A3**0C",), ("AAA*N**33*C",), ("HCR*ZZ",)])
async def test_a_cancellation_that_the_payer_refuses_is_a_persons(said: tuple[str, ...]) -> None:
    asked = case(previous_trace="a" * 32)
    with pytest.raises(Impossible):
        await channel(review(asked, *said))[0].void(asked)


@pytest.mark.parametrize("said", [("HCR*A4", "MSG*WE WILL SEE"), None])
async def test_a_cancellation_that_waits_is_not_confirmed(said: tuple[str, ...] | None) -> None:
    asked = case(previous_trace="a" * 32)
    with pytest.raises(UnclearAnswer) as waiting:
        await channel(review(asked, *said) if said else ACCEPTED)[0].void(asked)
    assert waiting.value.problem == "cancellation_not_confirmed"
    assert waiting.value.received
    assert [one.text for one in waiting.value.remarks if one.kind == "message"] == (["WE WILL SEE"] if said else [])
