"""Where a field of a form is read from, and where in the answer its value goes."""

from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from desk.web.forms import PostedForm

FACTS: Final = "facts"


@dataclass(frozen=True, kw_only=True)
class FormReading:
    """A posted form as it is read: `problems` by name of input; `names` has the input of each path of the answer."""

    form: PostedForm
    problems: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class FieldPlace:
    """`prefix` starts the names of inputs, `path` the paths in the answer; `into` is the part of the answer there."""

    prefix: str
    path: str
    into: dict[str, Any] = field(repr=False)

    def named(self, key: str) -> str:
        return joined(self.prefix, key)

    def path_of(self, key: str) -> str:
        return joined(self.path, key)

    def put(self, key: str, value: object) -> None:
        """`benefits.copay` goes into `benefits`; the facts are a flat part, by their paths."""
        *sections, last = steps(key)
        part = self.into
        for section in sections:
            part = part.setdefault(section, {})
        part[last] = value


def joined(prefix: str, key: str) -> str:
    return f"{prefix}.{key}" if prefix else key


def steps(key: str) -> list[str]:
    """`facts.patient.weight_kg` is the fact `patient.weight_kg`."""
    section, _, path = key.partition(".")
    return [section, path] if section == FACTS else key.split(".")


def zone_name(zone: ZoneInfo) -> str:
    """`New York time`."""
    return f"{zone.key.rpartition('/')[2].replace('_', ' ')} time"
