"""The form of one kind of work item: which outcomes there are, and the fields of each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.choices import ChoiceOption, OutcomeField
from desk.web.item_forms.fact_fields import fact_fields, without_field
from desk.web.item_forms.fields import FormField, LongText
from desk.web.item_forms.place import FACTS, FieldPlace, FormReading


@dataclass(frozen=True, kw_only=True)
class FactGroupField(FormField):
    """Facts that may be told with the answer."""

    shape = "group"
    key: str = FACTS
    fields: tuple[FormField, ...]

    def read(self, reading: FormReading, place: FieldPlace) -> None:
        for each in self.fields:
            each.read(reading, place)


def outcome(question: str, *options: ChoiceOption) -> OutcomeField:
    return OutcomeField(label=question, options=options)


def note(label: str = "Note", hint: str = "") -> LongText:
    return LongText(key="note", label=label, hint=hint, optional=True)


def facts(asked: AskedItem, label: str, paths: Iterable[str]) -> tuple[FormField, ...]:
    """Nothing where this person may tell none of them."""
    fields = fact_fields(asked, paths)
    hint = "Leave empty what has not changed, or is not known."
    return (FactGroupField(label=label, hint=hint, fields=fields),) if fields else ()


def missing_facts(asked: AskedItem, paths: Sequence[str]) -> tuple[FormField, ...]:
    """What has no input here is named, so that nobody looks for it."""
    elsewhere = without_field(asked, paths)
    hint = "Leave empty what you could not find out."
    if elsewhere:
        hint = f"{hint} Change on the page of the referral: {', '.join(elsewhere)}."
    return (FactGroupField(label="What was missing", hint=hint, fields=fact_fields(asked, paths)),)


def only(made: OutcomeField, options: Iterable[str]) -> OutcomeField:
    """The form with these outcomes alone."""
    offered = frozenset(options)
    return replace(made, options=tuple(each for each in made.options if each.value in offered))
