"""Facts of the referral as typed inputs: a label with its unit, and what is known beside it.

An input is empty until somebody types: what is known stays as it is, and is not told again by whoever answers.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from functools import partial
from typing import Any, Final, cast

from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.choices import ChoiceField, ChoiceOption, in_words, not_known, option
from desk.web.item_forms.fields import (
    ABSENT,
    CannotRead,
    DayField,
    FormField,
    LongText,
    Measurement,
    MomentField,
    TextList,
    ValueField,
    WholeNumber,
)
from desk.web.item_forms.known_facts import known_words
from desk.web.item_forms.place import FACTS, joined
from firstdose.domain.referral.fact_names import fact_name
from firstdose.domain.referral.facts import ALLERGIES
from firstdose.domain.referral.order import Route, Site, TherapyKind, short_path
from firstdose.domain.referral.referral import LineOfBusiness, Relationship, Sex, Urgency

_LEAVE: Final = "Leave it as it is"
_ALLERGY: Final = re.compile(r"(?P<substance>[^()]+?)\s*(\((?P<reaction>[^()]*)\))?")
_FIRST_INDEX: Final = re.compile(r"\[[0-9]+\]")

Made = Callable[[str, str, str, AskedItem], FormField]
"""From the key, the label, the hint and what the form is for."""


def fact_fields(asked: AskedItem, paths: Iterable[str]) -> tuple[FormField, ...]:
    """Those that there is an input for, and that this person may tell."""
    return tuple(fact_field(asked, path) for path in _each_once(paths) if has_field(path) and asked.may_tell(path))


def without_field(asked: AskedItem, paths: Iterable[str]) -> tuple[str, ...]:
    """The names of the facts for which the form has no input for this person."""
    return tuple(fact_name(path) for path in _each_once(paths) if not (has_field(path) and asked.may_tell(path)))


def has_field(path: str) -> bool:
    return _pattern(path) in _FIELDS


def fact_field(asked: AskedItem, path: str) -> FormField:
    """Raises KeyError for a fact without a field."""
    label, make, hint = _FIELDS[_pattern(path)]
    known = known_words(asked, path)
    told = " ".join(part for part in (hint, f"Now: {known}" if known else "") if part)
    return make(joined(FACTS, path), label or _label(path), told, asked)


def _each_once(paths: Iterable[str]) -> Iterator[str]:
    """A referral without any coverage asks for `coverages`: what is needed of the first."""
    wanted = [each for path in paths for each in (_OF_COVERAGE if path == "coverages" else (short_path(path),))]
    yield from dict.fromkeys(wanted)


def _label(path: str) -> str:
    name = fact_name(path)
    return f"{name[:1].upper()}{name[1:]}"


def _pattern(path: str) -> str:
    """`order.medications[1].dose` is `order.dose` of another medication."""
    name = _FIRST_INDEX.sub("[]", path)
    return name.replace("order.medications[].", "order.")


def _text(kind: type[ValueField], key: str, label: str, hint: str, _asked: AskedItem, **more: Any) -> FormField:
    return kind(key=key, label=label, hint=hint, optional=True, **more)


def _moment(key: str, label: str, hint: str, asked: AskedItem) -> FormField:
    return MomentField(key=key, label=label, hint=hint, optional=True, zone=asked.zone)


def _yes_no(key: str, label: str, hint: str, _asked: AskedItem) -> FormField:
    options = (
        ChoiceOption(value="yes", label="Yes", gives=True),
        ChoiceOption(value="no", label="No", gives=False),
        not_known(_LEAVE),
    )
    return ChoiceField(key=key, label=label, hint=hint, options=options, pair=True)


def _one_of(codes: type[StrEnum], key: str, label: str, hint: str, _asked: AskedItem) -> FormField:
    options = [option(value, said) for value, said in in_words(codes)]
    return ChoiceField(key=key, label=label, hint=hint, options=(*options, not_known(_LEAVE)))


class AllergyList(TextList):
    """One on each line: `penicillin (rash)`."""

    def parse(self, text: str) -> object:
        return [_allergy(line) for line in cast("list[str]", super().parse(text))]


def _allergy(line: str) -> dict[str, str]:
    found = _ALLERGY.fullmatch(line)
    if found is None:
        raise CannotRead("Write each as: penicillin (rash).")
    return {name: told for name, told in found.groupdict().items() if told}


def _allergies(key: str, label: str, hint: str, _asked: AskedItem) -> FormField:
    listed = AllergyList(
        key=key,
        label="Each allergy on a line of its own",
        hint="With the reaction in parentheses: penicillin (rash)",
        ask="Enter the allergies.",
    )
    options = (
        option("none_known", "No known allergies"),
        ChoiceOption(value="listed", label="Allergies", gives=ABSENT, fields=(listed,)),
        not_known(_LEAVE),
    )
    return ChoiceField(key=key, label=label, hint=hint, options=options)


class TypedDocument(LongText):
    """A document typed in: in the answer a plain text."""

    title = "Clinical note"

    def parse(self, text: str) -> object:
        data = b64encode(cast("str", super().parse(text)).encode()).decode()
        return {"content_type": "text/plain", "title": self.title, "data": data}


_line = partial(_text, ValueField)
_lines = partial(_text, TextList)
_day = partial(_text, DayField)
_OF_COVERAGE: Final = ("coverages[0].payer.name", "coverages[0].payer.id", "coverages[0].member_id")
_EACH_LINE: Final = "Each on a line of its own."

_FIELDS: Final[Mapping[str, tuple[str, Made, str]]] = {
    "urgency": ("Urgency", partial(_one_of, Urgency), ""),
    "discharge_at": ("Discharge", _moment, ""),
    "source.phone": ("Phone of the referral source", _line, ""),
    "patient.family_name": ("Family name", _line, ""),
    "patient.given_name": ("Given name", _line, ""),
    "patient.birth_date": ("Birth date", _day, ""),
    "patient.sex": ("Sex", partial(_one_of, Sex), "As the plan has it."),
    "patient.phones": ("Phone numbers of the patient", _lines, _EACH_LINE),
    "patient.email": ("Email of the patient", _line, ""),
    "patient.language": ("Language of the patient", _line, ""),
    "patient.address.line": ("Street address", _lines, "Where the visit is: no P.O. box."),
    "patient.address.city": ("City", _line, ""),
    "patient.address.state": ("State", _line, "Two letters, such as OH."),
    "patient.address.postal_code": ("ZIP code", _line, ""),
    "patient.weight_kg": ("Weight, kg", partial(_text, Measurement), ""),
    "patient.weighed_on": ("Weighed on", _day, ""),
    ALLERGIES: ("Allergies", _allergies, ""),
    "patient.caregiver.name": ("Name of the caregiver", _line, ""),
    "patient.caregiver.phone": ("Phone of the caregiver", _line, ""),
    "patient.contact_allowed": ("May we contact the patient?", _yes_no, ""),
    "patient.time_zone": ("Time zone of the patient", _line, "Such as America/Chicago."),
    "patient.history": ("History and medicines", partial(_text, LongText), "The whole text replaces what is there."),
    "coverages[].payer.name": ("", _line, ""),
    "coverages[].payer.id": ("", _line, "As it stands in our list of payers."),
    "coverages[].line_of_business": ("", partial(_one_of, LineOfBusiness), ""),
    "coverages[].member_id": ("", _line, ""),
    "coverages[].group": ("", _line, ""),
    "coverages[].relationship": ("", partial(_one_of, Relationship), "The patient is the subscriber’s …"),
    "prescriber.npi": ("NPI of the prescriber", _line, "10 digits."),
    "prescriber.name": ("Name of the prescriber", _line, ""),
    "prescriber.phone": ("Phone of the prescriber", _line, ""),
    "prescriber.fax": ("Fax of the prescriber", _line, ""),
    "order.therapy": ("Therapy", partial(_one_of, TherapyKind), ""),
    "order.drug.name": ("", _line, ""),
    "order.drug.hcpcs": ("", _line, "One letter and four digits."),
    "order.drug.ndc": ("", _line, ""),
    "order.dose": ("", _line, "With its unit: 2 g."),
    "order.route": ("", partial(_one_of, Route), ""),
    "order.frequency": ("", _line, "Such as every 12 hours."),
    "order.duration_days": ("", partial(_text, WholeNumber, least=1, most=3650), ""),
    "order.diagnoses": ("Diagnoses, ICD-10-CM", _lines, _EACH_LINE),
    "order.access_device": ("Access device", _line, "Such as PICC, or port."),
    "order.pump": ("Pump", _line, ""),
    "order.first_dose_given": ("Was the first dose given before?", _yes_no, ""),
    "order.needs_nursing": ("Does the order ask for a nurse?", _yes_no, ""),
    "order.site": ("Where it is given", partial(_one_of, Site), ""),
    "order.requested_start": ("Requested start", _day, ""),
    "order.signed_on": ("The order was signed on", _day, ""),
    "order.anaphylaxis_kit_ordered": ("Was an anaphylaxis kit ordered?", _yes_no, ""),
    "documents.clinical_note": ("Text of the clinical note", partial(_text, TypedDocument), "Typed or pasted."),
}
"""By path, for any place in a list: label (the fact's own name where it is empty), field, hint."""
