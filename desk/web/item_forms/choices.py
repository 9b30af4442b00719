"""Choices of a form: radio buttons, each with the fields that belong to it; and a Yes or No for each of a list."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from desk.web.item_forms.fields import ABSENT, FormField
from desk.web.item_forms.place import FieldPlace, FormReading, joined
from desk.web.words import words

OUTCOME: Final = "outcome"
_YES: Final = "yes"


@dataclass(frozen=True, kw_only=True)
class ChoiceOption:
    """`gives` is what the answer says where this is chosen; ABSENT says nothing by itself."""

    value: str
    label: str
    gives: object
    fields: tuple[FormField, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChoiceField(FormField):
    """Only the fields of the option that is chosen are shown and read."""

    shape = "choice"
    options: tuple[ChoiceOption, ...]
    pair: bool = False
    """Whether the options stand side by side."""
    ask: str = "Choose one."

    def read(self, reading: FormReading, place: FieldPlace) -> None:
        name = place.named(self.key)
        reading.names[place.path_of(self.key)] = name
        chosen = next((each for each in self.options if each.value == reading.form.one(name)), None)
        if chosen is None:
            if reading.form.one(name) or not self.may_be_left:
                reading.problems[name] = self.ask
            return
        if chosen.gives is not ABSENT:
            place.put(self.key, chosen.gives)
        for each in chosen.fields:
            each.read(reading, replace(place, prefix=self.inside(place.prefix, chosen)))

    @property
    def may_be_left(self) -> bool:
        """Whether nothing chosen is nothing said: there is an option that says no more."""
        return any(each.gives is ABSENT and not each.fields for each in self.options)

    def inside(self, prefix: str, option: ChoiceOption) -> str:
        """What the names of the option's fields start with."""
        return f"{joined(prefix, self.key)}.{option.value}"

    def known_values(self, prefix: str) -> Iterator[tuple[str, str]]:
        for option in self.options:
            for each in option.fields:
                yield from each.known_values(self.inside(prefix, option))


@dataclass(frozen=True, kw_only=True)
class OutcomeField(ChoiceField):
    """The first question of a form; names of its fields start with the outcome itself."""

    key: str = OUTCOME

    def inside(self, prefix: str, option: ChoiceOption) -> str:
        return option.value

    def known_values(self, prefix: str) -> Iterator[tuple[str, str]]:
        if len(self.options) == 1:
            yield self.key, self.options[0].value
        yield from super().known_values(prefix)


@dataclass(frozen=True, kw_only=True)
class YesNoList(FormField):
    """A Yes or No for each of `members` (value, words); the answer has those with Yes, of which `least` are needed."""

    shape = "list"
    members: tuple[tuple[str, str], ...]
    least: int = 0
    gives: Callable[[str], object] = str

    def read(self, reading: FormReading, place: FieldPlace) -> None:
        name = place.named(self.key)
        reading.names[place.path_of(self.key)] = name
        given = {value: reading.form.one(f"{name}.{value}") for value, _ in self.members}
        unsaid = [value for value, said in given.items() if said not in (_YES, "no")]
        for value in unsaid:
            reading.problems[f"{name}.{value}"] = "Choose Yes or No."
        chosen = [self.gives(value) for value, said in given.items() if said == _YES]
        if not unsaid and len(chosen) < self.least:
            reading.problems[name] = "Choose Yes for one at least."
        place.put(self.key, chosen)


def option(value: str, label: str, *fields: FormField) -> ChoiceOption:
    """One whose value is what the answer says."""
    return ChoiceOption(value=str(value), label=label, gives=str(value), fields=fields)


def not_known(label: str = "Not known") -> ChoiceOption:
    return ChoiceOption(value="not_known", label=label, gives=ABSENT)


def yes_no(
    key: str, label: str, *, hint: str = "", may_be_unknown: bool = False, if_no: tuple[FormField, ...] = ()
) -> ChoiceField:
    """Yes is true and No is false; Not known says nothing."""
    options = (
        ChoiceOption(value=_YES, label="Yes", gives=True),
        ChoiceOption(value="no", label="No", gives=False, fields=if_no),
        *((not_known(),) if may_be_unknown else ()),
    )
    return ChoiceField(key=key, label=label, hint=hint, options=options, pair=not if_no, ask="Choose Yes or No.")


def one_of(key: str, label: str, codes: Iterable[StrEnum], *, unknown: str = "", hint: str = "") -> ChoiceField:
    """One of the codes, in words; `unknown` are the words of an option that says nothing."""
    options = [option(code.value, words(code)) for code in codes]
    return ChoiceField(key=key, label=label, hint=hint, options=(*options, *((not_known(unknown),) if unknown else ())))


def in_words(codes: Iterable[StrEnum]) -> tuple[tuple[str, str], ...]:
    """For a list of Yes and No."""
    return tuple((code.value, words(code)) for code in codes)
