"""Whether a person that a payer describes is our patient: by number, birth date and name, each as far as told."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Self

from firstdose.domain.referral.person_name import PersonName, family_fits, given_fits, names_nobody, spellable, upright
from firstdose.domain.referral.referral import Referral, Relationship


class IdentityMatch(StrEnum):
    SAME = "same"
    OTHER = "other"
    UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class Person:
    """A person as a payer describes one; everything is as it came."""

    member_ids: frozenset[str] = field(default=frozenset(), repr=False)
    other_ids: frozenset[str] = field(default=frozenset(), repr=False)
    """Numbers of which it is not said that they are a member's."""
    births: frozenset[str] = field(default=frozenset(), repr=False)
    """ISO dates, of which a year or a month may be all that is told."""
    names: tuple[PersonName, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Our patient."""

    member_ids: frozenset[str] = field(repr=False)
    birth: date | None = field(repr=False)
    name: PersonName = field(repr=False)
    dependent: bool
    """In another's plan, whose number a whole family may have."""

    @classmethod
    def of(cls, referral: Referral) -> Self:
        patient = referral.patient
        return cls(
            member_ids=frozenset(one.member_id for one in referral.coverages if one.member_id),
            birth=patient.birth_date,
            name=PersonName(patient.family_name or "", patient.given_name or ""),
            dependent=any(one.relationship is not Relationship.SELF for one in referral.coverages),
        )


def compare_person(told: Person, known: KnownPerson) -> IdentityMatch:
    """Another's birth date is another person's, whatever else agrees; otherwise two of three must be ours.

    A number of ours is enough by itself where the name does not contradict it. Another's number is ours only with our
    birth date and name, for payers print suffixes of their own. Without a number no part of the name may be another's,
    except the family name of somebody with our birth date and given name, who may have married.
    """
    birth = _birth(told.births, known.birth)
    if birth is IdentityMatch.OTHER:
        return IdentityMatch.OTHER
    names = [upright(name, known.name) for name in told.names]
    family = _family((name.family for name in names), known.name.family)
    given = _given((name.given for name in names), known.name.given)
    match _number(told, known):
        case IdentityMatch.SAME:
            stranger = given is IdentityMatch.OTHER and (known.dependent or family is IdentityMatch.OTHER)
            return IdentityMatch.OTHER if stranger and birth is IdentityMatch.UNTOLD else IdentityMatch.SAME
        case IdentityMatch.OTHER:
            ours = birth is family is IdentityMatch.SAME and given is not IdentityMatch.OTHER
            return IdentityMatch.SAME if ours else IdentityMatch.OTHER
        case IdentityMatch.UNTOLD:
            return _without_number(birth, family, given)


def _without_number(birth: IdentityMatch, family: IdentityMatch, given: IdentityMatch) -> IdentityMatch:
    married = birth is given is IdentityMatch.SAME
    if given is IdentityMatch.OTHER or (family is IdentityMatch.OTHER and not married):
        return IdentityMatch.OTHER
    return IdentityMatch.SAME if IdentityMatch.SAME in (family, given) else IdentityMatch.UNTOLD


def _number(told: Person, known: KnownPerson) -> IdentityMatch:
    ours = plain_numbers(known.member_ids)
    if ours & plain_numbers(told.member_ids | told.other_ids):
        return IdentityMatch.SAME
    return IdentityMatch.OTHER if ours and plain_numbers(told.member_ids) else IdentityMatch.UNTOLD


def plain_numbers(texts: Iterable[str]) -> set[str]:
    """As they are compared: without case, what is printed between the characters, and zeros in front."""
    plain = ("".join(filter(str.isalnum, unicodedata.normalize("NFKC", text))).casefold() for text in texts)
    return {one.lstrip("0") or "0" for one in plain if one}


def _birth(told: Iterable[str], known: date | None) -> IdentityMatch:
    if known is None:
        return IdentityMatch.UNTOLD
    ours = known.isoformat()
    if any(not _may_be(one, ours) for one in told):
        return IdentityMatch.OTHER
    return IdentityMatch.SAME if ours in told else IdentityMatch.UNTOLD


def _may_be(told: str, ours: str) -> bool:
    return told == ours or (len(told) in (4, 7) and ours.startswith(told))


def _family(told: Iterable[str], known: str) -> IdentityMatch:
    return _part(told, known, family_fits)


def _given(told: Iterable[str], known: str) -> IdentityMatch:
    return _part((one for one in told if not names_nobody(one)), known, given_fits)


def _part(told: Iterable[str], known: str, fits: Callable[[str, str], bool]) -> IdentityMatch:
    """Of several names that a person has one is enough."""
    parts = [one for one in told if spellable(one)]
    if not parts or not spellable(known):
        return IdentityMatch.UNTOLD
    return IdentityMatch.SAME if any(fits(one, known) for one in parts) else IdentityMatch.OTHER
