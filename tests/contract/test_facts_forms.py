"""The forms of facts over every input: set, changed, emptied, absent, wrong. What is sent is what the screen said."""

import re
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from desk.web.facts.changes import Changes, read_changes
from desk.web.facts.composed import AllergiesInput, DoseInput
from desk.web.facts.fact_form import REMOVE, FactForm, fact_form, value_at
from desk.web.facts.inputs import ChoiceInput, FactInput, FlagInput
from firstdose.domain.referral.corrections import with_facts
from firstdose.domain.referral.fact_groups import FactGroup, group_of
from firstdose.domain.referral.order import FIRST_MEDICATION
from firstdose.domain.referral.referral import Referral
from tests.contract.known_referral import OTHERWISE, Retyped, known
from tests.unit.test_fact_groups import EVERY

TODAY: Final = date(2026, 3, 10)
ZONE: Final = ZoneInfo("America/Chicago")
WITHOUT_INPUT: Final = {
    **{f"order.{name}": "repeats the first medication" for name in FIRST_MEDICATION},
    "order.former_signed_on": "kept by the desk when the order changes under a signature",
    "order.medications[0].duration_days": "says the duration once more, in days",
    "documents[0].content_type": "comes with the document",
    "documents[0].data": "comes with the document: a person says what it is, not what it has inside",
    "documents[0].url": "comes with the document",
}
"""Facts of the model that nobody types, and why. Nor is a new document (`documents.<kind>`) typed: it takes a file."""


def form_of(group: FactGroup, referral: Referral | None = None) -> FactForm:
    return fact_form(group, referral or known(), ZONE)


def changes(form: FactForm, typed: dict[str, str], referral: Referral | None = None) -> Changes:
    return read_changes(form, referral or known(), typed, today=TODAY)


def first_of_each(form: FactForm) -> list[FactInput]:
    """Of rows those of the first."""
    return [each for each in form.inputs if not re.search(r"^(order\.medications|coverages)\[[1-9]", each.path)]


CASES: Final = [(group, each) for group in FactGroup for each in first_of_each(form_of(group))]
IDS: Final = [each.path for _, each in CASES]


def otherwise(each: FactInput, form: FactForm) -> tuple[dict[str, str], Retyped]:
    """The whole form with the input typed otherwise."""
    told = OTHERWISE[each.path]
    return {**form.shown, **{name: text.replace("\r\n", "\n").strip() for name, text in told.typed.items()}}, told


def tree(referral: Referral) -> Any:
    return referral.model_dump(mode="json", exclude={"order": set(FIRST_MEDICATION)})


def without(dump: Any, path: str) -> Any:
    """The facts without the one at the path, and without the words that a dose as a quantity gives."""
    gone = {path, path.replace("dose_quantity", "dose")}
    return {each: value for each, value in _flat(dump) if not any(each == one or each.startswith(one) for one in gone)}


def _flat(node: Any, above: str = "") -> Any:
    if isinstance(node, dict):
        for name, value in node.items():
            yield from _flat(value, f"{above}.{name}" if above else name)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _flat(value, f"{above}[{index}]")
    else:
        yield above, node


@pytest.mark.parametrize("group", FactGroup)
@pytest.mark.parametrize("referral", [known(), Referral(source_referral_id="R-1")], ids=["full", "empty"])
def test_a_form_sent_as_it_was_shown_changes_nothing(group: FactGroup, referral: Referral) -> None:
    form = form_of(group, referral)
    assert set(form.shown) == {name for section in form.sections for name in section.names}
    assert changes(form, dict(form.shown), referral) == Changes()
    assert changes(form, {}, referral) == Changes()


@pytest.mark.parametrize(("group", "each"), CASES, ids=IDS)
def test_what_is_changed_is_sent_and_nothing_else(group: FactGroup, each: FactInput) -> None:
    form = form_of(group)
    typed, told = otherwise(each, form)
    made = changes(form, typed)
    assert made.problems == {}
    assert list(made.facts) == [told.path]
    assert group_of(told.path) is group
    amended = with_facts(known(), made.facts, today=TODAY)
    assert value_at(tree(amended), told.path) == told.value
    assert without(tree(amended), told.path) == without(tree(known()), told.path)


@pytest.mark.parametrize(("group", "each"), CASES, ids=IDS)
def test_what_is_set_for_the_first_time_is_sent_and_nothing_else(group: FactGroup, each: FactInput) -> None:
    nothing = Referral.model_validate({"source_referral_id": "R-1", "documents": [{"kind": "other"}]})
    form = form_of(group, nothing)
    names = {name for name in each.names if name in form.shown}
    typed = {**form.shown, **{name: text for name, text in form_of(group).shown.items() if name in names}}
    typed |= {name: text for name, text in _new_row(each).items() if name not in names}
    made = changes(form, typed, nothing)
    assert made.problems == {}
    amended = with_facts(nothing, made.facts, today=TODAY)
    for path, value in made.facts.items():
        assert value_at(tree(amended), path) == value
    fact = f"{each.path}.dose_quantity" if isinstance(each, DoseInput) else each.path
    assert set(made.facts) == (_new_row(each).keys() | {fact} if typed != form.shown else set())


def _new_row(each: FactInput) -> dict[str, str]:
    if each.path.startswith("coverages[0]"):
        return {"coverages[0].order": "primary", "coverages[0].relationship": "self"}
    return {}


@pytest.mark.parametrize(("group", "each"), CASES, ids=IDS)
def test_an_input_that_is_absent_sends_nothing(group: FactGroup, each: FactInput) -> None:
    form = form_of(group)
    typed, _ = otherwise(each, form)
    for name in each.names:
        assert changes(form, {one: text for one, text in typed.items() if one != name}).facts == {}


@pytest.mark.parametrize(("group", "each"), CASES, ids=IDS)
def test_what_is_emptied_is_removed_where_the_model_allows_it(group: FactGroup, each: FactInput) -> None:
    form = form_of(group)
    typed = {**form.shown, **dict.fromkeys(each.names, "")}
    made = changes(form, typed)
    if isinstance(each, ChoiceInput | FlagInput) and not _may_be_empty(each):
        assert made == Changes(problems={each.path: _asks(each)})
        return
    assert made.problems == {}
    (path,) = made.facts
    assert made.facts == {path: None}
    assert path in (each.path, f"{each.path}.dose")
    amended = with_facts(known(), made.facts, today=TODAY)
    assert value_at(tree(amended), path) in (None, [])
    assert without(tree(amended), each.path) == without(tree(known()), each.path)


def _may_be_empty(each: ChoiceInput | FlagInput) -> bool:
    return bool(each.empty) if isinstance(each, ChoiceInput) else each.not_known


def _asks(each: ChoiceInput | FlagInput) -> str:
    return "Choose one." if isinstance(each, ChoiceInput) else "Choose Yes or No."


@pytest.mark.parametrize("wrong", ["x" * 9000, "\x1b", "unknown", "<script>alert(1)</script>"])
@pytest.mark.parametrize(("group", "each"), CASES, ids=IDS)
def test_what_is_wrong_stands_beside_its_input(group: FactGroup, each: FactInput, wrong: str) -> None:
    """What is no more than a strange text is kept as it is."""
    form = form_of(group)
    name = each.names[1] if isinstance(each, AllergiesInput) else each.names[0]
    if form.shown[name] == wrong:
        pytest.skip("it is what is known")
    made = changes(form, {**form.shown, name: wrong})
    if made.problems:
        assert set(made.problems) <= set(each.names)
        assert all(said[0].isupper() or said.startswith("Line") for said in made.problems.values())
        assert not any(wrong in said for said in made.problems.values())
        return
    (value,) = made.facts.values()
    amended = with_facts(known(), made.facts, today=TODAY)
    assert wrong in str(value)
    assert value_at(tree(amended), next(iter(made.facts))) == value


@pytest.mark.parametrize(
    ("typed", "beside", "said"),
    [
        ({"patient.weight_kg": "seventy"}, "patient.weight_kg", "Enter a number, such as 70.5."),
        ({"patient.weight_kg": "501"}, "patient.weight_kg", "Must be at most 500."),
        ({"patient.weight_kg": "0"}, "patient.weight_kg", "Must be more than 0."),
        ({"patient.weighed_on": "2026-03-11"}, "patient.weighed_on", "The date lies in the future."),
        ({"patient.weighed_on": "yesterday"}, "patient.weighed_on", "A date is written YYYY-MM-DD."),
        ({"order.diagnoses": "E11.9\nfever"}, "order.diagnoses", "Line 2: Not the shape of an ICD-10-CM code."),
        ({"patient.allergies": "maybe"}, "patient.allergies", "Choose one."),
        (
            {"patient.allergies[2].substance": "no known food allergies"},
            "patient.allergies[2].substance",
            "That there is none of a kind says nothing of the others.",
        ),
        (
            {"patient.allergies[1].substance": "NKDA"},
            "patient.allergies[1].substance",
            "This says that there is none: choose “None known” above.",
        ),
        (
            {"patient.allergies[4].reaction": "rash"},
            "patient.allergies[4].substance",
            "Enter what the patient is allergic to.",
        ),
        (
            {"order.medications[0].dose_quantity.unit": ""},
            "order.medications[0].dose_quantity.unit",
            "Enter the number and its unit.",
        ),
        (
            {"order.medications[0].dose": "two grams"},
            "order.medications[0].dose",
            "Enter the dose as a number with its unit, or in words: not both.",
        ),
        (
            {"order.medications[0].duration.value": "1.5"},
            "order.medications[0].duration.value",
            "Enter a whole number, such as 14.",
        ),
        (
            {"order.medications[0].duration.value": "0"},
            "order.medications[0].duration.value",
            "Must be more than 0.",
        ),
        ({"order.medications[0].keep": "burn"}, "order.medications[0].keep", "Choose one."),
        ({"prescriber.npi": "123"}, "prescriber.npi", "An NPI has ten digits and begins with 1 or 2."),
        ({"patient.birth_date": "1898-05-05"}, "patient.birth_date", "Nobody born before 1900 is alive."),
        ({"coverages[2].member_id": "M3"}, "coverages[2].order", "Choose one."),
        ({"coverages[2].member_id": "M3"}, "coverages[2].relationship", "Choose one."),
        ({"patient.address.state": "Bavaria"}, "patient.address.state", "Not a US state or territory."),
        ({"patient.time_zone": "Mars/Base"}, "patient.time_zone", "Choose one."),
        ({"patient.phones": "\n".join("555" for _ in range(11))}, "patient.phones", "There are too many: at most 10."),
        ({"discharge_at.day": ""}, "discharge_at.time", "Enter the day and the time."),
        ({"discharge_at.day": "2027-03-14", "discharge_at.time": "02:30"}, "discharge_at.time", "The clock is set"),
    ],
)
def test_a_problem_is_said_in_plain_words(typed: dict[str, str], beside: str, said: str) -> None:
    group = next(group for group in FactGroup if beside in form_of(group).shown)
    form = form_of(group)
    made = changes(form, {**form.shown, **typed})
    assert made.problems[beside].startswith(said)


def test_rows_of_allergies_count_only_where_they_are_shown() -> None:
    form = form_of(FactGroup.CLINICAL)
    for chosen, value in (("none_known", "none_known"), ("", None)):
        typed = {**form.shown, "patient.allergies": chosen, "patient.allergies[2].substance": "sulfa"}
        assert changes(form, typed) == Changes(facts={"patient.allergies": value})
    emptied = {name: "" for name in form.shown if name.startswith("patient.allergies[")}
    made = changes(form, {**form.shown, **emptied})
    assert made.problems == {"patient.allergies[0].substance": "Enter at least one allergy."}


def test_a_dose_in_words_takes_the_place_of_the_number_and_the_other_way_round() -> None:
    form, at = form_of(FactGroup.CLINICAL), "order.medications[0]"
    assert form.shown[f"{at}.dose"] == ""
    in_words = {f"{at}.dose_quantity.value": "", f"{at}.dose_quantity.unit": "", f"{at}.dose": "as directed"}
    made = with_facts(known(), changes(form, {**form.shown, **in_words}).facts).order.medications
    assert (made[0].dose, made[0].dose_quantity) == ("as directed", None)
    second = "order.medications[1]"
    assert form.shown[f"{second}.dose"] == "as directed"
    number = {f"{second}.dose": "", f"{second}.dose_quantity.value": "10", f"{second}.dose_quantity.unit": "mL"}
    made = with_facts(known(), changes(form, {**form.shown, **number}).facts).order.medications
    assert (made[1].dose, made[1].dose_quantity.model_dump() if made[1].dose_quantity else None) == (
        "10 mL",
        {"value": 10, "unit": "mL"},
    )


def test_a_dose_that_the_source_told_in_two_ways_is_shown_as_it_was_told() -> None:
    told = {"dose": "1 g", "dose_quantity": {"value": 2, "unit": "g"}}
    shown = DoseInput(path="order.medications[0]", label="Dose").shown(told)
    assert list(shown.values()) == ["2", "g", "1 g"]


@pytest.mark.parametrize(
    ("group", "at", "count"), [(FactGroup.COVERAGE, "coverages", 1), (FactGroup.CLINICAL, "order.medications", 1)]
)
def test_a_row_is_removed_and_what_else_was_changed_comes_along(group: FactGroup, at: str, count: int) -> None:
    form = form_of(group)
    changed, value = (
        (f"{at}[1].member_id", "M201") if group is FactGroup.COVERAGE else (f"{at}[1].frequency", "every 8 hours")
    )
    made = changes(form, {**form.shown, f"{at}[0].keep": REMOVE, changed: value})
    assert list(made.facts) == [at]
    amended = tree(with_facts(known(), made.facts, today=TODAY))
    expected = tree(with_facts(known(), {changed: value}))
    assert value_at(amended, at) == [value_at(expected, f"{at}[1]")]
    assert without(amended, at) == without(expected, at)
    every = {section.keep: REMOVE for section in form.sections if section.removable}
    assert changes(form, {**form.shown, **every}).facts == {at: None}


def test_a_new_row_is_added_after_the_others() -> None:
    form = form_of(FactGroup.COVERAGE)
    new = {"order": "secondary", "relationship": "self", "payer.name": "Third Plan", "member_id": "M3"}
    made = changes(form, {**form.shown, **{f"coverages[2].{name}": text for name, text in new.items()}})
    assert made == Changes(facts={f"coverages[2].{name}": text for name, text in new.items()})
    amended = with_facts(known(), made.facts, today=TODAY)
    assert amended.coverages[:2] == known().coverages
    assert amended.coverages[2].payer.name == "Third Plan"


@pytest.mark.parametrize("part", ["patient.caregiver", "patient.alternate_contact", "coverages[0].subscriber"])
def test_a_person_of_whom_nothing_is_left_is_removed(part: str) -> None:
    group = group_of(part)
    form = form_of(group)
    typed = {name: "" if name.startswith(f"{part}.") else text for name, text in form.shown.items()}
    made = changes(form, typed)
    assert made == Changes(facts={part: None})
    assert value_at(tree(with_facts(known(), made.facts)), part) is None


def test_every_fact_that_a_person_may_change_has_an_input_in_its_group() -> None:
    for path in EVERY:
        group = group_of(path)
        excused = any(path == one or path.startswith(f"{one}.") for one in WITHOUT_INPUT)
        assert any(_covers(each, path) for each in form_of(group).inputs) is not excused, path


def _covers(each: FactInput, path: str) -> bool:
    names = {re.sub(r"\[[0-9]+\]", "[0]", name) for name in each.names}
    told = {f"{each.path}.value", f"{each.path}.unit"} if each.path.endswith("duration") else set()
    return path in names | told or path == each.path or path == each.path.removesuffix("[0]")


def test_no_input_is_of_another_group() -> None:
    for group in FactGroup:
        for each in form_of(group).inputs:
            assert group_of(each.path) is group, each.path
