"""What a source's message leaves unclear: the fact is not taken, a person is asked, and the message's text is shown."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from firstdose.domain.referral.order import stored_path
from firstdose.domain.sealed import Flag, Sealed, ShortText

MOST_VALUES = 20
LONGEST_VALUE = 200


class QuestionReason(StrEnum):
    SEVERAL = "several"
    """Several values fit equally well."""
    NOT_UNDERSTOOD = "not_understood"
    """A value that cannot be read, or that is impossible."""
    NOT_IN_FORCE = "not_in_force"
    """Only values that do not hold: a draft, a request on hold."""
    TOO_MANY = "too_many"
    """More than are kept: those left out are shown."""


class Question(Sealed):
    """`path` names the fact (`order.dose`); `values` are what the message said, sealed with the referral.

    A person who sets the fact answers it. An answered one is kept, so that the same message does not ask it again.
    """

    path: ShortText
    reason: QuestionReason
    values: Annotated[tuple[ShortText, ...], Field(max_length=MOST_VALUES)] = ()
    answered: Flag = False

    def is_about(self, path: str) -> bool:
        """Whether setting the fact at `path` answers it: the fact itself, a part of it, or what it is part of."""
        told, asked = _stored(path), _stored(self.path)
        return _within(told, asked) or _within(asked, told)

    def asks_the_same(self, other: "Question") -> bool:
        return (self.path, self.reason, self.values) == (other.path, other.reason, other.values)


def question(path: str, reason: QuestionReason, values: Iterable[object]) -> Question:
    """A question about values as they came, each cut to 200 characters, and not more than 20 of them."""
    shown = (str(value).strip()[:LONGEST_VALUE].strip() for value in values)
    kept = tuple(dict.fromkeys(value for value in map(_printable, shown) if value))
    return Question(path=path, reason=reason, values=kept[:MOST_VALUES])


def _printable(value: str) -> str:
    return "".join(character if ord(character) >= 32 or character in "\t\r\n" else " " for character in value).strip()


def _stored(path: str) -> str:
    """One spelling for each fact: the first medication's dose is also `order.dose`."""
    return stored_path(path).replace("duration_days", "duration")


def _within(part: str, whole: str) -> bool:
    return part == whole or part.startswith((f"{whole}.", f"{whole}["))
