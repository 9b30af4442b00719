"""Segments come back as they were written, whatever the delimiters; what is no interchange is Unreadable, no more."""

import string
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.adapters.payers.x12.segments import (
    STANDARD,
    Delimiters,
    Segment,
    UnreadableX12,
    Unwritable,
    read,
    segment,
    write,
)
from tests.unit.x12_wire import ISA

HEADER = ("00", "", "00", "", "ZZ", "US", "ZZ", "THEM", "261121", "1200", "00501", "000000001", "0", "P")
MARKS = [mark for mark in string.punctuation if mark != "'"]

delimiters = st.lists(st.sampled_from(MARKS), min_size=4, max_size=4, unique=True).map(lambda four: Delimiters(*four))
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)
elements = st.lists(st.lists(values, min_size=1, max_size=3).map(tuple), min_size=1, max_size=3).map(tuple)
tags = st.from_regex(r"[A-Z][A-Z0-9]{1,2}", fullmatch=True)
segments = st.builds(Segment, tags, st.lists(elements, max_size=6).map(tuple))


def sendable(one: Segment, marks: Delimiters) -> bool:
    return not any(mark in part for mark in marks for element in one.elements for parts in element for part in parts)


def plain(one: Segment) -> list[list[list[str]]]:
    """Without the empty ends that mean nothing."""

    def cut(parts: list[str]) -> list[str]:
        while len(parts) > 1 and not parts[-1]:
            parts.pop()
        return parts

    found = [[cut(list(parts)) for parts in element] for element in one.elements]
    while found and found[-1] == [[""]]:
        found.pop()
    return found


@given(delimiters, st.lists(segments, max_size=5))
def test_what_is_written_is_read_again_whatever_the_delimiters(marks: Delimiters, told: list[Segment]) -> None:
    if not all(sendable(one, marks) for one in told):
        with pytest.raises(Unwritable):
            write(HEADER, told, marks)
        return
    isa, *found = read(write(HEADER, told, marks))
    assert isa.value(13) == "000000001"
    assert [(one.tag, plain(one)) for one in found] == [(one.tag, plain(one)) for one in told]


@given(st.sampled_from(STANDARD))
def test_a_number_with_a_delimiter_in_it_is_refused(mark: str) -> None:
    with pytest.raises(Unwritable):
        write(HEADER, [segment("TRN", "1", f"A{mark}B")])


@pytest.mark.parametrize("value", ["Å", "a\nb", "\x00", "é"])
def test_what_is_no_printable_ascii_is_refused(value: str) -> None:
    with pytest.raises(Unwritable) as refused:
        write(HEADER, [segment("TRN", "1", value)])
    assert value not in str(refused.value)


def test_what_does_not_fit_the_isa_is_refused() -> None:
    with pytest.raises(Unwritable):
        write((*HEADER[:5], "A NAME OF MORE THAN FIFTEEN", *HEADER[6:]), [])


@given(st.binary(max_size=300))
def test_any_bytes_are_unreadable_or_segments(raw: bytes) -> None:
    for body in (raw, ISA.encode() + b"~" + raw):
        with suppress(UnreadableX12):
            assert all(isinstance(one.value(3, 2), str) for one in read(body))


@pytest.mark.parametrize("end", ["~", "~\r\n", "~\n", "\n", "\x1c"])
def test_segments_end_as_the_isa_says_with_or_without_line_breaks(end: str) -> None:
    raw = "".join(one + end for one in (ISA, "TA1*1", "IEA*0")).encode()
    assert [one.tag for one in read(raw)] == ["ISA", "TA1", "IEA"]


def test_a_byte_order_mark_and_latin_1_names_are_read() -> None:
    raw = ISA.encode() + b"~NM1*IL*1*" + "Núñez".encode("latin-1") + b"~"
    assert read(raw)[1].value(3) == "Núñez"
    assert read(b"\xef\xbb\xbf\n" + ISA.encode() + "~NM1*IL*1*Núñez~".encode())[1].value(3) == "Núñez"


def test_repetitions_and_components_are_told_apart() -> None:
    eb = read(f"{ISA}~EB*1**30^42*****HC:J3370::~".encode())[1]
    assert (eb.repeated(3), eb.value(8, 2), eb.value(8, 3), eb.value(20)) == (("30", "42"), "J3370", "", "")


def test_before_5010_there_were_no_repetitions() -> None:
    old = ISA.replace("*^*", "*U*")
    assert read(f"{old}~EB*1**30^42~".encode())[1].repeated(3) == ("30^42",)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>We are upgrading</html>" * 10,
        ISA[:-5].encode() + b"~",
        ISA.encode() + b"~TA1*1",
        ISA.encode() + b"~nm1*IL~",
        ISA.encode() + b"*",
        ISA.replace("*:", "*^").encode() + b"~",
        ISA.encode() + b"A",
        ISA.encode() + b"~NM1" + b"*" * 51 + b"~",
        ISA.encode() + b"~" + b"TA1*1~" * 200_000,
    ],
)
def test_what_is_no_interchange_is_unreadable(raw: bytes) -> None:
    with pytest.raises(UnreadableX12):
        read(raw)
