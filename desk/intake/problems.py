"""Why a message is refused. Nothing here repeats what the message said: it may be about a patient."""

from collections.abc import Callable
from typing import TypedDict

from pydantic import ValidationError

from firstdose.domain.paths import joined

_MOST = 50
_TAGS = {"listed", "none_known"}  # pydantic's names for the two ways to say allergies; no part of the path


class Problem(TypedDict):
    """Where, in the terms of the incoming format, and what is wrong there."""

    path: str
    problem: str


class Unparseable(Exception):
    """The bytes are not what the content type promises (400)."""


class UnsupportedType(Exception):
    """No content type that we read (415)."""


class Invalid(Exception):
    """It can be read, but what it says cannot be (422)."""

    def __init__(self, errors: list[Problem]) -> None:
        super().__init__(f"{len(errors)} problems")
        self.errors = errors


def problems(error: ValidationError, where: Callable[[str], str]) -> list[Problem]:
    """The validation error as problems, the first 50; `where` turns a path of the referral into one of the message."""
    details = error.errors(include_url=False, include_context=False, include_input=False)[:_MOST]
    return [
        Problem(
            path=where(joined(step for step in detail["loc"] if step not in _TAGS)),
            problem=detail["msg"].removeprefix("Value error, "),
        )
        for detail in details
    ]
