"""TA1 and 999: the receiver's verdict on our interchange, before the request in it is read.

A rejection is final for what we sent; an acceptance means that they have it, and the answer comes later.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from firstdose.adapters.payers.x12.envelope import Interchange, Transaction
from firstdose.adapters.payers.x12.segments import Segment, UnreadableX12


class Verdict(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"


_ACCEPTED: Final = frozenset("AE")  # E: with errors that they noted and passed over
_REJECTED: Final = frozenset("RMWX")
_IMPLEMENTATION_ACKNOWLEDGEMENT: Final = "999"


def acknowledged(interchange: Interchange, control: int) -> Verdict | None:
    """The verdict on our interchange with the number `control`; None if there is only an answer.

    Raises UnreadableX12: it is about another interchange, or has unknown codes.
    """
    verdicts = [_verdict(ta1, 1, 4, control) for ta1 in interchange.acknowledgements]
    for transaction in interchange.transactions:
        if transaction.code == _IMPLEMENTATION_ACKNOWLEDGEMENT:
            verdicts.extend(_verdicts(transaction, control))
    if not verdicts:
        return None
    return Verdict.REJECTED if Verdict.REJECTED in verdicts else Verdict.ACCEPTED


def _verdicts(transaction: Transaction, control: int) -> Iterator[Verdict]:
    """AK1 names our group, IK5 judges our only transaction, AK9 the group with it."""
    named = [one for one in transaction.segments if one.tag == "AK1"]
    judged = [one for one in transaction.segments if one.tag in ("IK5", "AK9")]
    if len(named) != 1 or not judged:
        raise UnreadableX12("an acknowledgement of nothing")
    _ours(named[0], 2, control)
    for one in judged:
        yield _meaning(one.value(1))


def _verdict(one: Segment, number_at: int, code_at: int, control: int) -> Verdict:
    _ours(one, number_at, control)
    return _meaning(one.value(code_at))


def _ours(one: Segment, number_at: int, control: int) -> None:
    number = one.value(number_at)
    if not number.isdecimal() or len(number) > 9 or int(number) != control:
        raise UnreadableX12("an acknowledgement of something else")


def _meaning(code: str) -> Verdict:
    if code in _ACCEPTED:
        return Verdict.ACCEPTED
    if code in _REJECTED:
        return Verdict.REJECTED
    raise UnreadableX12("an unknown acknowledgement code")
