"""Whether an answer speaks of our patient: nothing may be decided for anybody by another's answer."""

from collections.abc import Iterator
from typing import Final

from firstdose.adapters.payers.x12.hierarchy import DEPENDENT, SUBSCRIBER, Level
from firstdose.adapters.payers.x12.parties import coverage_of
from firstdose.adapters.payers.x12.segments import basic
from firstdose.adapters.payers.x12.values import day
from firstdose.ports import PayerCase

_MEMBER_ID: Final = "MI"


def speaks_of_another(level: Level, case: PayerCase) -> bool:
    """Whether what `level` and those above it say of the patient contradicts what we know.

    A birth date, where told, is ours; a member id too, or else family name and birth date are told and both ours, for
    payers return ids with suffixes of their own. What an answer leaves out contradicts nothing.
    """
    people = [one for one in level.lineage if one.code in (DEPENDENT, SUBSCRIBER)]
    if not people:
        return False
    ours = case.referral.patient
    born = {day(dmg.value(2)) for dmg in people[0].all("DMG") if dmg.value(2)}
    if ours.birth_date is not None and born - {ours.birth_date}:
        return True
    members = {_plain(number) for one in people for number in _member_ids(one)}
    ours_too = _plain(coverage_of(case).member_id or "")
    if not ours_too or not members or members == {ours_too}:
        return False
    named = {name.value(3).upper() for name in people[0].all("NM1") if name.value(3)}
    return not (born and named == {basic(ours.family_name, 60)})


def _member_ids(level: Level) -> Iterator[str]:
    return (name.value(9) for name in level.all("NM1") if name.value(8) == _MEMBER_ID and name.value(9))


def _plain(number: str) -> str:
    return "".join(character for character in number.upper() if character.isalnum())
