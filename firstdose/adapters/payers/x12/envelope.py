"""The envelopes around a transaction: interchange (ISA), functional group (GS) and transaction set (ST), 5010.

Counts and control numbers of every envelope must agree, or the interchange is Unreadable: that is how one that was cut
short or put together wrongly is known.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple, Protocol

from firstdose.adapters.payers.x12.segments import Segment, UnreadableX12, segment, write
from firstdose.adapters.payers.x12.segments import read as read_segments

_SET_CONTROL: Final = "0001"
_MUTUALLY_DEFINED: Final = "ZZ"


class ControlNumbers(Protocol):
    """Numbers of interchanges, 1 to 999,999,999: none comes twice, whatever crashes in between."""

    async def next(self) -> int:
        """Raises Unavailable."""


class TransactionType(NamedTuple):
    """Which transaction set it is (ST01), by which implementation guide (ST03), in which kind of group (GS01)."""

    code: str
    guide: str
    group: str


ELIGIBILITY: Final = TransactionType("270", "005010X279A1", "HS")
REVIEW: Final = TransactionType("278", "005010X217", "HI")
REVIEW_INQUIRY: Final = TransactionType("278", "005010X215", "HI")


class InterchangeAddress(NamedTuple):
    """Who sends to whom (ISA06, ISA08, GS02, GS03; at most 15 characters), and whether it is only a test (ISA15)."""

    sender: str
    receiver: str
    test: bool = False


class Transaction(NamedTuple):
    """The segments between ST and SE."""

    code: str
    segments: tuple[Segment, ...]


class Interchange(NamedTuple):
    """What came: its control number (ISA13), interchange acknowledgements (TA1), transactions."""

    control: str
    acknowledgements: tuple[Segment, ...]
    transactions: tuple[Transaction, ...]


def write_interchange(
    kind: TransactionType, body: Sequence[Segment], address: InterchangeAddress, control: int, at: datetime
) -> bytes:
    """One transaction in its envelopes. Raises Unwritable."""
    moment = at.astimezone(UTC)
    header = (
        *("00", "", "00", ""),
        *(_MUTUALLY_DEFINED, address.sender, _MUTUALLY_DEFINED, address.receiver),
        *(f"{moment:%y%m%d}", f"{moment:%H%M}", "00501", f"{control:09d}", "0", "T" if address.test else "P"),
    )
    opening = segment(
        "GS",
        kind.group,
        address.sender,
        address.receiver,
        f"{moment:%Y%m%d}",
        f"{moment:%H%M}",
        str(control),
        "X",
        kind.guide,
    )
    enveloped = [
        opening,
        segment("ST", kind.code, _SET_CONTROL, kind.guide),
        *body,
        segment("SE", str(len(body) + 2), _SET_CONTROL),
        segment("GE", "1", str(control)),
        segment("IEA", "1", f"{control:09d}"),
    ]
    return write(header, enveloped)


def read_interchange(raw: bytes) -> Interchange:
    """Raises Unreadable."""
    segments = read_segments(raw)
    isa, inside, iea = segments[0], segments[1:-1], segments[-1]
    if iea.tag != "IEA" or iea.value(2) != isa.value(13):
        raise UnreadableX12("no IEA that closes the ISA")
    acknowledgements = tuple(one for one in inside if one.tag == "TA1")
    groups = list(_enclosed([one for one in inside if one.tag != "TA1"], "GS", "GE"))
    _agree(iea.value(1), len(groups))
    return Interchange(
        control=isa.value(13),
        acknowledgements=acknowledgements,
        transactions=tuple(one for group in groups for one in _transactions(*group)),
    )


def _transactions(gs: Segment, inside: list[Segment], ge: Segment) -> Iterator[Transaction]:
    sets = list(_enclosed(inside, "ST", "SE"))
    if ge.value(2) != gs.value(6):
        raise UnreadableX12("GE closes another GS")
    _agree(ge.value(1), len(sets))
    for st, body, se in sets:
        if se.value(2) != st.value(2):
            raise UnreadableX12("SE closes another ST")
        _agree(se.value(1), len(body) + 2)
        yield Transaction(st.value(1), tuple(body))


def _enclosed(
    segments: Sequence[Segment], opening: str, closing: str
) -> Iterator[tuple[Segment, list[Segment], Segment]]:
    """The runs from an opening segment to its closing one; nothing may lie between them."""
    opened: Segment | None = None
    body: list[Segment] = []
    for one in segments:
        if (one.tag == opening) is (opened is not None):
            raise UnreadableX12("the envelopes do not nest")
        if opened is None:
            opened, body = one, []
        elif one.tag == closing:
            yield opened, body, one
            opened = None
        else:
            body.append(one)
    if opened is not None:
        raise UnreadableX12("an envelope is not closed")


def _agree(announced: str, counted: int) -> None:
    if not announced.isdecimal() or len(announced) > 9 or int(announced) != counted:
        raise UnreadableX12("a count is wrong")
