"""What the patient says to the time of a visit: a fact of its own, beside the nurse's acceptance."""

from datetime import date
from typing import Literal, Self

from pydantic import model_validator

from firstdose.domain.work.resolution import Resolution


class ConfirmTime(Resolution):
    """`another_time`: the visit is moved, to `available_from` or later; nothing else is lost."""

    outcome: Literal["confirmed", "another_time"]
    available_from: date | None = None
    """The first day that suits the patient."""

    @model_validator(mode="after")
    def _another_time_says_from_when(self) -> Self:
        if self.outcome == "another_time" and self.available_from is None:
            raise ValueError("available_from: the first day that suits the patient")
        return self
