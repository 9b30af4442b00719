"""Histories from before a hold had reasons say yes or no."""

import pytest
from pydantic import TypeAdapter

from firstdose.domain.care.visit import HeldVisit


@pytest.mark.parametrize(("recorded", "held"), [("true", True), ("false", False), ('{"held":true}', True)])
def test_an_older_answer_is_read(recorded: str, held: bool) -> None:
    assert TypeAdapter(HeldVisit).validate_json(recorded) == HeldVisit(held=held)
