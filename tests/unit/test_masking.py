"""Excerpts of what payers sent: a person sees what kind of thing came, and nothing of the patient."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from firstdose.domain.masking import KNOWN, LONGEST, SEGMENTS, TAGS, excerpt

PEOPLE = ["Hernandez", "Zoë", "LI", "Li", "Strong", "Le", "An", "Head", "Nguyễn", "Müller", "ĐỖ", "李小龍", "O'Neil"]
SURROUNDINGS = st.sampled_from(
    ["<p>{}</p>", '{{"family": "{}"}}', "NM1*IL*1*{}*M~", "~{}*1~", "{}", "\n{}\n", "{}1961", "error{}"]
)

PIECED = st.lists(st.sampled_from([*KNOWN, *SEGMENTS, *TAGS, *PEOPLE, "<", "</", "~", "\n", " ", "7"])).map("".join)


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (
            b"<html><body>We are upgrading our system, Mrs Hernandez.</body></html>",
            "<html><body>xx are upgrading our system, xxx xxxxxxxxx.</body></html>",
        ),
        (b"<h1>503 Service Unavailable</h1>", "<x9>999 Service Unavailable</x9>"),
        (
            b'{"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "W123 not found"}]}',
            '{"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "x999 not found"}]}',
        ),
        (b"ISA*00*~AAA*N**72~NM1*IL*1*LI*AN~", "ISA*99*~AAA*x**99~NM9*xx*9*xx*xx~"),
        (b"  Bad\r\n\r\n \tGateway \x00", "Bad\nGateway"),
        ("Müller 7½ Ⅷ ٣".encode(), "xxxxxx 9x x x"),
        (b"\xff\xfeL\x00i\x00", "xxx x"),
        (b"", ""),
    ],
)
def test_the_shape_stays_and_what_it_says_does_not(body: bytes, shown: str) -> None:
    assert excerpt(body) == shown


@given(person=st.sampled_from(PEOPLE), around=SURROUNDINGS)
def test_a_name_is_never_told(person: str, around: str) -> None:
    assert person not in excerpt(around.format(person).encode())


@given(st.text() | PIECED)
@example("<divé")
@example("lin\u212a")
def test_no_word_survives_but_those_of_the_list_and_no_digit_but_nine(text: str) -> None:
    shown = excerpt(text.encode(errors="surrogatepass"))
    assert shown.isascii()
    assert len(shown) <= LONGEST
    assert set(re.findall(r"\d", shown)) <= {"9"}
    words = set(re.findall(r"[A-Za-z]{2,}", shown))
    assert {word for word in words if set(word) != {"x"}} <= KNOWN | SEGMENTS | TAGS


@given(st.binary())
def test_any_bytes_have_an_excerpt(body: bytes) -> None:
    assert excerpt(body).isascii()


def test_an_excerpt_is_short() -> None:
    assert len(excerpt(b"<p>" * 10_000)) == LONGEST
