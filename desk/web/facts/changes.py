"""What was changed on a form of facts, as an amendment: nothing shown is nothing sent, what is shown is sent."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic import ValidationError

from desk.intake.problems import stored_path_of, words_of
from desk.web.facts.fact_form import KEEP, FactForm, FactSection, as_typed, value_at
from desk.web.facts.inputs import ChoiceInput, FactInput, Facts, Mistyped, Typed, same
from desk.web.forms import Values
from firstdose.domain.referral.corrections import with_facts
from firstdose.domain.referral.referral import Referral

_PLAIN = {
    "greater_than": "Must be more than {gt:g}.",
    "less_than_equal": "Must be at most {le:g}.",
    "string_too_long": "Is too long: at most {max_length} characters.",
    "too_long": "There are too many: at most {max_length}.",
    "missing": "Enter this.",
    "finite_number": "Enter a number.",
}
"""Pydantic's own words are for programmers."""


@dataclass(kw_only=True)
class Changes:
    """The facts that were changed, by path, and what is wrong, by name of input."""

    facts: Facts = field(default_factory=dict, repr=False)
    problems: dict[str, str] = field(default_factory=dict)


def typed_in(values: Values) -> dict[str, str]:
    """What was posted, without blanks around it."""
    return {name: as_typed(texts[0]) for name, texts in values.items() if texts}


def read_changes(form: FactForm, referral: Referral, typed: Typed, *, today: date) -> Changes:
    """`referral` is what the form was made of."""
    changes, removed = Changes(), list[FactSection]()
    for section in form.sections:
        match typed.get(section.keep, KEEP) if section.removable else KEEP:
            case "keep":
                _read_section(form, section, typed, changes)
            case "remove":
                removed.append(section)
            case _:
                changes.problems[section.keep] = "Choose one."
    _judge(form, referral, typed, changes, today)
    if not changes.problems and removed:
        _remove_rows(referral, removed, changes)
    return changes


def _read_section(form: FactForm, section: FactSection, typed: Typed, changes: Changes) -> None:
    changed = [each for each in section.inputs if _is_changed(each, form, typed)]
    read: Facts = {}
    for each in changed:
        try:
            read |= each.read(typed)
        except Mistyped as wrong:
            changes.problems[wrong.name] = str(wrong)
    if section.new and changed:
        changes.problems |= {each.path: "Choose one." for each in _to_choose(section, typed)}
    for part in section.objects:
        inside = [path for path in read if path.startswith(f"{part}.")]
        if inside and not any(_texts_of(section, part, typed)):
            read = {path: value for path, value in read.items() if path not in inside} | {part: None}
    changes.facts |= read


def _is_changed(each: FactInput, form: FactForm, typed: Typed) -> bool:
    return all(name in typed for name in each.names) and not same(typed, form.shown, each.names)


def _to_choose(section: FactSection, typed: Typed) -> Iterator[FactInput]:
    """What a new row cannot be without."""
    for each in section.inputs:
        if isinstance(each, ChoiceInput) and each.empty == "Choose" and not typed.get(each.path):
            yield each


def _texts_of(section: FactSection, part: str, typed: Typed) -> Iterator[str]:
    return (typed.get(name, "") for name in section.names if name.startswith(f"{part}."))


def _judge(form: FactForm, referral: Referral, typed: Typed, changes: Changes, today: date) -> None:
    """By the models of the API, what could be read: so that all that is wrong is said at once."""
    try:
        with_facts(referral, changes.facts, today=today)
    except ValidationError as error:
        changes.problems = problems_by_input(form.inputs, typed, error) | changes.problems


def problems_by_input(inputs: Iterable[FactInput], typed: Typed, error: ValidationError) -> dict[str, str]:
    """The first problem of each input; what belongs to none is about the form as a whole."""
    known, found = tuple(inputs), dict[str, str]()
    for detail in error.errors(include_url=False, include_input=False):
        path = stored_path_of(detail)
        places = (place for each in known if (place := each.place_of(path, typed)))
        name, before = next(places, ("", ""))
        found.setdefault(name, f"{before}{_words(detail)}")
    return found


def _words(detail: Mapping[str, Any]) -> str:
    if plain := _PLAIN.get(detail["type"]):
        return plain.format(**detail.get("ctx", {}))
    said = words_of(detail)
    return f"{said[:1].upper()}{said[1:].removesuffix('.')}."


def _remove_rows(referral: Referral, removed: Iterable[FactSection], changes: Changes) -> None:
    """A list of which a row is removed is sent as a whole, with what else was changed in it."""
    tree = with_facts(referral, changes.facts).model_dump(mode="json")
    gone: dict[str, set[int]] = {}
    for section in removed:
        path, _, row = section.at.removesuffix("]").rpartition("[")
        gone.setdefault(path, set()).add(int(row))
    for path, rows in gone.items():
        left = [each for row, each in enumerate(value_at(tree, path)) if row not in rows]
        kept = {each: value for each, value in changes.facts.items() if not each.startswith(f"{path}[")}
        changes.facts = kept | {path: left or None}
