"""A source's facts become a referral: what cannot be read is left out and asked about.

That holds as long as it is plain who is meant.
"""

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from datetime import date
from typing import Any

from pydantic import ValidationError

from firstdose.domain.referral.ambiguity import AMBIGUOUS
from firstdose.domain.referral.amounts import read_dose, same_dose
from firstdose.domain.referral.frequency import frequency_code
from firstdose.domain.referral.order import Medication, in_full, medication_path, short_path
from firstdose.domain.referral.paths import joined
from firstdose.domain.referral.question import Question, QuestionReason, question
from firstdose.domain.referral.referral import ALLERGY_TAGS, Referral

_IDENTITY = ("source_referral_id", "patient.birth_date")
_UNREADABLE = object()


def read_referral(
    facts: Mapping[str, Any], *, today: date, questions: Sequence[Question] = (), strict: bool = False
) -> Referral:
    """The referral, with a question for each value that was left out and each text that is not understood.

    `today` is the latest day that a date in the past may have. With `strict` (our own JSON, which has a schema) only
    what is ambiguous is left out.

    Raises:
        ValidationError: who is meant is in doubt, or with `strict` a wrong type or an impossible value.
    """
    tree, asked = deepcopy(dict(facts)), list(questions)
    if "order" in tree:
        tree["order"] = in_full(tree["order"])
    while True:
        try:
            referral = Referral.read({**tree, "questions": [one.model_dump() for one in asked]}, today=today)
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=True, include_input=False)
            if any(not _may_be_left_out(detail, strict=strict) for detail in details):
                raise
            if not (left_out := list(_leave_out(tree, details))):
                raise
            asked += left_out
            continue
        return referral.model_copy(update={"questions": (*referral.questions, *_texts_not_understood(referral))})


def _may_be_left_out(detail: Mapping[str, Any], *, strict: bool) -> bool:
    return detail["type"] == AMBIGUOUS if strict else _path(detail) not in _IDENTITY


def _path(detail: Mapping[str, Any]) -> str:
    return joined(step for step in detail["loc"] if step not in ALLERGY_TAGS)


def _leave_out(tree: dict[str, Any], details: Sequence[Mapping[str, Any]]) -> Iterator[Question]:
    """Lists lose the parts that cannot be read, and what is beyond their longest."""
    for detail in details:
        steps = _there(tree, [step for step in detail["loc"] if step not in ALLERGY_TAGS])
        if not steps:
            continue
        node = _at(tree, steps[:-1])
        value, most = node[steps[-1]], (detail.get("ctx") or {}).get("max_length")
        if detail["type"] == "too_long" and isinstance(value, list) and most:
            yield question(short_path(joined(steps)), QuestionReason.TOO_MANY, _leaves(value[most:]))
            node[steps[-1]] = value[:most]
        else:
            fact = steps[:-1] if isinstance(steps[-1], int) else steps
            yield question(short_path(joined(fact)), QuestionReason.NOT_UNDERSTOOD, _leaves(value))
            node[steps[-1]] = _UNREADABLE
    _sweep(tree)


def _there(tree: object, steps: list[str | int]) -> list[str | int]:
    """The steps as far as there is something: a part that is missing makes what it belongs to unreadable."""
    while steps and _at(tree, steps) in (None, _UNREADABLE):
        steps = steps[:-1]
    return steps


def _at(tree: object, steps: Sequence[str | int]) -> Any:
    node: Any = tree
    for step in steps:
        try:
            node = node[step]
        except (LookupError, TypeError):
            return None
    return node


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        for part in value.values():
            yield from _leaves(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _leaves(part)
    elif value is not None:
        yield value


def _sweep(node: Any) -> None:
    if isinstance(node, dict):
        for name in [name for name, value in node.items() if value is _UNREADABLE]:
            del node[name]
        for value in node.values():
            _sweep(value)
    elif isinstance(node, list):
        node[:] = [value for value in node if value is not _UNREADABLE]
        for value in node:
            _sweep(value)


def _texts_not_understood(referral: Referral) -> Iterator[Question]:
    """A dose or frequency that is no entry of the vocabulary is kept as it came, and asked about."""
    for index, medication in enumerate(referral.order.medications):
        if medication.frequency and frequency_code(medication.frequency) is None:
            path = medication_path(index, "frequency")
            yield question(path, QuestionReason.NOT_UNDERSTOOD, [medication.frequency])
        yield from _dose_not_understood(medication, medication_path(index, "dose"))


def _dose_not_understood(medication: Medication, path: str) -> Iterator[Question]:
    told, quantity = medication.dose, medication.dose_quantity
    if told is None:
        return
    amount = read_dose(told)
    if quantity is None:
        yield question(path, QuestionReason.NOT_UNDERSTOOD, [told])
    elif amount and not same_dose(amount, (quantity.value, quantity.unit)):
        yield question(path, QuestionReason.SEVERAL, [told, f"{quantity.value:g} {quantity.unit}"])
