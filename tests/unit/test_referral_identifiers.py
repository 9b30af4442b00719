"""Codes: the NPI's check digit and the shapes of the others."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from firstdose.domain.referral.frequency import frequency_code
from firstdose.domain.referral.identifiers import Hcpcs, Icd10Cm, Ndc, Npi, ZipCode, npi_check_digit
from firstdose.domain.referral.paths import joined, steps

NPI: TypeAdapter[str] = TypeAdapter(Npi)
FIRST_NINE = st.from_regex(r"[12][0-9]{8}", fullmatch=True)


def test_the_check_digit_of_the_standards_own_example() -> None:
    assert npi_check_digit("123456789") == "3"


@given(FIRST_NINE)
def test_just_one_of_ten_last_digits_is_right(first_nine: str) -> None:
    right = first_nine + npi_check_digit(first_nine)
    assert NPI.validate_python(right) == right
    for digit in "0123456789".replace(right[-1], ""):
        with pytest.raises(ValidationError):
            NPI.validate_python(first_nine + digit)


@given(FIRST_NINE, st.integers(1, 8), st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(first_nine: str, place: int, by: int) -> None:
    right = first_nine + npi_check_digit(first_nine)
    wrong = right[:place] + str((int(right[place]) + by) % 10) + right[place + 1 :]
    with pytest.raises(ValidationError):
        NPI.validate_python(wrong)


@pytest.mark.parametrize(
    "wrong", ["", "123456789", "12345678930", "3234567893", "１234567893", "1234567893\n1", 1234567893]
)
def test_what_is_no_npi_at_all(wrong: object) -> None:
    with pytest.raises(ValidationError):
        NPI.validate_python(wrong)


@pytest.mark.parametrize(
    ("kind", "written", "kept"),
    [
        (Icd10Cm, "m86161", "M86.161"),
        (Icd10Cm, "C4A.9", "C4A.9"),
        (Icd10Cm, "U07.1", "U07.1"),
        (Icd10Cm, "S72001A", "S72.001A"),
        (Icd10Cm, "I10", "I10"),
        (Hcpcs, "j3370", "J3370"),
        (Hcpcs, "99601", "99601"),
        (Hcpcs, "0001A", "0001A"),
        (Ndc, "0002-8215-01", "00002821501"),
        (Ndc, "50242-040-62", "50242004062"),
        (Ndc, "60574-4114-1", "60574411401"),
        (Ndc, "00002-8215-01", "00002821501"),
        (Ndc, "00002821501", "00002821501"),
        (ZipCode, "606011234", "60601-1234"),
    ],
)
def test_one_spelling(kind: Any, written: str, kept: str) -> None:
    assert TypeAdapter(kind).validate_python(written) == kept


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        (Icd10Cm, "M8"),
        (Icd10Cm, "M86.16111"),
        (Icd10Cm, "MM6"),
        (Hcpcs, "JJ370"),
        (Ndc, "0002821501"),
        (Ndc, "0002-821-01"),
    ],
)
def test_other_shapes_are_refused(kind: Any, wrong: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(wrong)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("q8h", "q8h"),
        ("Q 12 H", "q12h"),
        ("every 24 hours", "q24h"),
        ("Every day", "q24h"),
        ("T.I.D.", "q8h"),
        ("every 4 weeks", "q672h"),
        ("every 0 hours", None),
        ("weekly, for Avery", None),
        ("day 1, 8 and 15", None),
    ],
)
def test_a_frequency_is_coded_or_left_out(words: str, code: str | None) -> None:
    assert frequency_code(words) == code


@given(st.lists(st.one_of(st.from_regex(r"[a-z_]+", fullmatch=True), st.integers(0, 999)), min_size=1))
def test_a_path_says_its_steps(way: list[str | int]) -> None:
    way = ["patient", *way]
    assert steps(joined(way)) == way
