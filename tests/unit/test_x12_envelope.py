"""Envelopes whose counts and numbers agree, and what TA1 and 999 say of ours."""

from datetime import UTC, datetime

import pytest

from firstdose.adapters.payers.x12.acknowledgement import Verdict, acknowledged
from firstdose.adapters.payers.x12.envelope import REVIEW, InterchangeAddress, read_interchange, write_interchange
from firstdose.adapters.payers.x12.segments import UnreadableX12, Unwritable, segment
from tests.unit.x12_wire import acknowledgement_only, interchange

AT = datetime(2026, 11, 21, 23, 59, tzinfo=UTC)


def test_what_is_enveloped_is_found_again() -> None:
    body = [segment("BHT", "0007", "13", "T1")]
    raw = write_interchange(REVIEW, body, InterchangeAddress("1234567893", "CLEARINGHOUSE", test=True), 42, AT)
    found = read_interchange(raw)
    assert (found.control, found.acknowledgements) == ("000000042", ())
    assert [(one.code, list(one.segments)) for one in found.transactions] == [("278", body)]
    assert raw.startswith(b"ISA*00*          *00*          *ZZ*1234567893     *ZZ*CLEARINGHOUSE  *261121*2359*^*00501")
    assert b"~GS*HI*1234567893*CLEARINGHOUSE*20261121*2359*42*X*005010X217~ST*278*0001*005010X217~" in raw
    assert raw.endswith(b"~SE*3*0001~GE*1*42~IEA*1*000000042~")


def test_an_address_that_does_not_fit_is_refused() -> None:
    with pytest.raises(Unwritable):
        write_interchange(REVIEW, [], InterchangeAddress("1234567893", "A CLEARINGHOUSE OF SOME SIZE"), 1, AT)


GOOD = interchange("278", ["BHT*0007*11*T1", "HL*1**20*1"])


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"IEA*1*000000905", b"IEA*1*000000906"),
        (b"IEA*1*", b"IEA*2*"),
        (b"GE*1*905", b"GE*1*906"),
        (b"GE*1*", b"GE*x*"),
        (b"SE*4*0001", b"SE*4*0002"),
        (b"SE*4*", b"SE*5*"),
        (b"SE*4*0001~\n", b""),
        (b"GS*HI", b"XX*HI"),
        (b"IEA*1*000000905~\n", b""),
        (b"HL*1**20*1~\n", b""),
        (b"HL*1**20*1~\n", b"ST*278*0002~\n"),
        (b"GE*1*905~\n", b"GE*1*905~\nHL*2**20~\n"),
    ],
)
def test_an_interchange_that_was_put_together_wrongly_is_unreadable(was: bytes, becomes: bytes) -> None:
    assert read_interchange(GOOD).transactions
    assert GOOD.count(was) == 1
    with pytest.raises(UnreadableX12):
        read_interchange(GOOD.replace(was, becomes))


def test_a_group_that_nobody_closed_is_unreadable() -> None:
    opened = GOOD[: GOOD.index(b"ST*")] + b"IEA*0*000000905~"
    with pytest.raises(UnreadableX12):
        read_interchange(opened)


def test_no_shorter_part_of_an_interchange_can_be_read() -> None:
    for length in range(len(GOOD.rstrip())):
        with pytest.raises(UnreadableX12):
            read_interchange(GOOD[:length])


@pytest.mark.parametrize(
    ("raw", "verdict"),
    [
        (GOOD, None),
        (acknowledgement_only("TA1*000000007*261121*1200*A*000"), Verdict.ACCEPTED),
        (acknowledgement_only("TA1*000000007*261121*1200*E*001"), Verdict.ACCEPTED),
        (acknowledgement_only("TA1*000000007*261121*1200*R*022"), Verdict.REJECTED),
        (interchange("999", ["AK1*HI*7", "AK2*278*0001", "IK5*A", "AK9*A*1*1*1"]), Verdict.ACCEPTED),
        (interchange("999", ["AK1*HI*7", "AK2*278*0001", "IK5*E*5", "AK9*E*1*1*1"]), Verdict.ACCEPTED),
        (interchange("999", ["AK1*HI*7", "AK2*278*0001", "IK3*HL*4**8", "IK5*R*5", "AK9*R*1*1*0"]), Verdict.REJECTED),
        (interchange("999", ["AK1*HI*7", "AK9*R*1*1*0*1"]), Verdict.REJECTED),
        (interchange("999", ["AK1*HI*7", "IK5*R", "AK9*A*1*1*1"]), Verdict.REJECTED),
        (interchange("278", ["BHT*0007"], acknowledged=["TA1*000000007*261121*1200*A*000"]), Verdict.ACCEPTED),
    ],
)
def test_what_is_said_of_our_interchange(raw: bytes, verdict: Verdict | None) -> None:
    assert acknowledged(read_interchange(raw), 7) is verdict


@pytest.mark.parametrize(
    "raw",
    [
        acknowledgement_only("TA1*000000008*261121*1200*A*000"),
        acknowledgement_only("TA1*000000007*261121*1200*Q*000"),
        acknowledgement_only("TA1*000000007*261121*1200"),
        interchange("999", ["AK1*HI*8", "IK5*A", "AK9*A*1*1*1"]),
        interchange("999", ["AK1*HI*7"]),
        interchange("999", ["AK9*A*1*1*1"]),
        interchange("999", ["AK1*HI*7", "IK5*Q", "AK9*A*1*1*1"]),
    ],
)
def test_an_acknowledgement_of_something_else_says_nothing(raw: bytes) -> None:
    with pytest.raises(UnreadableX12):
        acknowledged(read_interchange(raw), 7)
