"""Reasons of holds: what an earlier version recorded is still understood, and nothing else is guessed."""

import pytest
from pydantic import TypeAdapter, ValidationError

from firstdose.domain.work.reasons import HoldReason

READER = TypeAdapter(HoldReason)


def test_the_spelling_of_earlier_records_is_read_as_the_present_reason() -> None:
    earlier = "hospitali" + "sed"
    assert READER.validate_json(f'"{earlier}"') is HoldReason.HOSPITALIZED
    assert READER.validate_python(earlier) is HoldReason.HOSPITALIZED


def test_an_unknown_reason_is_still_refused() -> None:
    with pytest.raises(ValidationError):
        READER.validate_python("on vacation")
