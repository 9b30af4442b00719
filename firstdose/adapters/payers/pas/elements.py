"""Reading FHIR that strangers wrote: what is missing, of a wrong type or too long is simply not there."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import orjson

from firstdose.adapters.payers.pas.terminology import Element
from firstdose.domain.sealed_text import LONGEST_SENTENCE


class UnreadableFhir(Exception):
    """The bytes are not the expected message. The text has none of their content."""


def parse(raw: bytes) -> Element:
    """A JSON object. Raises Unreadable."""
    try:
        parsed = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise UnreadableFhir("not JSON") from None
    if not isinstance(parsed, dict):
        raise UnreadableFhir("not a JSON object")
    return parsed


def unwrapped(root: Element) -> Element:
    """What an operation returns, where it comes as the only resource in Parameters."""
    if root.get("resourceType") != "Parameters":
        return root
    inside = [part(parameter, "resource") for parameter in parts(root, "parameter") if has(parameter, "resource")]
    return inside[0] if len(inside) == 1 else root


def parts(element: Element, name: str) -> Iterator[Element]:
    """The objects in the list `name`; a single object counts as a list of one."""
    value = element.get(name)
    for part in value if isinstance(value, list) else [value]:
        if isinstance(part, dict):
            yield part


def has(element: Element, name: str) -> bool:
    """Whether there is an object at all, be it empty."""
    return next(parts(element, name), None) is not None


def part(element: Element, *path: str) -> Element:
    """The object at the path, the first where there is a list; empty if there is none."""
    for name in path:
        element = next(parts(element, name), {})
    return element


def resources(root: Element, resource_type: str) -> Iterator[Element]:
    """The resource itself, a Bundle's entries and what they contain, of this type; nested Bundles are not opened."""
    if root.get("resourceType") == resource_type:
        yield root
    for entry in parts(root, "entry"):
        resource = part(entry, "resource")
        if resource.get("resourceType") == resource_type:
            yield resource
        for contained in parts(resource, "contained"):
            if contained.get("resourceType") == resource_type:
                yield contained


def extensions(element: Element, name: str) -> Iterator[Element]:
    """Extensions by the last part of their URL: old servers have other prefixes."""
    for extension in parts(element, "extension"):
        url = extension.get("url")
        if isinstance(url, str) and url.rpartition("/")[2] == name:
            yield extension


def short_text(value: object, limit: int = 80) -> str | None:
    """A short printable text; anything else is None."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    return text if text and len(text) <= limit and text.isprintable() else None


def sentence(value: object) -> str | None:
    """As much of a text as a remark holds."""
    return (" ".join(value.split())[:LONGEST_SENTENCE] or None) if isinstance(value, str) else None


def in_words(concept: Element) -> str | None:
    """What the sender calls it: its text, else the first display."""
    told = (concept.get("text"), *(one.get("display") for one in parts(concept, "coding")))
    return next((text for one in told if (text := sentence(one))), None)


def codes(concept: Element, limit: int = 20) -> Iterator[str]:
    for one in parts(concept, "coding"):
        if code := short_text(one.get("code"), limit):
            yield code


def whole(value: object) -> int | None:
    """A quantity as a count; a part of a unit is no count."""
    amount = money(value)
    return int(amount) if amount is not None and amount == int(amount) else None


def money(value: object) -> Decimal | None:
    """A finite amount from zero up to a billion."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    amount = Decimal(str(value))
    return amount if amount.is_finite() and 0 <= amount < 1_000_000_000 else None


def day(value: object) -> date | None:
    """The day of a FHIR date or dateTime; a month or a year is no day."""
    try:
        return date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None


def identifiers(element: Any) -> Iterator[str]:
    """The values of an `identifier`, be it one or a list."""
    if isinstance(element, dict):
        for identifier in parts(element, "identifier"):
            if value := short_text(identifier.get("value")):
                yield value
