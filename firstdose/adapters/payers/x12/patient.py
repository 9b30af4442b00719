"""Whether an answer speaks of our patient: nothing may be decided for anybody by another's answer."""

from collections.abc import Iterator
from itertools import takewhile
from typing import Final

from firstdose.adapters.payers.x12.hierarchy import DEPENDENT, SUBSCRIBER, Level
from firstdose.adapters.payers.x12.parties import coverage_of
from firstdose.adapters.payers.x12.segments import Segment, basic
from firstdose.adapters.payers.x12.values import day
from firstdose.payer_ports import PayerCase

_MEMBER_ID: Final = "MI"
_MEMBERS: Final = ("IL", "QC", "03")
_BENEFITS: Final = ("EB", "LS")


def speaks_of_another(level: Level, case: PayerCase) -> bool:
    """Whether what `level` and those above it say of the patient contradicts what we know.

    A birth date, where told, is ours; a member id too, or else family name and birth date are told and both ours, for
    payers return ids with suffixes of their own. What an answer leaves out contradicts nothing.
    """
    people = [one for one in level.lineage if one.code in (DEPENDENT, SUBSCRIBER)]
    if not people:
        return False
    ours = case.referral.patient
    born = {day(dmg.value(2)) for dmg in _personal(people[0], "DMG") if dmg.value(2)}
    if ours.birth_date is not None and born - {ours.birth_date}:
        return True
    members = {_plain(number) for one in people for number in _member_ids(one)}
    ours_too = _plain(coverage_of(case).member_id or "")
    if not ours_too or not members or members == {ours_too}:
        return False
    named = {name.value(3).upper() for name in _names(people[0]) if name.value(3)}
    return not (born and named == {basic(ours.family_name, 60)})


def _member_ids(level: Level) -> Iterator[str]:
    return (name.value(9) for name in _names(level) if name.value(8) == _MEMBER_ID and name.value(9))


def _names(level: Level) -> Iterator[Segment]:
    return (name for name in _personal(level, "NM1") if name.value(1) in _MEMBERS)


def _personal(level: Level, tag: str) -> Iterator[Segment]:
    """What stands before the benefits, for these name others: another plan's member, a doctor."""
    return (one for one in takewhile(lambda one: one.tag not in _BENEFITS, level.segments) if one.tag == tag)


def _plain(number: str) -> str:
    return "".join(character for character in number.upper() if character.isalnum())
