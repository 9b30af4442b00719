"""A form of facts that was shown before somebody else changed them: what was typed is kept, beside what came since."""

from collections.abc import Iterator
from typing import NamedTuple

from desk.web.facts.fact_form import FactForm, FactSection
from desk.web.facts.inputs import FactInput, Typed, same


class MergedForm(NamedTuple):
    """What the inputs hold now, and what is said beside those that both have changed."""

    values: dict[str, str]
    problems: dict[str, str]


def merge(before: FactForm, now: FactForm, typed: Typed) -> MergedForm:
    """Inputs that this person did not change hold what came since; the others what was typed."""
    values, problems = dict(now.shown), dict[str, str]()
    known = set(now.shown)
    for section, each in _inputs(before):
        if not all(name in typed for name in each.names) or same(typed, before.shown, each.names):
            continue
        values |= {name: typed[name] for name in each.names}
        if not set(each.names) <= known:
            problems[""] = (
                f"“{section.title}: {each.label}” is not on the form any more, and what you typed there is lost."
            )
        elif not same(now.shown, before.shown, each.names) and not same(now.shown, typed, each.names):
            problems[each.names[0]] = f"Meanwhile it was changed to {_said(each, now.shown)}. Enter what is right."
    values |= _kept(before, now, typed)
    return MergedForm(values, problems)


def _inputs(form: FactForm) -> Iterator[tuple[FactSection, FactInput]]:
    return ((section, each) for section in form.sections for each in section.inputs)


def _kept(before: FactForm, now: FactForm, typed: Typed) -> dict[str, str]:
    """What was chosen to be removed, where that row is as it was."""
    return {
        section.keep: typed[section.keep]
        for section in before.sections
        if section.removable
        and section.keep in typed
        and section.keep in now.shown
        and all(now.shown.get(name) == before.shown[name] for name in section.names)
    }


def _said(each: FactInput, shown: Typed) -> str:
    """As the inputs would show it."""
    choices = dict(getattr(each, "choices", ())) | {"yes": "Yes", "no": "No"}
    parts = [choices.get(shown[name], shown[name]) for name in each.names if shown[name]]
    return f"“{', '.join(' / '.join(part.splitlines()) for part in parts)}”" if parts else "nothing"
