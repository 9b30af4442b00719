"""Whom and which request a 278 or 271 names: by traces (TRN), the transaction's own reference (BHT03), and its people.

The reference may be ours, repeated, or a number of the payer's: it never says that an answer is another's.
Only what it names: `domain.answer_match` decides what that proves.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from firstdose.adapters.payers.x12.answer_278 import ReviewEvent, events_of, naming_us
from firstdose.adapters.payers.x12.answer_line import PAYERS_OWN
from firstdose.adapters.payers.x12.envelope import Transaction
from firstdose.adapters.payers.x12.hierarchy import DEPENDENT, SUBSCRIBER, Level, levels
from firstdose.adapters.payers.x12.patient import person_of
from firstdose.adapters.payers.x12.segments import Segment
from firstdose.domain.authorization.answer_match import Named
from firstdose.domain.referral.identity import Person
from firstdose.payer_ports import PayerCase

_OUR_TRACE: Final = "2"


def review_named_by(transaction: Transaction, case: PayerCase) -> Named:
    """What a 278 names: in the events with our number, in all if none has it, by its people if there is no event.

    Raises Unreadable.
    """
    found = levels(transaction.segments)
    events = events_of(found)
    events = naming_us(events, case) or events
    traced = [trn for event in events for trn in _traces(event)]
    return Named(
        requests=frozenset(_numbers(traced, own=False)),
        numbers=frozenset([*_numbers(traced, own=True), *_reference(transaction)]),
        patients=_people([event.level for event in events] or _persons(found)[-1:]),
    )


def benefits_named_by(transaction: Transaction) -> Named:
    """What a 271 names. Raises Unreadable."""
    people = _persons(levels(transaction.segments))
    traced = [(trn.value(1), trn.value(2)) for level in people for trn in level.all("TRN")]
    return Named(
        requests=frozenset(number for origin, number in traced if origin == _OUR_TRACE and number),
        numbers=frozenset([*(number for _, number in traced), *_reference(transaction)]),
        patients=_people(people[-1:]),
    )


def _traces(event: ReviewEvent) -> list[tuple[str, str]]:
    """The origin of a trace number (TRN01) and the number, a service's without the line's sequence."""
    of_event = [(trn.value(1), trn.value(2)) for trn in event.level.all("TRN")]
    of_lines = [trn for service in event.services for trn in service.level.all("TRN")]
    return of_event + [(trn.value(1), _without_sequence(trn)) for trn in of_lines]


def _without_sequence(trn: Segment) -> str:
    return trn.value(2).rpartition("-")[0]


def _numbers(traced: Iterable[tuple[str, str]], *, own: bool) -> list[str]:
    return [number for origin, number in traced if number and (origin == PAYERS_OWN) is own]


def _reference(transaction: Transaction) -> list[str]:
    return [bht.value(3) for bht in transaction.segments if bht.tag == "BHT" and bht.value(3)]


def _persons(found: Sequence[Level]) -> list[Level]:
    return [level for level in found if level.code in (SUBSCRIBER, DEPENDENT)]


def _people(about: Iterable[Level]) -> tuple[tuple[Person, ...], ...]:
    return tuple((person,) for level in about if (person := person_of(level)))
