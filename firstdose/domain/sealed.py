"""What all parts of a referral share: read-only, tolerant of what they do not know, silent about what they hold."""

import re
from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)

from firstdose.domain.referral.nothing import is_nothing

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:")


class Sealed(BaseModel):
    """A part that may hold PHI. Unknown fields are ignored; null, blank, empty and placeholders mean "not said"."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)
    unknown_counts: ClassVar[frozenset[str]] = frozenset()
    """Fields of which "unknown" is a value."""

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        told = {key: _without_blank_parts(value) for key, value in data.items()}
        return {key: value for key, value in told.items() if key in cls.unknown_counts or not _is_blank(value)}

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        """Nothing: a model in a log line, a traceback or an f-string must not tell who the patient is."""
        return ()


def _is_blank(value: object) -> bool:
    return value is None or value in ([], (), {}) or (isinstance(value, str) and is_nothing(value))


def _without_blank_parts(value: object) -> object:
    if isinstance(value, list | tuple):
        return [part for part in value if not isinstance(part, str) or not is_nothing(part)]
    return value


def _printable(value: str) -> str:
    if any(ord(character) < 32 and character not in "\t\r\n" for character in value):
        raise ValueError("control characters are not accepted")
    return value


def _written_day(value: object) -> object:
    """Pydantic would read a number, even as text, as seconds since 1970."""
    if isinstance(value, date) or (isinstance(value, str) and _DAY.fullmatch(value)):
        return value
    raise ValueError("a date is written YYYY-MM-DD")


def _written_moment(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and _MOMENT.match(value)):
        return value
    raise ValueError("a moment is written YYYY-MM-DDThh:mm:ss with its offset from UTC")


def _not_ahead(value: date, info: ValidationInfo) -> date:
    today = (info.context or {}).get("today")
    if today is not None and value > today:
        raise ValueError("the date lies in the future")
    return value


def _of_the_living(value: date) -> date:
    if value.year < 1900:
        raise ValueError("nobody born before 1900 is alive")
    return value


def _text(max_length: int) -> Any:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=max_length)


ShortText = Annotated[str, _text(200), AfterValidator(_printable)]
Prose = Annotated[str, _text(8000), AfterValidator(_printable)]
Flag = Annotated[bool, Field(strict=True)]
Day = Annotated[date, BeforeValidator(_written_day)]
Moment = Annotated[AwareDatetime, BeforeValidator(_written_moment)]
PastDay = Annotated[Day, AfterValidator(_not_ahead)]
"""A day that has been; checked when validation has the context `{"today": date}`."""
BirthDate = Annotated[PastDay, AfterValidator(_of_the_living)]
