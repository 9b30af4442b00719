"""The form of a group of facts: its sections with their inputs, and what these show of what is known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from zoneinfo import ZoneInfo

from desk.web.facts import table
from desk.web.facts.inputs import FactInput
from firstdose.domain.referral.fact_groups import FactGroup
from firstdose.domain.referral.paths import steps
from firstdose.domain.referral.referral import Referral

KEEP: Final = "keep"
REMOVE: Final = "remove"
_SPARE_ALLERGIES: Final = 3
_MOST_ROWS: Final = 10
"""Of coverages and of medications, as the model has them."""
CAREGIVER: Final = "patient.caregiver"
ALTERNATE: Final = "patient.alternate_contact"


@dataclass(frozen=True, kw_only=True)
class FactSection:
    """`at` is where a row of a list stands, `coverages[0]`; `new` is the one after the last."""

    title: str
    inputs: tuple[FactInput, ...]
    at: str = ""
    new: bool = False
    removable: bool = False
    objects: tuple[str, ...] = ()
    """Parts that are there or not: with all inputs empty the whole part is removed."""

    @property
    def keep(self) -> str:
        """The name of the choice to keep the row or to remove it."""
        return f"{self.at}.{KEEP}"

    @property
    def names(self) -> Iterator[str]:
        for each in self.inputs:
            yield from each.names
        if self.removable:
            yield self.keep


@dataclass(frozen=True, kw_only=True)
class FactForm:
    """`shown` is what the inputs hold at first, by their names."""

    group: FactGroup
    sections: tuple[FactSection, ...]
    shown: Mapping[str, str] = field(repr=False)

    @property
    def inputs(self) -> Iterator[FactInput]:
        for section in self.sections:
            yield from section.inputs


def fact_form(group: FactGroup, referral: Referral, zone: ZoneInfo) -> FactForm:
    """`zone` is the staff's, for a patient whose own is not known."""
    tree = referral.model_dump(mode="json")
    told = referral.patient.time_zone
    match group:
        case FactGroup.CLINICAL:
            sections = _clinical(tree)
        case FactGroup.COVERAGE:
            sections = _coverage(tree)
        case FactGroup.CONTACT:
            sections = _contact(ZoneInfo(told) if told else zone, told)
    shown = {name: text for section in sections for name, text in _shown(section, tree)}
    return FactForm(group=group, sections=tuple(sections), shown=shown)


def value_at(tree: Any, path: str) -> Any:
    """None where there is no such thing."""
    node = tree
    for step in steps(path):
        try:
            node = node[step]
        except (LookupError, TypeError):
            return None
    return node


def as_typed(text: str) -> str:
    """Without what a browser adds to a text, and without blanks around it."""
    return text.replace("\r\n", "\n").strip()


def _shown(section: FactSection, tree: Any) -> Iterator[tuple[str, str]]:
    for each in section.inputs:
        known = value_at(tree, each.path)
        yield from ((name, as_typed(text)) for name, text in each.shown(known).items())
    if section.removable:
        yield section.keep, KEEP


def _clinical(tree: Any) -> list[FactSection]:
    allergies = value_at(tree, "patient.allergies")
    rows = (len(allergies) if isinstance(allergies, list) else 0) + _SPARE_ALLERGIES
    return [
        FactSection(title="Patient", inputs=table.patient_clinical(rows)),
        FactSection(title="Order", inputs=table.order()),
        *_rows(tree, table.MEDICATIONS, "Medication"),
    ]


def _coverage(tree: Any) -> list[FactSection]:
    documents = range(len(value_at(tree, table.DOCUMENTS) or ()))
    return [
        FactSection(title="Patient and prescriber", inputs=table.person()),
        *_rows(tree, table.COVERAGES, "Coverage"),
        *(
            FactSection(title=f"Document {row + 1}", inputs=table.document(f"documents[{row}]"), at=f"documents[{row}]")
            for row in documents
        ),
    ]


def _contact(zone: ZoneInfo, known_zone: str | None) -> list[FactSection]:
    return [
        FactSection(title="Patient", inputs=table.reaching(zone, known_zone)),
        FactSection(title="Caregiver", inputs=table.caregiver(CAREGIVER), objects=(CAREGIVER,)),
        FactSection(title="Another person to ask for", inputs=table.caregiver(ALTERNATE), objects=(ALTERNATE,)),
        FactSection(title="At the prescriber’s", inputs=table.office("prescriber")),
        FactSection(title="Referral source", inputs=table.source()),
    ]


def _rows(tree: Any, path: str, one: str) -> Iterator[FactSection]:
    """Each that there is, and a new one."""
    known = len(value_at(tree, path) or ())
    for row in range(min(known + 1, _MOST_ROWS)):
        at, new = f"{path}[{row}]", row == known
        of_plan = path == table.COVERAGES
        yield FactSection(
            title=f"Another {one.lower()}" if new else f"{one} {row + 1}",
            inputs=table.coverage(at, new=new) if of_plan else table.medication(at),
            at=at,
            new=new,
            removable=not new,
            objects=(f"{at}.subscriber",) if of_plan else (),
        )
