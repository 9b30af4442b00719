"""X12 segments: read from bytes and written to them, with the delimiters that an interchange declares in its ISA.

Strangers wrote what is read: anything that is no interchange is Unreadable, and nothing else is ever raised.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

_WIDTHS: Final = (2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)  # ISA01 to ISA16
_ISA_LENGTH: Final = 106
_LARGEST: Final = 1_000_000  # ten times what an eligibility answer takes: reading holds up everything else
_MOST_ELEMENTS: Final = 50  # the standard's longest segments have half as many
_REPETITION: Final = 10  # where ISA11 stands among the elements
_TAG: Final = re.compile(r"[A-Z][A-Z0-9]{1,2}")
_SENDABLE: Final = re.compile(r"[ -~]*")

Element = tuple[tuple[str, ...], ...]
"""The repetitions of an element, each its components; `(("",),)` is an empty one."""
Value = str | tuple[str, ...]
"""An element as we write it: one value, or the components of a composite."""


class UnreadableX12(Exception):
    """The bytes are not the expected interchange. The text has none of their content."""


class Unwritable(ValueError):
    """A code or number that X12 cannot represent. The text does not have its value."""


class Delimiters(NamedTuple):
    element: str = "*"
    component: str = ":"
    repetition: str = "^"
    segment: str = "~"


STANDARD: Final = Delimiters()


class Segment(NamedTuple):
    """Elements are numbered from 1, as the standard does; what is not there is empty."""

    tag: str
    elements: tuple[Element, ...]

    def value(self, number: int, component: int = 1) -> str:
        """The component of the element's first repetition."""
        repetitions = self.elements[number - 1] if number <= len(self.elements) else (("",),)
        return repetitions[0][component - 1] if component <= len(repetitions[0]) else ""

    def repeated(self, number: int) -> tuple[str, ...]:
        """The first component of each repetition that is not empty."""
        repetitions = self.elements[number - 1] if number <= len(self.elements) else ()
        return tuple(components[0] for components in repetitions if components[0])


def segment(tag: str, *values: Value) -> Segment:
    """As we write it: `segment("SV1", ("HC", "J3370"), "", "UN", "42")`. Empty ends are left out."""
    return _trimmed(tag, [((value,),) if isinstance(value, str) else (_without_empty_end(value),) for value in values])


def write(header: Sequence[str], segments: Iterable[Segment], delimiters: Delimiters = STANDARD) -> bytes:
    """An interchange. `header` is ISA01 to ISA10 and ISA12 to ISA15; the ISA defines the delimiters.

    Raises Unwritable: a value is no printable ASCII, holds a delimiter, or does not fit the ISA.
    """
    fields = [sendable(value, delimiters).ljust(width) for value, width in zip(header, _header_widths(), strict=True)]
    if [len(field) for field in fields] != _header_widths():
        raise Unwritable("too long for the ISA")
    fields.insert(_REPETITION, delimiters.repetition)
    isa = delimiters.element.join(["ISA", *fields, delimiters.component])
    return delimiters.segment.join([isa, *(_written(one, delimiters) for one in segments), ""]).encode("ascii")


def read(raw: bytes) -> list[Segment]:
    """The segments of an interchange, its ISA first; blanks and line breaks between them count for nothing.

    Raises Unreadable.
    """
    if len(raw) > _LARGEST:
        raise UnreadableX12("too large")
    text = _decoded(raw)
    header = text[:_ISA_LENGTH]
    delimiters = _declared(header)
    *finished, rest = text[_ISA_LENGTH:].split(delimiters.segment)
    if rest.strip():
        raise UnreadableX12("the last segment has no end")
    isa = Segment("ISA", tuple(((field.strip(),),) for field in header[4:-1].split(delimiters.element)))
    return [isa, *(_read(chunk.lstrip(), delimiters) for chunk in finished if chunk.strip())]


def _decoded(raw: bytes) -> str:
    body = raw.removeprefix(b"\xef\xbb\xbf").lstrip()
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body.decode("latin-1")


def _declared(header: str) -> Delimiters:
    fields = header[4:-1].split(header[3:4]) if len(header) == _ISA_LENGTH and header.startswith("ISA") else []
    if tuple(len(field) for field in fields) != _WIDTHS:
        raise UnreadableX12("no ISA")
    repetition = fields[_REPETITION]  # before 5010 a letter stood there
    found = Delimiters(header[3], fields[-1], "" if repetition.isalnum() else repetition, header[-1])
    marks = [mark for mark in found if mark]
    if len(set(marks)) != len(marks) or any(mark.isalnum() or mark == " " for mark in marks):
        raise UnreadableX12("the delimiters are none")
    return found


def _read(chunk: str, delimiters: Delimiters) -> Segment:
    tag, *values = chunk.split(delimiters.element)
    if not _TAG.fullmatch(tag) or len(values) > _MOST_ELEMENTS:
        raise UnreadableX12("no segment")
    return _trimmed(tag, [_repetitions(value, delimiters) for value in values])


def _repetitions(value: str, delimiters: Delimiters) -> Element:
    repetitions = value.split(delimiters.repetition) if delimiters.repetition else [value]
    return tuple(_without_empty_end(one.split(delimiters.component)) for one in repetitions)


def _written(one: Segment, delimiters: Delimiters) -> str:
    elements = [
        delimiters.repetition.join(
            delimiters.component.join(sendable(part, delimiters) for part in components) for components in element
        )
        for element in one.elements
    ]
    return delimiters.element.join([one.tag, *elements])


def sendable(value: str, delimiters: Delimiters = STANDARD) -> str:
    """The code or number itself. Raises Unwritable."""
    if not _SENDABLE.fullmatch(value) or any(mark in value for mark in delimiters):
        raise Unwritable("a value holds what X12 cannot carry")
    return value


def _trimmed(tag: str, elements: list[Element]) -> Segment:
    """One form for what means the same: no empty elements at the end, nor empty components."""
    while elements and elements[-1] == (("",),):
        elements.pop()
    return Segment(tag, tuple(elements))


def _without_empty_end(components: Sequence[str]) -> tuple[str, ...]:
    if len(components) == 1:
        return (components[0],)
    filled = [place for place, component in enumerate(components, start=1) if component]
    return tuple(components[: max(filled, default=1)])


def _header_widths() -> list[int]:
    return [width for place, width in enumerate(_WIDTHS) if place != _REPETITION][:-1]
