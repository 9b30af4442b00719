"""An HL7 v2 message in its ER7 encoding: segments, fields, repetitions, components, by the numbers of the standard.

The hl7 package splits. It does not unescape for us: its unescape writes what it cannot read, the value, to the log.
"""

import re
from collections.abc import Iterator
from typing import Any

import hl7

from desk.intake.hl7v2_charset import decoded
from desk.intake.hl7v2_text import unescaped
from desk.intake.problems import Unparseable
from firstdose.domain.referral.nothing import is_nothing

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SEPARATORS = re.compile(rb"MSH\|\^~\\&#?(?=[|\r\n]|$)")
_FRAME = b"\x0b\x1c\r\n\t "
_MOST_SEPARATORS = 20_000
_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}(\||$)")
_BREAK = "\\.br\\"


class Hl7Segment:
    """One segment. `at` names it and one of its fields as the source would: `PID-7`, `IN1[2]-36`."""

    def __init__(self, fields: Any, occurrence: int = 1, codec: str = "utf-8") -> None:
        self._fields = fields
        self._occurrence = occurrence
        self._codec = codec
        self.name = _first(_part(fields, 1))

    def at(self, field: int) -> str:
        repeat = f"[{self._occurrence}]" if self._occurrence > 1 else ""
        return f"{self.name}{repeat}-{field}"

    def get(self, field: int, component: int = 1, repetition: int = 1, part: int | None = None) -> str:
        """The unescaped text, or that of one subcomponent; empty when there is none or it says nothing.

        Without `part` a component that was split is whole again: many write an `&` that they should escape.
        """
        told = self.told(field, component, repetition, part)
        return "" if is_nothing(told) else told

    def told(self, field: int, component: int = 1, repetition: int = 1, part: int | None = None) -> str:
        """The same, also where the text says that there is nothing."""
        node = _part(_part(_part(self._fields, field + 1), repetition), component)
        return self._read(_joined(node, "&") if part is None else _first(_part(node, part)))

    def whole(self, field: int, repetition: int = 1) -> str:
        """A field that has no components, also where an unescaped `^` seems to make some."""
        node = _part(_part(self._fields, field + 1), repetition)
        parts = [node] if isinstance(node, str) else [_joined(part, "&") for part in node]
        told = self._read("^".join(parts))
        return "" if is_nothing(told) else told

    def repetitions(self, field: int) -> range:
        found = _part(self._fields, field + 1)
        return range(1, (len(found) if isinstance(found, list) else bool(found)) + 1)

    def number(self, field: int, *, otherwise: int) -> int:
        """A whole number such as a set id or a priority."""
        told = self.get(field)
        return int(told) if told.isdecimal() and len(told) < 6 else otherwise

    def _read(self, text: str) -> str:
        return unescaped(text.strip(), self._codec).strip()


class Er7:
    """A message as its segments, in order.

    Raises:
        Unparseable: not one message with the standard's separators, another character set, or built to exhaust.
    """

    def __init__(self, body: bytes, charset: str | None = None) -> None:
        text, codec = _text(body, charset)
        self.segments: list[Hl7Segment] = []
        self._named: dict[str, list[Hl7Segment]] = {}
        for fields in hl7.parse("\r".join(_lines(text))):
            known = self._named.setdefault(_first(_part(fields, 1)), [])
            known.append(Hl7Segment(fields, len(known) + 1, codec))
            self.segments.append(known[-1])
        if len(self.every("MSH")) != 1:
            raise Unparseable("several messages (MSH) in one body: send each in a request of its own")

    def every(self, name: str) -> list[Hl7Segment]:
        return self._named.get(name, [])

    def first(self, name: str) -> Hl7Segment:
        """The first of its name, or an empty one."""
        return next(iter(self.every(name)), Hl7Segment([[name]]))


def _text(body: bytes, charset: str | None) -> tuple[str, str]:
    body = body.removeprefix(_BYTE_ORDER_MARK).strip(_FRAME)
    if problem := _no_single_message(body):
        raise Unparseable(problem)
    if sum(body.count(separator) for separator in b"|^~&\r\n") > _MOST_SEPARATORS:
        raise Unparseable(f"more than {_MOST_SEPARATORS} fields and components")
    header = re.split(rb"[\r\n]", body, maxsplit=1)[0].split(b"|")
    named = header[17].split(b"~")[0].decode("ascii", "replace").strip() if len(header) > 17 else ""
    return decoded(body, "" if named == '""' else named, charset)


def _no_single_message(body: bytes) -> str | None:
    if b"\x00" in body:
        return "NUL characters are not accepted; is it UTF-16? Send UTF-8"
    if body.startswith((b"FHS", b"BHS")):
        return "a batch (FHS, BHS): send each message in a request of its own, beginning with MSH"
    if not body.startswith(b"MSH"):
        return "not an HL7 v2 message: it does not begin with the segment MSH"
    if not _SEPARATORS.match(body):
        return "MSH-1 and MSH-2 must be the separators |^~\\&"
    return None


def _lines(text: str) -> list[str]:
    """Segments end with CR; what passed through a text editor has LF or both. Other lines continue a text."""
    lines: list[str] = []
    for line in re.split(r"\r\n|[\r\n]", text):
        if _SEGMENT.match(line.strip()):
            lines.append(line.strip())
        elif line.strip():
            lines[-1] += _BREAK + line
    return lines


def _part(node: Any, number: int) -> Any:
    """The numbered part. A node that was not split further is its own first part."""
    if isinstance(node, str):
        return node if number == 1 else ""
    return node[number - 1] if number <= len(node) else ""


def _first(node: Any) -> str:
    while not isinstance(node, str):
        node = node[0] if len(node) else ""
    return str(node).strip()


def _joined(node: Any, separator: str) -> str:
    return node if isinstance(node, str) else separator.join(_leaves(node)).rstrip(separator)


def _leaves(node: Any) -> Iterator[str]:
    for part in node:
        if isinstance(part, str):
            yield part
        else:
            yield from _leaves(part)
