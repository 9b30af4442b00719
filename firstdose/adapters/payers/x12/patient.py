"""The person in an X12 answer, as its levels describe one; `domain.identity` decides whether it is our patient."""

from collections.abc import Iterator
from itertools import takewhile
from typing import Final

from firstdose.adapters.payers.x12.hierarchy import DEPENDENT, SUBSCRIBER, Level
from firstdose.adapters.payers.x12.segments import Segment
from firstdose.adapters.payers.x12.values import day
from firstdose.domain.referral.identity import Person
from firstdose.domain.referral.person_name import PersonName

_MEMBER_ID: Final = "MI"
_MEMBERS: Final = ("IL", "QC", "03")
_BENEFITS: Final = ("EB", "LS")
_NO_DAY: Final = "unreadable"
"""A birth date that cannot be read is nobody's that we know."""


def person_of(level: Level) -> Person | None:
    """Whom `level` is about: the dependent above it, or the subscriber if there is none. None if neither is there.

    A dependent's member number is the subscriber's.
    """
    people = [one for one in level.lineage if one.code in (DEPENDENT, SUBSCRIBER)]
    if not people:
        return None
    born = (dmg.value(2) for dmg in _personal(people[0], "DMG") if dmg.value(2))
    return Person(
        member_ids=frozenset(number for one in people for number in _member_ids(one)),
        births=frozenset(found.isoformat() if (found := day(text)) else _NO_DAY for text in born),
        names=tuple(PersonName(name.value(3), name.value(4)) for name in _names(people[0])),
    )


def _member_ids(level: Level) -> Iterator[str]:
    return (name.value(9) for name in _names(level) if name.value(8) == _MEMBER_ID)


def _names(level: Level) -> Iterator[Segment]:
    return (name for name in _personal(level, "NM1") if name.value(1) in _MEMBERS)


def _personal(level: Level, tag: str) -> Iterator[Segment]:
    """What stands before the benefits, for these name others: another plan's member, a doctor."""
    return (one for one in takewhile(lambda one: one.tag not in _BENEFITS, level.segments) if one.tag == tag)
