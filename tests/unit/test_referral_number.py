"""The number for people: how it may be written, and what is none."""

import pytest

from firstdose.domain.referral.number import read_number


@pytest.mark.parametrize("written", ["FD-34679A", "fd-34679a", " FD 34679A ", "fd34679A", "FD - 34679a"])
def test_a_number_is_read_however_it_is_written(written: str) -> None:
    assert read_number(written) == "FD-34679A"


@pytest.mark.parametrize("written", ["", "34679A", "FD-34679", "FD-34679AC", "FD-0O1I2Z", "FD-3467\n9A", "Maria"])
def test_what_is_no_number_is_not_taken_for_one(written: str) -> None:
    assert read_number(written) is None
