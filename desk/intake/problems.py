"""Why a message is refused. Nothing here repeats what the message said: it may be about a patient."""

from collections.abc import Callable, Mapping
from typing import Any, TypedDict

from pydantic import ValidationError

from firstdose.domain.referral.order import short_path
from firstdose.domain.referral.paths import joined
from firstdose.domain.referral.referral import ALLERGY_TAGS

_MOST = 50
_UNKNOWN = "<unknown field>"


class FieldProblem(TypedDict):
    """Where, in the terms of the incoming format, and what is wrong there."""

    path: str
    problem: str


class Unparseable(Exception):
    """The bytes are not what the content type promises (400)."""


class UnsupportedType(Exception):
    """No content type that we read (415)."""


class Invalid(Exception):
    """It can be read, but what it says cannot be (422)."""

    def __init__(self, errors: list[FieldProblem]) -> None:
        super().__init__(f"{len(errors)} problems")
        self.errors = errors


def problems(
    error: ValidationError, where: Callable[[str], str], *, several_medications: bool = False
) -> list[FieldProblem]:
    """The validation error as problems, the first 50; `where` turns a path of the referral into one of the message.

    With `several_medications` the message has them as a list, and the first is not named by its short names.
    """
    details = error.errors(include_url=False, include_context=False, include_input=False)[:_MOST]
    told = stored_path_of if several_medications else path_of
    return [FieldProblem(path=where(told(detail)), problem=words_of(detail)) for detail in details]


def path_of(detail: Mapping[str, Any], *, after: int = 0) -> str:
    """Where one of pydantic's errors lies, without the first steps. A name that the caller made up is not repeated."""
    return _told(stored_path_of(detail, after=after))


def stored_path_of(detail: Mapping[str, Any], *, after: int = 0) -> str:
    """Likewise, without short names for the first medication."""
    steps = [step for step in detail["loc"][after:] if step not in ALLERGY_TAGS]
    if detail["type"] == "extra_forbidden":
        steps[-1] = _UNKNOWN
    return joined(steps)


def _told(path: str) -> str:
    """Our own JSON puts the facts below `data`."""
    start = "data." if path.startswith("data.") else ""
    return start + short_path(path.removeprefix(start))


def words_of(detail: Mapping[str, Any]) -> str:
    return str(detail["msg"]).removeprefix("Value error, ")
