"""A posted form of a work item as the answer that the API takes: what is shown for the outcome, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from desk.web.forms import PostedForm
from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.choices import OutcomeField
from desk.web.item_forms.fields import LongText
from desk.web.item_forms.place import FieldPlace, FormReading
from desk.web.item_forms.table import form_of

NOTE = LongText(key="note", label="Note", optional=True)


@dataclass(frozen=True, kw_only=True)
class ReadForm:
    """`problems` are by name of input; `names` has the input of each path of the answer."""

    answer: dict[str, Any]
    problems: Mapping[str, str]
    names: Mapping[str, str]


def read_item_form(asked: AskedItem, posted: PostedForm) -> ReadForm:
    reading = FormReading(form=posted)
    place = FieldPlace(prefix="", path="", into={})
    for each in (form_of(asked), NOTE):
        each.read(reading, place)
    return ReadForm(answer=place.into, problems=reading.problems, names=reading.names)


def known_values(made: OutcomeField) -> dict[str, str]:
    """What the form is filled with before anybody typed."""
    return dict(made.known_values(""))
