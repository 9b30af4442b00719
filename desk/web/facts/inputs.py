"""Inputs of a fact: what each shows of what is known, and what was typed as a value of the referral's model."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from desk.web.acts.until import zone_name
from desk.web.zoned_time import NoSuchTime, zoned_time
from firstdose.domain.referral.nothing import is_nothing

Typed = Mapping[str, str]
"""What stands in the inputs, by their names."""
Facts = dict[str, Any]
"""Values by the paths of the facts, as an amendment takes them; None says that there is no such thing."""

NOT_KNOWN: Final = "Not known"
WHOLE: Final = re.compile(r"[0-9]{1,6}")
_NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")


class Mistyped(ValueError):
    """`name` is the input's; the text is for whoever typed it."""

    def __init__(self, name: str, said: str) -> None:
        super().__init__(said)
        self.name = name


@dataclass(frozen=True, kw_only=True)
class FactInput:
    """One fact. `shape` says how it is shown; `names` are its inputs."""

    shape: ClassVar[str] = "text"
    path: str
    label: str
    hint: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.path,)

    def shown(self, known: object) -> Typed:
        """What the inputs hold at first, by the value as JSON has it."""
        return {self.path: "" if known is None else str(known)}

    def read(self, typed: Typed) -> Facts:
        """Raises Mistyped."""
        text = typed[self.path]
        if text and is_nothing(text):
            raise Mistyped(self.path, "This says that it is not known: leave the field empty.")
        return {self.path: text or None}

    def place_of(self, path: str, typed: Typed) -> tuple[str, str] | None:
        """The input that a problem at the path of the model is about, and what stands before its words."""
        if path in self.names:
            return path, ""
        return (self.names[-1], "") if path == self.path or path.startswith(f"{self.path}.") else None


@dataclass(frozen=True, kw_only=True)
class ProseInput(FactInput):
    shape = "prose"


@dataclass(frozen=True, kw_only=True)
class DayInput(FactInput):
    shape = "day"


@dataclass(frozen=True, kw_only=True)
class NumberInput(FactInput):
    shape = "number"

    def shown(self, known: object) -> Typed:
        return {self.path: plain_number(known)}

    def read(self, typed: Typed) -> Facts:
        return {self.path: read_number(self.path, typed[self.path]) if typed[self.path] else None}


@dataclass(frozen=True, kw_only=True)
class CountInput(NumberInput):
    def read(self, typed: Typed) -> Facts:
        text = typed[self.path]
        if text and not WHOLE.fullmatch(text):
            raise Mistyped(self.path, "Enter a whole number, such as 14.")
        return {self.path: int(text) if text else None}


@dataclass(frozen=True, kw_only=True)
class MomentInput(FactInput):
    """A day and a time in the zone, which is named."""

    shape = "moment"
    zone: ZoneInfo

    @property
    def names(self) -> tuple[str, ...]:
        return f"{self.path}.day", f"{self.path}.time"

    @property
    def zone_name(self) -> str:
        return zone_name(self.zone)

    def shown(self, known: object) -> Typed:
        at = datetime.fromisoformat(str(known)).astimezone(self.zone) if known else None
        texts = (at.date().isoformat(), f"{at:%H:%M}") if at else ("", "")
        return dict(zip(self.names, texts, strict=True))

    def read(self, typed: Typed) -> Facts:
        day, clock = (typed[name] for name in self.names)
        if not day and not clock:
            return {self.path: None}
        try:
            return {self.path: zoned_time(day, clock, self.zone).isoformat()}
        except NoSuchTime as wrong:
            raise Mistyped(self.names[-1], str(wrong)) from None


@dataclass(frozen=True, kw_only=True)
class ChoiceInput(FactInput):
    """`empty` are the words of the choice that says nothing; without them one must be chosen."""

    shape = "select"
    choices: tuple[tuple[str, str], ...]
    empty: str = NOT_KNOWN

    def read(self, typed: Typed) -> Facts:
        chosen = typed[self.path]
        if chosen not in {value for value, _ in self.choices} | ({""} if self.empty else set()):
            raise Mistyped(self.path, "Choose one.")
        return {self.path: chosen or None}


@dataclass(frozen=True, kw_only=True)
class FlagInput(FactInput):
    """Yes, No and, where one may leave it open, Not known."""

    shape = "flag"
    not_known: bool = True

    def shown(self, known: object) -> Typed:
        return {self.path: {True: "yes", False: "no"}.get(known, "") if isinstance(known, bool) else ""}

    def read(self, typed: Typed) -> Facts:
        said = {"yes": True, "no": False} | ({"": None} if self.not_known else {})
        if typed[self.path] not in said:
            raise Mistyped(self.path, "Choose Yes or No.")
        return {self.path: said[typed[self.path]]}


@dataclass(frozen=True, kw_only=True)
class LinesInput(FactInput):
    """A list, each entry on a line of its own."""

    shape = "prose"
    hint: str = "Each on a line of its own"

    def shown(self, known: object) -> Typed:
        return {self.path: "\n".join(known) if isinstance(known, list) else ""}

    def read(self, typed: Typed) -> Facts:
        lines = entries(typed[self.path])
        if any(map(is_nothing, lines)):
            raise Mistyped(self.path, "One of the lines says that it is not known: leave it out.")
        return {self.path: lines or None}

    def place_of(self, path: str, typed: Typed) -> tuple[str, str] | None:
        if match := re.fullmatch(rf"{re.escape(self.path)}\[([0-9]+)\]", path):
            return self.path, f"Line {int(match[1]) + 1}: "
        return super().place_of(path, typed)


def entries(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def plain_number(known: object) -> str:
    """`70.5`, `70`."""
    return "" if known is None else str(known).removesuffix(".0")


def read_number(name: str, text: str) -> float:
    """Raises Mistyped."""
    if not _NUMBER.fullmatch(text):
        raise Mistyped(name, "Enter a number, such as 70.5.")
    return float(text)


def same(typed: Typed, shown: Typed, names: Iterable[str]) -> bool:
    """Whether the inputs hold what they held at first."""
    return all(typed[name] == shown[name] for name in names)
