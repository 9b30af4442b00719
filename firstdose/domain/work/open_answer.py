"""What a message to a workflow may say in the clear: words of ours, dates, numbers, ids, codes and sealed texts."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, Final

from firstdose.domain.care.gates import Gate
from firstdose.domain.referral.referral import DocumentKind
from firstdose.domain.sealed_text import OURS, is_code, is_sealed_text
from firstdose.domain.work.reasons import HoldReason, OverrideReason
from firstdose.domain.work.resolutions import OF_KIND
from firstdose.domain.work.role import ActorKind, Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind

_UUID: Final = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_SHAPES: Final = (
    re.compile(rf"(referral-)?{_UUID}"),
    re.compile(rf"{_UUID}(-({'|'.join(WorkItemKind)})(-[0-9a-f]{{8}})?)?-[0-9]{{1,6}}"),
    re.compile(r"override-[0-9]{1,4}"),
    re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([Tt ][0-9:.]{5,15}(Z|[+-][0-9]{2}:?[0-9]{2})?)?"),
    re.compile(r"[0-9]{1,7}(\.[0-9]{1,4})?"),  # an amount, too short for a phone
)


def not_open(told: object, known: Iterable[str] = ()) -> Iterator[str]:
    """The paths in `told`, JSON, of texts and names that could say anything; `known` texts are accepted too."""
    yield from _not_open(told, "", frozenset(known))


def _not_open(told: object, path: str, known: frozenset[str]) -> Iterator[str]:
    if isinstance(told, Mapping):
        for name, value in told.items():
            if name in _names():
                yield from _not_open(value, f"{path}.{name}".lstrip("."), known)
            else:  # a name that somebody made up is not repeated
                yield f"{path}.<unknown field>".lstrip(".")
    elif isinstance(told, list | tuple):
        for number, value in enumerate(told):
            yield from _not_open(value, f"{path}[{number}]", known)
    elif isinstance(told, str) and not (told in known or _is_open(told)):
        yield path


def _is_open(text: str) -> bool:
    return (
        text in _words()
        or is_code(text)
        or is_sealed_text(text)
        or any(shape.fullmatch(text) is not None for shape in _SHAPES)
    )


@cache
def _words() -> frozenset[str]:
    enumerations = (DocumentKind, HoldReason, OverrideReason, Gate, Closing, Role, ActorKind)
    ours = {str(member.value) for each in enumerations for member in each}
    return frozenset(ours | OURS | {word for schema in _schemas() for word in _said(schema)})


@cache
def _names() -> frozenset[str]:
    steering = {"actor", "id", "kind", "roles", "item_id", "referral_id", "resolution", "reason", "until", "gate"}
    more = {"override_id", "revision", "contact_id", "refused", "ask"}
    more |= {"patient_confirmed"}  # of answers from before there was `confirm_time`
    return frozenset(steering | more | {name for schema in _schemas() for name in _properties(schema)})


def _schemas() -> list[dict[str, Any]]:
    return [model.model_json_schema() for model in OF_KIND.values()]


def _said(schema: object) -> Iterator[str]:
    """Words of enumerations and literals, at any depth."""
    if isinstance(schema, dict):
        yield from (word for word in (*schema.get("enum", ()), schema.get("const")) if isinstance(word, str))
        for value in schema.values():
            yield from _said(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _said(value)


def _properties(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(properties := schema.get("properties"), dict):
            yield from properties
        for value in schema.values():
            yield from _properties(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _properties(value)
