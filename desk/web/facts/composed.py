"""Facts that take several inputs: allergies, the dose, and how long it is given."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from desk.web.facts.inputs import WHOLE, FactInput, Facts, Mistyped, Typed, plain_number, read_number
from firstdose.domain.referral.amounts import read_dose, same_dose
from firstdose.domain.referral.no_allergies import says_none

KNOWN: Final = "listed"
NONE_KNOWN: Final = "none_known"


@dataclass(frozen=True, kw_only=True)
class AllergiesInput(FactInput):
    """Known with their rows, None known, or Not known. Rows count only where they are Known."""

    shape = "allergies"
    rows: int

    choices = ((KNOWN, "Known"), (NONE_KNOWN, "None known"), ("", "Not known"))

    @property
    def names(self) -> tuple[str, ...]:
        return (self.path, *(name for row in range(self.rows) for name in self.row_names(row)))

    def row_names(self, row: int) -> tuple[str, str]:
        return f"{self.path}[{row}].substance", f"{self.path}[{row}].reaction"

    def shown(self, known: object) -> Typed:
        listed = known if isinstance(known, list) else []
        state = KNOWN if listed else NONE_KNOWN if known == NONE_KNOWN else ""
        texts = {self.path: state, **dict.fromkeys(self.names[1:], "")}
        for row, each in enumerate(listed):
            substance, reaction = self.row_names(row)
            texts |= {substance: each["substance"], reaction: each["reaction"] or ""}
        return texts

    def read(self, typed: Typed) -> Facts:
        match typed[self.path]:
            case "listed":
                listed = [self._row(typed, row) for row in self._filled(typed)]
                if not listed:
                    raise Mistyped(self.row_names(0)[0], "Enter at least one allergy.")
                return {self.path: listed}
            case "none_known":
                return {self.path: NONE_KNOWN}
            case "":
                return {self.path: None}
            case _:
                raise Mistyped(self.path, "Choose one.")

    def _row(self, typed: Typed, row: int) -> dict[str, str | None]:
        substance, reaction = self.row_names(row)
        if not typed[substance]:
            raise Mistyped(substance, "Enter what the patient is allergic to.")
        if says_none(typed[substance]):
            raise Mistyped(substance, "This says that there is none: choose “None known” above.")
        return {"substance": typed[substance], "reaction": typed[reaction] or None}

    def _filled(self, typed: Typed) -> Iterator[int]:
        return (row for row in range(self.rows) if any(typed[name] for name in self.row_names(row)))

    def place_of(self, path: str, typed: Typed) -> tuple[str, str] | None:
        match = re.match(rf"{re.escape(self.path)}\[([0-9]+)\](\.reaction)?", path)
        if match is None:
            return (self.path, "") if path == self.path else None
        row = [*self._filled(typed)][int(match[1])]
        return self.row_names(row)[1 if match[2] else 0], ""


@dataclass(frozen=True, kw_only=True)
class DoseInput(FactInput):
    """A number and its unit, or words where these do not say it. `path` is the medication's."""

    shape = "dose"

    @property
    def names(self) -> tuple[str, ...]:
        return f"{self.path}.dose_quantity.value", f"{self.path}.dose_quantity.unit", f"{self.path}.dose"

    def shown(self, known: object) -> Typed:
        told: dict[str, Any] = known if isinstance(known, dict) else {}
        quantity, words = told.get("dose_quantity") or {}, told.get("dose") or ""
        amount = read_dose(words)
        if quantity and amount and same_dose(amount, (quantity["value"], quantity["unit"])):
            words = ""  # the quantity says it
        texts = (plain_number(quantity.get("value")), quantity.get("unit") or "", words)
        return dict(zip(self.names, texts, strict=True))

    def read(self, typed: Typed) -> Facts:
        value, unit, words = (typed[name] for name in self.names)
        if words and (value or unit):
            raise Mistyped(self.names[2], "Enter the dose as a number with its unit, or in words: not both.")
        if words or not (value or unit):
            return {self.names[2]: words or None}
        if not value or not unit:
            raise Mistyped(self.names[0 if unit else 1], "Enter the number and its unit.")
        return {f"{self.path}.dose_quantity": {"value": read_number(self.names[0], value), "unit": unit}}

    def place_of(self, path: str, typed: Typed) -> tuple[str, str] | None:
        if path == f"{self.path}.dose_quantity":
            return self.names[0], ""
        return (path, "") if path in self.names else None


@dataclass(frozen=True, kw_only=True)
class DurationInput(FactInput):
    """A whole number of days, weeks or doses."""

    shape = "duration"
    choices: tuple[tuple[str, str], ...]

    @property
    def names(self) -> tuple[str, ...]:
        return f"{self.path}.value", f"{self.path}.unit"

    def shown(self, known: object) -> Typed:
        told: dict[str, Any] = known if isinstance(known, dict) else {}
        return dict(zip(self.names, (plain_number(told.get("value")), told.get("unit") or ""), strict=True))

    def read(self, typed: Typed) -> Facts:
        value, unit = (typed[name] for name in self.names)
        if not value and not unit:
            return {self.path: None}
        if unit not in dict(self.choices):
            raise Mistyped(self.names[1], "Choose days, weeks or doses.")
        if not WHOLE.fullmatch(value):
            raise Mistyped(self.names[0], "Enter a whole number, such as 14.")
        return {self.path: {"value": int(value), "unit": unit}}
