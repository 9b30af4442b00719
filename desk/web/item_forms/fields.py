"""Fields of a form that hold one value: each is read from what was typed, or says in plain words why not."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

from desk.web.forms import PostedForm
from desk.web.item_forms.place import FieldPlace, FormReading, joined, zone_name
from desk.web.zoned_time import NoSuchTime, zoned_time

ABSENT: Final = object()
"""Nothing is said."""


class CannotRead(ValueError):
    """The text is for whoever typed."""


@dataclass(frozen=True, kw_only=True)
class FormField(ABC):
    """`key` is the path of its value in the answer, and within a part of the form the name of its input."""

    shape: ClassVar[str]
    """By which the template shows it."""
    key: str
    label: str
    hint: str = ""

    @abstractmethod
    def read(self, reading: FormReading, place: FieldPlace) -> None:
        """Put its value into the answer, or a problem beside its input."""

    def known_values(self, prefix: str) -> Iterator[tuple[str, str]]:
        """What its inputs are filled with before anybody typed, by name."""
        yield from ()


@dataclass(frozen=True, kw_only=True)
class ValueField(FormField):
    """One input. Nothing typed is nothing said, if it is `optional`; `ask` is what is asked for otherwise."""

    shape = "text"
    known: str = field(default="", repr=False)
    optional: bool = False
    ask: str = "Fill this in."
    keyboard: str = "text"
    longest: int = 200

    def read(self, reading: FormReading, place: FieldPlace) -> None:
        name = place.named(self.key)
        reading.names[place.path_of(self.key)] = self.beside(name)
        try:
            value = self.value(reading.form, name)
            if value is ABSENT and not self.optional:
                raise CannotRead(self.ask)
        except CannotRead as wrong:
            reading.problems[self.beside(name)] = str(wrong)
            return
        if value is not ABSENT:
            place.put(self.key, value)

    def value(self, form: PostedForm, name: str) -> object:
        """Raises CannotRead."""
        text = form.one(name)
        return self.parse(text) if text else ABSENT

    def parse(self, text: str) -> object:
        """Raises CannotRead."""
        if len(text) > self.longest:
            raise CannotRead(f"This is too long: at most {self.longest} characters.")
        if not _is_sendable(text):
            raise CannotRead("There is a character in it that cannot be stored. Type it again.")
        return text

    def beside(self, name: str) -> str:
        """The input beside which a problem stands."""
        return name

    def known_values(self, prefix: str) -> Iterator[tuple[str, str]]:
        if self.known:
            yield joined(prefix, self.key), self.known


@dataclass(frozen=True, kw_only=True)
class LongText(ValueField):
    shape = "long"
    longest: int = 4000


@dataclass(frozen=True, kw_only=True)
class TextList(LongText):
    """Several texts, one on each line; `exactly` so many, if it is set."""

    longest: int = 80
    exactly: int = 0

    def parse(self, text: str) -> object:
        lines = [line.strip() for line in text.splitlines()]
        parsed = [super(TextList, self).parse(line) for line in lines if line]
        if self.exactly and len(parsed) != self.exactly:
            raise CannotRead(f"Enter {self.exactly}, each on a line of its own.")
        return parsed


@dataclass(frozen=True, kw_only=True)
class WholeNumber(ValueField):
    least: int = 0
    most: int = 9_999_999
    keyboard: str = "numeric"

    def parse(self, text: str) -> int:
        digits = text.replace(",", "")
        if not re.fullmatch(r"[0-9]{1,7}", digits) or not self.least <= int(digits) <= self.most:
            raise CannotRead(f"Enter a whole number from {self.least} to {self.most:,}.")
        return int(digits)


@dataclass(frozen=True, kw_only=True)
class DollarAmount(ValueField):
    """US dollars; in the answer a text such as `25.00`."""

    keyboard: str = "decimal"

    def parse(self, text: str) -> str:
        digits = text.removeprefix("$").replace(",", "").strip()
        if not re.fullmatch(r"[0-9]{1,7}(\.[0-9]{1,2})?", digits):
            raise CannotRead("Enter an amount in dollars, such as 25 or 25.50.")
        return digits


@dataclass(frozen=True, kw_only=True)
class Measurement(ValueField):
    """A number with its unit in the label."""

    keyboard: str = "decimal"

    def parse(self, text: str) -> float:
        if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,3})?", text):
            raise CannotRead("Enter a number, such as 70 or 70.5.")
        return float(text)


@dataclass(frozen=True, kw_only=True)
class DayField(ValueField):
    keyboard: str = "date"
    ask: str = "Enter the day."

    def parse(self, text: str) -> str:
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise CannotRead("This is not a day.") from None


@dataclass(frozen=True, kw_only=True)
class MomentField(ValueField):
    """A day and a time of day in the zone that the label names."""

    shape = "moment"
    zone: ZoneInfo
    known_at: datetime | None = None
    ask: str = "Enter the day and the time."

    @property
    def zone_name(self) -> str:
        return zone_name(self.zone)

    def value(self, form: PostedForm, name: str) -> object:
        day, time = form.one(f"{name}.day"), form.one(f"{name}.time")
        if not day and not time:
            return ABSENT
        try:
            return zoned_time(day, time, self.zone).isoformat()
        except NoSuchTime as wrong:
            raise CannotRead(str(wrong)) from None

    def beside(self, name: str) -> str:
        return f"{name}.time"

    def known_values(self, prefix: str) -> Iterator[tuple[str, str]]:
        if self.known_at is not None:
            local = self.known_at.astimezone(self.zone)
            yield f"{joined(prefix, self.key)}.day", f"{local:%Y-%m-%d}"
            yield f"{joined(prefix, self.key)}.time", f"{local:%H:%M}"


def _is_sendable(text: str) -> bool:
    """PostgreSQL takes no NUL, and no surrogate that stands alone."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
