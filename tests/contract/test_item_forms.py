"""Every form of every kind of work item: what is stored is what the screen said, and nothing else."""

import html as escaping
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from pydantic_core._pydantic_core import list_all_errors

from desk.intake.problems import problems
from desk.web.forms import FormView
from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.choices import ChoiceField, OutcomeField, YesNoList
from desk.web.item_forms.fields import (
    DayField,
    DollarAmount,
    FormField,
    Measurement,
    MomentField,
    ValueField,
    WholeNumber,
)
from desk.web.item_forms.item_form import FactGroupField, only
from desk.web.item_forms.page_form import ItemFormView
from desk.web.item_forms.payer_lines import PayerLines
from desk.web.item_forms.plain_words import in_plain_words
from desk.web.item_forms.problem_places import beside_inputs
from desk.web.item_forms.reading import known_values, read_item_form
from desk.web.item_forms.table import FORMS, form_of
from desk.web.templating import templates
from firstdose.domain.work.resolutions import OF_KIND
from firstdose.domain.work.work_item import WorkItemKind
from tests.item_screens import ASKS, SCRIPT, ZONE, Filled, Way, asked_item, asked_items, fill, posted

KINDS = list(WorkItemKind)
TURNS = range(9)
"""As many as the choice with the most options has."""
WAYS = [Way(turn=turn, yes=yes, fill=full) for turn in TURNS for yes in (True, False) for full in (True, False)]
NOW = datetime(2026, 11, 28, tzinfo=UTC)


def filled(asked: AskedItem, outcome: str, way: Way) -> Filled:
    """The form with this outcome, filled in this way; the inputs of the other outcomes too, which are not shown."""
    hidden, mine = parts(asked, replace(way, turn=way.turn + 1)), parts(asked, way)[outcome]
    typed = {name: text for part in hidden.values() for name, text in part.typed.items()}
    note = {"note": way.text} if way.fill else {}
    return Filled({**typed, **mine.typed, **note}, {**mine.says, **note})


PARTS: dict[tuple[str, Way], dict[str, Filled]] = {}


def parts(asked: AskedItem, way: Way) -> dict[str, Filled]:
    """The form filled in this way with each of its outcomes; made once."""
    key = f"{asked.item.kind} {asked.asks}", way
    if key not in PARTS:
        made = form_of(asked)
        PARTS[key] = {option.value: Filled() for option in made.options}
        for outcome, into in PARTS[key].items():
            fill(only(made, [outcome]), "", way, into)
    return PARTS[key]


def outcomes(asked: AskedItem) -> list[str]:
    return [option.value for option in form_of(asked).options]


def every(kind: WorkItemKind, ways: list[Way] = WAYS) -> Iterator[tuple[AskedItem, Filled]]:
    for asked in asked_items(kind):
        for outcome in outcomes(asked):
            for way in ways:
                yield asked, filled(asked, outcome, way)


def test_every_kind_has_its_form_and_its_items() -> None:
    assert set(FORMS) == set(WorkItemKind) == set(ASKS)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_read_is_what_the_screen_said(kind: WorkItemKind) -> None:
    for asked, form in every(kind):
        read = read_item_form(asked, posted(form.typed))
        if nothing_said_of_lines(form):
            assert list(read.problems.values()) == ["Say for one line at least what the payer said."]
            continue
        assert read.problems == {}
        assert read.answer == form.says


@pytest.mark.parametrize("kind", KINDS)
def test_the_model_takes_it_as_it_was_said(kind: WorkItemKind) -> None:
    """Whatever the model refuses is a rule of its own: an unsigned acceptance."""
    for asked, form in every(kind, [replace(way, text="rn-1") for way in WAYS]):
        if nothing_said_of_lines(form) or form.says.get("agreement_signed") is False:
            continue
        taken = OF_KIND[kind].model_validate(read_item_form(asked, posted(form.typed)).answer)
        assert plain(taken.model_dump(mode="json", exclude_unset=True)) == plain(form.says)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_the_model_is_in_a_form_and_no_other(kind: WorkItemKind) -> None:
    schema = OF_KIND[kind].model_json_schema()
    said = {path for _, form in every(kind) for path in paths(form.says)}
    assert said == set(schema_paths(schema, schema.get("$defs", {})))


@pytest.mark.parametrize("kind", KINDS)
def test_every_outcome_of_the_model_is_offered(kind: WorkItemKind) -> None:
    outcome = OF_KIND[kind].model_json_schema()["properties"]["outcome"]
    named = OF_KIND[kind].model_json_schema().get("$defs", {}).get(outcome.get("$ref", "").rpartition("/")[2], outcome)
    offered = {each for asked in asked_items(kind) for each in outcomes(asked)}
    assert offered == set(named.get("enum") or [named["const"]])


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_the_item_leaves_open_is_offered_and_read(kind: WorkItemKind) -> None:
    first = outcomes(next(asked_items(kind)))
    asked = asked_item(kind, {**ASKS[kind][0], "options": first[:1]})
    assert outcomes(asked) == first[:1]
    for other in first[1:]:
        read = read_item_form(asked, posted({"outcome": other}))
        assert read.problems == {"outcome": "Choose one."}
        assert read.answer == {}


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_chosen_is_nothing_sent(kind: WorkItemKind) -> None:
    for asked in asked_items(kind):
        read = read_item_form(asked, posted({}))
        assert (read.answer, read.problems) == ({}, {"outcome": "Choose one."})


@pytest.mark.parametrize("kind", KINDS)
def test_each_field_absent_or_wrong_is_said_beside_it(kind: WorkItemKind) -> None:
    for asked in asked_items(kind):
        for outcome in outcomes(asked):
            for turn in TURNS:
                form = filled(asked, outcome, Way(turn=turn))
                if nothing_said_of_lines(form):
                    continue
                shown = only(form_of(asked), [outcome])
                for name, field in fields_shown(shown, "", form.typed):
                    absent(asked, form, name, field)
                    wrong(asked, form, name, field)


def absent(asked: AskedItem, form: Filled, name: str, field: FormField) -> None:
    left = {each: text for each, text in form.typed.items() if not is_of(each, name, field)}
    read = read_item_form(asked, posted(left))
    may_be_left = getattr(field, "optional", False) or getattr(field, "may_be_left", False)
    assert set(read.problems) == (set() if may_be_left else {beside(name, field)})
    assert may_be_left or "optional" not in read.problems[beside(name, field)]


def wrong(asked: AskedItem, form: Filled, name: str, field: FormField) -> None:
    for bad in wrong_texts(field):
        where = f"{name}.time" if isinstance(field, MomentField) else name
        read = read_item_form(asked, posted({**form.typed, where: bad}))
        assert set(read.problems) == {beside(name, field)}, (name, bad)
        assert bad not in read.problems[where]


@pytest.mark.parametrize("kind", KINDS)
def test_script_in_every_text_comes_back_as_text(kind: WorkItemKind) -> None:
    for asked, form in every(kind, [Way(turn=turn, text=SCRIPT) for turn in TURNS]):
        values = {name: (text if text in CHOSEN else SCRIPT,) for name, text in form.typed.items()}
        problem = dict.fromkeys(form.typed, SCRIPT)
        html = shown(asked, FormView(name="item", values=values, problems=problem))
        assert "<script" not in html
        assert "&lt;script&gt;" in html


CHOSEN = ("yes", "no", "not_known", "listed")


@pytest.mark.parametrize("kind", KINDS)
def test_the_screen_has_exactly_the_inputs_that_are_read(kind: WorkItemKind) -> None:
    for asked in asked_items(kind):
        html = shown(asked, FormView(name="item"))
        names = set(re.findall(r'<(?:input|textarea|select)[^>]* name="([^"_][^"]*)"', html))
        typed = {name for o in outcomes(asked) for way in WAYS for name in filled(asked, o, way).typed}
        assert names == typed
        assert 'type="checkbox"' not in html
        ids = re.findall(r' id="([^"]*)"', html)
        assert len(ids) == len(set(ids))


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_typed_is_shown_again(kind: WorkItemKind) -> None:
    for asked, form in every(kind, [Way(turn=turn, yes=yes) for turn in TURNS for yes in (True, False)]):
        html = shown(asked, FormView(name="item", values={name: (text,) for name, text in form.typed.items()}))
        for name, text in form.typed.items():
            assert is_shown(html, name, text), name
        radios = set(re.findall(r'type="radio" name="([^"]*)"', html))
        assert html.count(" checked") == len(radios & set(form.typed))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_known_is_filled_in_and_is_sent(kind: WorkItemKind) -> None:
    for asked in asked_items(kind):
        known = known_values(form_of(asked))
        html = shown(asked, FormView(name="item", values={name: (text,) for name, text in known.items()}))
        for name, text in known.items():
            assert is_shown(html, name, text), name


def test_lines_are_filled_in_with_what_was_asked_or_granted() -> None:
    known = known_values(form_of(next(asked_items(WorkItemKind.SUBMIT_AUTHORIZATION))))
    assert known["answered.lines.1.state.approved.units"] == "42"
    assert known["answered.lines.2.state.partial.units"] == "3"
    assert "answered.lines.1.state.partial.units" not in known


def test_a_problem_of_the_model_stands_beside_its_input() -> None:
    asked = next(asked_items(WorkItemKind.SUBMIT_AUTHORIZATION))
    form = filled(asked, "answered", Way(turn=0))
    read = read_item_form(asked, posted(form.typed))
    placed = beside_inputs(read.names, ZONE, NOW)
    assert placed([{"path": "lines[1].units", "problem": "42 were asked for"}]) == {
        "answered.lines.2.state.approved.units": "42 were asked for."
    }
    assert placed([{"path": "information.wanted[1]", "problem": "at most 80 characters"}]) == {
        "answered.information.wanted": "At most 80 characters."
    }
    assert placed([{"path": "", "problem": "told_by, told_at: possible up to 2026-11-28 15:00 UTC"}]) == {
        "answered.told_by": "Possible up to Nov 28, 9:00 AM CST."
    }
    assert placed([{"path": "made_up", "problem": "it is odd"}]) == {"": "It is odd."}


@pytest.mark.parametrize("kind", KINDS)
def test_no_words_of_pydantic_reach_a_person(kind: WorkItemKind) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(OF_KIND[kind])
    for name in OF_KIND[kind].model_fields:
        for bad in (None, 3.5, -1, [], {}, "x" * 5000, [{"sequence": "x"}], {"a": object()}, "2026-13-45"):
            try:
                adapter.validate_python({"outcome": "made up", name: bad})
            except ValidationError as error:
                for each in problems(error, str):
                    assert is_plain(in_plain_words(each["problem"], {}, ZONE, NOW)), each


def test_no_message_of_pydantic_is_passed_on() -> None:
    for error in list_all_errors():
        message = re.sub(r"\{[a-z_]+\}", "3", str(error["message_template_python"]))
        assert is_plain(in_plain_words(message, {}, ZONE, NOW)), message


def is_plain(text: str) -> bool:
    return not re.search(r"\b(Input|String|should|valid|dict|tuple|permitted|validator|instance)\b", text)


# What is shown


def shown(asked: AskedItem, view: FormView) -> str:
    page = type("Page", (), {"csrf": "t", "new_key": "k", "address": "/"})()
    made = ItemFormView(item=asked.item, view=view, outcome=form_of(asked))
    return templates().get_template("item_form.html").render(page=page, made=made)


def is_shown(html: str, name: str, text: str) -> bool:
    value, name = escaping.escape(text, quote=False), re.escape(name)
    chosen = rf'name="{name}" value="{re.escape(value)}" checked'
    typed = rf'name="{name}"[^>]* value="{re.escape(value)}"'
    long = rf'<textarea[^>]* name="{name}"[^>]*>{re.escape(value)}</textarea>'
    return any(re.search(each, html) for each in (chosen, typed, long))


# What is said


def nothing_said_of_lines(form: Filled) -> bool:
    return form.says.get("lines") == []


def plain(said: object) -> object:
    """Sets have no order, and an amount may be written in several ways."""
    if isinstance(said, Mapping):
        return {name: plain(value) for name, value in said.items()}
    if isinstance(said, list) and all(isinstance(each, str) for each in said):
        return sorted(said)
    if isinstance(said, list):
        return [plain(each) for each in said]
    return same_moment(said) if isinstance(said, str) else said


def same_moment(text: str) -> object:
    return datetime.fromisoformat(text) if re.match(r"\d{4}-\d\d-\d\dT", text) else text


def paths(said: Mapping[str, Any], at: str = "") -> Iterator[str]:
    for name, value in said.items():
        parts = value if isinstance(value, list) else [value]
        deeper = [part for part in parts if isinstance(part, dict)] if name != "facts" else []
        for part in deeper:
            yield from paths(part, f"{at}{name}.")
        if not deeper and value != []:
            yield f"{at}{name}"


def schema_paths(schema: Mapping[str, Any], defs: Mapping[str, Any], at: str = "") -> Iterator[str]:
    for name, told in schema["properties"].items():
        part = part_of(told, defs)
        if part is None:
            yield f"{at}{name}"
        else:
            yield from schema_paths(part, defs, f"{at}{name}.")


def part_of(told: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The model of a field that is one, or a list of some."""
    for each in (told, told.get("items", {}), *told.get("anyOf", ())):
        named = defs.get(str(each.get("$ref", "")).rpartition("/")[2])
        if named and "properties" in named:
            return dict(named)
    return None


# Fields one by one


def fields_shown(field: FormField, prefix: str, typed: Mapping[str, str]) -> Iterator[tuple[str, FormField]]:
    """Those of the options that are chosen, by the name of their input."""
    name = f"{prefix}.{field.key}" if prefix else field.key
    match field:
        case FactGroupField():
            for each in field.fields:
                yield from fields_shown(each, prefix, typed)
        case PayerLines():
            for line in field.lines:
                yield from list(fields_shown(line.says, f"{name}.{line.sequence}", typed))[1:]
        case ChoiceField():
            if not isinstance(field, OutcomeField):
                yield name, field
            chosen = next(each for each in field.options if each.value == typed[name])
            for each in chosen.fields:
                yield from fields_shown(each, field.inside(prefix, chosen), typed)
        case YesNoList():
            for value, said in field.members:
                yield f"{name}.{value}", ChoiceField(key=value, label=said, options=())
        case _:
            yield name, field


def is_of(each: str, name: str, field: FormField) -> bool:
    return each == name or (isinstance(field, MomentField) and each in (f"{name}.day", f"{name}.time"))


def beside(name: str, field: FormField) -> str:
    return f"{name}.time" if isinstance(field, MomentField) else name


def wrong_texts(field: FormField) -> list[str]:
    match field:
        case WholeNumber():
            return ["twelve", "-1", "1.5", "99999999"]
        case DollarAmount():
            return ["twenty", "-5", "1.234", "1e3"]
        case Measurement():
            return ["heavy", "-5", "1e3"]
        case DayField():
            return ["tomorrow", "2026-02-30"]
        case MomentField():
            return ["25:99", "noon"]
        case ValueField():
            return ["x" * 5001, "a\0b", "a\ud800b"]
        case _:
            return ["forged", "YES"]
