"""Whom a caller may be: from what staff type of a person, the marks by which a referral of theirs is found.

Only keyed fingerprints of marks are stored, so a person is found by a whole name with the birth date, a whole phone
number or a whole member id, never by a part of one.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from firstdose.domain.referral.likeness import born_marks, member_marks
from firstdose.domain.referral.referral import Referral

_PHONE_DIGITS: Final = 10
_DATES: Final = (
    re.compile(r"\b(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})\b"),
    re.compile(r"\b(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})\b"),
)


def caller_marks(text: str) -> frozenset[str]:
    """Of a name with a birth date (`Hernandez 01/31/1980`), a phone number, or a member id; empty if it is neither."""
    for pattern in _DATES:
        if found := pattern.search(text):
            return frozenset(_born(text.replace(found[0], " "), found))
    return frozenset((*_phone(text), *(member_marks([text]) if any(map(str.isdigit, text)) else ())))


def phone_marks(referral: Referral) -> frozenset[str]:
    """By each phone number of the patient."""
    return frozenset(mark for phone in referral.patient.phones for mark in _phone(phone))


def _born(name: str, found: re.Match[str]) -> Iterator[str]:
    """Of several words each may be the family name, and so may all together."""
    try:
        birth = date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return
    words = name.replace(",", " ").split()
    for family in {*words, " ".join(words)}:
        yield from born_marks(family, birth)


def _phone(text: str) -> Iterator[str]:
    """The last ten digits: the country's code is often left out."""
    number = "".join(filter(str.isdigit, text))
    if _PHONE_DIGITS <= len(number) <= _PHONE_DIGITS + 1:
        yield f"phone|{number[-_PHONE_DIGITS:]}"
