"""One synthetic referral in three formats is one referral; and no bytes at all make the door fall off its hinges."""

import json
from contextlib import suppress
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.intake.parse import parse
from desk.intake.problems import FieldProblem, Invalid, Unparseable, UnsupportedType
from firstdose.domain.referral.identifiers import npi_check_digit
from firstdose.domain.referral.nothing import is_nothing
from firstdose.domain.referral.referral import Referral

TODAY = date(2026, 11, 21)
EXAMPLES = Path(__file__).parents[2] / "docs/examples"
FORMATS = {
    "application/json": (EXAMPLES / "referral.json").read_bytes(),
    "application/fhir+json": (EXAMPLES / "referral.fhir.json").read_bytes(),
    "application/hl7-v2": (EXAMPLES / "referral.hl7").read_bytes(),
}
NOT_IN_HL7: dict[str, Any] = {
    "source": {"npi", "contact_name", "phone", "fax"},
    "order": {"drug": {"rxnorm"}, "medications": {"__all__": {"drug": {"rxnorm"}}}},
}
CANARY = "1961-04-17"


def read(content_type: str, body: bytes) -> Referral:
    referral = parse(content_type, body, today=TODAY).referral
    assert referral is not None
    return referral


def test_the_example_is_the_same_referral_in_all_three() -> None:
    ours, fhir, hl7 = (read(content_type, body) for content_type, body in FORMATS.items())
    assert fhir.model_dump() == ours.model_dump()
    assert hl7.model_dump(exclude=NOT_IN_HL7) == ours.model_dump(exclude=NOT_IN_HL7)


WORD = st.from_regex(r"[A-Z][a-zé]{1,10}", fullmatch=True).filter(lambda word: not is_nothing(word))
FACTS = st.fixed_dictionaries(
    {
        "Sample": WORD,
        "Avery": WORD,
        "REF-10042": st.from_regex(r"[A-Z]{2}-[0-9]{6}", fullmatch=True),
        "1489012371": st.from_regex(r"[12][0-9]{8}", fullmatch=True).map(lambda first: first + npi_check_digit(first)),
        "NSH000123456": st.from_regex(r"[A-Z0-9]{4,20}", fullmatch=True),
        "NORTHSTAR": st.from_regex(r"[A-Z]{3,20}", fullmatch=True),
        "J3370": st.from_regex(r"J[0-9]{4}", fullmatch=True),
        "every 12 hours": st.integers(2, 72).map(lambda hours: f"every {hours} hours"),
        "Penicillin": WORD,
    }
)


def _with(body: bytes, facts: dict[str, str]) -> bytes:
    period = facts["every 12 hours"].split()[1]
    swaps = {old: new.encode() for old, new in facts.items()} | {'"period": 12': f'"period": {period}'.encode()}
    return reduce(lambda text, swap: text.replace(swap[0].encode(), swap[1]), swaps.items(), body)


@given(FACTS)
def test_any_referral_is_the_same_in_all_three(facts: dict[str, str]) -> None:
    ours, fhir, hl7 = (read(content_type, _with(body, facts)) for content_type, body in FORMATS.items())
    assert ours.source_referral_id == facts["REF-10042"]
    assert fhir.model_dump() == ours.model_dump()
    assert hl7.model_dump(exclude=NOT_IN_HL7) == ours.model_dump(exclude=NOT_IN_HL7)


def _survives(content_type: str, body: bytes) -> None:
    """Read or refused, by one of the three errors, and never with a value."""
    errors: list[FieldProblem] = []
    with suppress(Unparseable, UnsupportedType):
        try:
            parse(content_type, body, today=TODAY)
        except Invalid as invalid:
            errors = invalid.errors
    assert CANARY not in str(errors)


@given(st.sampled_from(sorted(FORMATS)) | st.text(), st.binary())
def test_any_bytes(content_type: str, body: bytes) -> None:
    _survives(content_type, body)


@given(st.sampled_from(sorted(FORMATS)), st.integers(0), st.integers(0, 40), st.binary(max_size=20))
def test_an_example_with_a_hole_in_it(content_type: str, start: int, length: int, patch: bytes) -> None:
    body = FORMATS[content_type]
    start %= len(body)
    _survives(content_type, body[:start] + patch + body[start + length :])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


def _places(node: object, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [way, *(place for step, child in inner for place in _places(child, (*way, step)))]


TREES = {content_type: json.loads(body) for content_type, body in FORMATS.items() if "json" in content_type}
PLACES = [(content_type, place) for content_type, tree in TREES.items() for place in _places(tree) if place]


@given(st.sampled_from(PLACES), JSON)
def test_an_example_with_anything_anywhere(where: tuple[str, tuple[str | int, ...]], value: object) -> None:
    content_type, (*way, last) = where
    tree = json.loads(FORMATS[content_type])
    node = reduce(lambda inner, step: inner[step], way, tree)
    node[last] = value
    _survives(content_type, json.dumps(tree).encode())


@pytest.mark.parametrize("content_type", sorted(TREES))
def test_an_example_with_the_worst_in_every_place(content_type: str) -> None:
    for *way, last in (place for kind, place in PLACES if kind == content_type):
        for worst in ({"a": [1]}, [[1]], [CANARY], 2**63, -1, True, "\u2028" * 300, {"coding": CANARY}):
            tree = json.loads(FORMATS[content_type])
            reduce(lambda inner, step: inner[step], way, tree)[last] = worst
            _survives(content_type, json.dumps(tree).encode())
