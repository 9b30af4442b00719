"""An HL7 v2 message in its ER7 encoding: segments, fields, repetitions, components, by the numbers of the standard.

The hl7 package splits. It does not unescape for us: its unescape writes what it cannot read, the value, to the log.
"""

import re
from collections.abc import Iterator
from typing import Any

import hl7

from desk.intake.problems import Unparseable

_HEADER = re.compile(rb"MSH\|\^~\\&#?\|")
_CHARACTER_SETS = {"": "utf-8", "ASCII": "ascii", "UNICODE UTF-8": "utf-8", "8859/1": "iso-8859-1"}
_FRAME = b"\x0b\x1c\r\n\t "
_MOST_SEPARATORS = 20_000
_ESCAPES = {"F": "|", "S": "^", "R": "~", "E": "\\", "T": "&", ".br": "\n"}
_ESCAPE = re.compile(r"\\(F|S|R|E|T|\.br|[A-Z.][^\\]{0,80})\\")


class Hl7Segment:
    """One segment. `at` names it and one of its fields as the source would: `PID-7`, `IN1[2]-36`."""

    def __init__(self, fields: Any, occurrence: int = 1) -> None:
        self._fields = fields
        self._occurrence = occurrence

    @property
    def name(self) -> str:
        return _leaf(_part(self._fields, 1))

    def at(self, field: int) -> str:
        repeat = f"[{self._occurrence}]" if self._occurrence > 1 else ""
        return f"{self.name}{repeat}-{field}"

    def get(self, field: int, component: int = 1, repetition: int = 1) -> str:
        """The unescaped text, its first subcomponent if it has several; empty when there is none."""
        return _unescaped(_leaf(_part(_part(_part(self._fields, field + 1), repetition), component)))

    def repetitions(self, field: int) -> range:
        found = _part(self._fields, field + 1)
        return range(1, (len(found) if isinstance(found, list) else 0) + 1)


class Er7:
    """A message as segments by name.

    Raises:
        Unparseable: no MSH with the standard's separators, another character set, NUL, or built to exhaust.
    """

    def __init__(self, body: bytes) -> None:
        self._segments: dict[str, list[Hl7Segment]] = {}
        for fields in hl7.parse(_decoded(body)):
            name = _leaf(_part(fields, 1))
            known = self._segments.setdefault(name, [])
            known.append(Hl7Segment(fields, len(known) + 1))
        if len(self.every("MSH")) != 1:
            raise Unparseable("one message at a time")

    def every(self, name: str) -> list[Hl7Segment]:
        return self._segments.get(name, [])

    def first(self, name: str) -> Hl7Segment:
        """The first of its name, or an empty one."""
        return next(iter(self.every(name)), Hl7Segment([[name]]))


def _decoded(body: bytes) -> str:
    body = body.strip(_FRAME)
    if not _HEADER.match(body):
        raise Unparseable("not an HL7 v2 message with the separators |^~\\&")
    if b"\x00" in body:
        raise Unparseable("NUL characters are not accepted")
    if sum(body.count(separator) for separator in b"|^~&\r\n") > _MOST_SEPARATORS:
        raise Unparseable(f"more than {_MOST_SEPARATORS} fields and components")
    header = re.split(rb"[\r\n]", body, maxsplit=1)[0].split(b"|")
    named = header[17].split(b"~")[0].decode("ascii", "replace").strip() if len(header) > 17 else ""
    try:
        decoded = body.decode(_CHARACTER_SETS[named])
    except (KeyError, UnicodeDecodeError):
        raise Unparseable("MSH-18 must name the character set: ASCII, UNICODE UTF-8 or 8859/1") from None
    return "\r".join(_lines(decoded))


def _lines(decoded: str) -> Iterator[str]:
    """Segments end with CR; what passed through a text editor has LF or both."""
    return (line for line in re.split(r"[\r\n]+", decoded) if line.strip())


def _part(node: Any, number: int) -> Any:
    """The numbered part. A node that was not split further is its own first part."""
    if isinstance(node, str):
        return node if number == 1 else ""
    return node[number - 1] if number <= len(node) else ""


def _leaf(node: Any) -> str:
    while not isinstance(node, str):
        node = node[0] if len(node) else ""
    return str(node).strip()


def _unescaped(text: str) -> str:
    """An escape that stands for layout or another character set is left out."""
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], ""), text)
