"""Names (XPN), addresses (XAD) and phones (XTN) of HL7 v2 as candidates: which are in force, and how well they fit."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date

from desk.intake.hl7v2_message import Hl7Segment
from desk.intake.hl7v2_time import date_of
from firstdose.domain.referral.choice import Candidate

_NAME_FIT = {"L": 0, "": 1, "R": 1, "U": 2, "C": 2, "I": 2, "D": 3, "P": 4, "B": 5}
_UNUSED_NAMES = frozenset({"A", "BAD", "F", "K", "M", "MSK", "N", "NAV", "NOUSE", "S", "TEMP"})
"""Alias, bad, father's, business, maiden, masked, nickname, unavailable, no longer to be used, pseudonym."""
_ADDRESS_FIT = {"H": 0, "": 1, "C": 2, "P": 2, "L": 3, "RH": 3, "V": 4, "BI": 5, "SH": 5, "M": 6, "PST": 6}
_UNUSED_ADDRESSES = frozenset({"B", "BA", "BDL", "BR", "F", "N", "O", "S", "TM"})
"""Firm, bad, of birth, of origin, office, service location, tube."""
_PHONE_FIT = {"PRS": 0, "PRN": 1, "": 2, "ORN": 3, "WPN": 4, "VHN": 5}
_UNUSED_PHONES = frozenset({"ASN", "BPN", "EMR", "NET"})
"""Answering service, beeper, emergency contact's, e-mail."""
_VOICE = frozenset({"", "PH", "CP", "SAT"})
_FAX = frozenset({"FX"})
_LAST = 9


@dataclass(frozen=True, slots=True)
class HumanName:
    family: str = field(default="", repr=False)
    given: str = field(default="", repr=False)

    def __str__(self) -> str:
        """As a person would write it: given name first."""
        return " ".join(part for part in (self.given, self.family) if part)


@dataclass(frozen=True, slots=True)
class PostalAddress:
    line: tuple[str, ...] = field(default=(), repr=False)
    city: str = field(default="", repr=False)
    state: str = field(default="", repr=False)
    postal_code: str = field(default="", repr=False)

    def __str__(self) -> str:
        return ", ".join(part for part in (*self.line, self.city, f"{self.state} {self.postal_code}".strip()) if part)


def names(segment: Hl7Segment, number: int) -> Iterator[Candidate[HumanName]]:
    """XPN: family^given^middle^^^^type^^^range^^from^to."""
    for repetition in segment.repetitions(number):
        given = (segment.get(number, component, repetition) for component in (2, 3))
        name = HumanName(segment.get(number, 1, repetition, 1), " ".join(part for part in given if part))
        if str(name):
            kind = segment.get(number, 7, repetition).upper()
            begins, ends = _period(segment, number, repetition, (10, 12, 13))
            fit = _NAME_FIT.get(kind, _LAST)
            yield Candidate(name, affirmed=kind not in _UNUSED_NAMES, begins=begins, ends=ends, fit=fit)


def addresses(segment: Hl7Segment, number: int) -> Iterator[Candidate[PostalAddress]]:
    """XAD: street^other^city^state^zip^country^type^^^^^range^from^to. A state or ZIP alone is no address."""
    for repetition in segment.repetitions(number):
        lines = (segment.get(number, 1, repetition, 1), segment.get(number, 2, repetition))
        city, state, postal_code = (segment.get(number, component, repetition) for component in (3, 4, 5))
        address = PostalAddress(tuple(line for line in lines if line), city, state, postal_code)
        if str(address):
            kind = segment.get(number, 7, repetition).upper()
            begins, ends = _period(segment, number, repetition, (12, 13, 14))
            fit = _ADDRESS_FIT.get(kind, _LAST) + (0 if address.line else _LAST)
            yield Candidate(address, affirmed=kind not in _UNUSED_ADDRESSES, begins=begins, ends=ends, fit=fit)


def phones(segment: Hl7Segment, fields: Iterable[int], *, fax: bool = False) -> Iterator[Candidate[str]]:
    """XTN. The order that a person prefers (XTN-18) comes first, then mobile before home before work."""
    for later, number in enumerate(fields):
        for repetition in segment.repetitions(number):
            use = segment.get(number, 2, repetition).upper()
            equipment = segment.get(number, 3, repetition).upper()
            told = phone_number(segment, number, repetition)
            if told and "@" not in told and equipment in (_FAX if fax else _VOICE):
                yield _phone(segment, number, repetition, told, _phone_fit(use, equipment, later))


def _phone(segment: Hl7Segment, number: int, repetition: int, told: str, fit: int) -> Candidate[str]:
    begins, ends = _period(segment, number, repetition, (0, 13, 14))
    unused = segment.get(number, 2, repetition).upper() in _UNUSED_PHONES or segment.get(number, 15, repetition)
    preferred = segment.get(number, 18, repetition)
    rank = int(preferred) if preferred.isdecimal() and len(preferred) < 3 else 99
    return Candidate(told, affirmed=not unused, begins=begins, ends=ends, fit=rank * 100 + fit)


def _phone_fit(use: str, equipment: str, later: int) -> int:
    mobile = equipment == "CP" and use in ("", "PRN", "ORN", "PRS")
    return later * 10 + (0 if mobile else _PHONE_FIT.get(use, _LAST))


def phone_number(segment: Hl7Segment, number: int, repetition: int) -> str:
    """As text, or put together from its parts; with its extension."""
    extension = segment.get(number, 8, repetition)
    told = segment.get(number, 1, repetition) or segment.get(number, 12, repetition)
    if not told:
        country, area, local = (segment.get(number, component, repetition) for component in (5, 6, 7))
        told = "-".join(part for part in (area, re.sub(r"^([0-9]{3})([0-9]{4})$", r"\1-\2", local)) if part)
        told = f"+{country.lstrip('+')} {told}" if told and country.lstrip("+") not in ("", "1") else told
    return f"{told} ext. {extension}" if told and extension and extension not in told[-8:] else told


def emails(segment: Hl7Segment, fields: Iterable[int]) -> Iterator[Candidate[str]]:
    for later, number in enumerate(fields):
        for repetition in segment.repetitions(number):
            told = segment.get(number, 4, repetition) or segment.get(number, 1, repetition)
            if "@" in told:
                begins, ends = _period(segment, number, repetition, (0, 13, 14))
                valid = not segment.get(number, 15, repetition)
                yield Candidate(told, affirmed=valid, begins=begins, ends=ends, fit=later)


def _period(
    segment: Hl7Segment, number: int, repetition: int, components: tuple[int, int, int]
) -> tuple[date | None, date | None]:
    """From a range with two parts, or from two dates."""
    span, first, last = components
    begins = segment.get(number, first, repetition) or (span and segment.get(number, span, repetition, 1)) or ""
    ends = segment.get(number, last, repetition) or (span and segment.get(number, span, repetition, 2)) or ""
    return date_of(begins), date_of(ends)
