"""Lists of terms, as a section of a case shows them: a name, and what is known of it."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final, NamedTuple

from markupsafe import Markup

from desk.web.times import day_text

UNKNOWN: Final = "Not known"
_DIALED: Final = re.compile(r"[^0-9+*#,;]")
"""What is no part of a number that a phone dials."""


class CaseTerm(NamedTuple):
    """`values` are texts, or elements such as a time; each stands in a line of its own."""

    name: str
    values: tuple[str, ...]

    @classmethod
    def of(cls, name: str, *values: object) -> "CaseTerm":
        """Nothing known is said in words."""
        told = tuple(each if isinstance(each, str) else str(each) for each in values if each not in (None, ""))
        return cls(name, told or (UNKNOWN,))


def joined(*parts: object, by: str = ", ") -> str:
    return by.join(str(part) for part in parts if part not in (None, ""))


def phone(number: str | None, said: str = "") -> Markup | None:
    """A link that calls it."""
    if not number:
        return None
    link = Markup('<a href="tel:{}">{}</a>').format(_DIALED.sub("", number), number)
    return Markup("{} ").format(said) + link if said else link


def day(at: date | None) -> str | None:
    return day_text(at) if at else None


def yes_no(told: bool | None) -> str | None:  # noqa: FBT001 - the fact itself
    return None if told is None else "Yes" if told else "No"


def known(terms: Iterable[CaseTerm]) -> tuple[CaseTerm, ...]:
    """Without those of which nothing is known: for what is not always told."""
    return tuple(term for term in terms if term.values != (UNKNOWN,))
