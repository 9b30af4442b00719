"""What the pharmacist reports of the call by which the start of a therapy without a nurse is confirmed."""

from enum import StrEnum
from typing import Literal, Self

from pydantic import AwareDatetime, model_validator

from firstdose.domain.work.resolution import Resolution


class StartProblem(StrEnum):
    """What kept the patient from starting."""

    NOT_YET = "not_yet"
    """The patient starts later: another call is planned."""
    NOT_USABLE = "not_usable"
    """Drug or supplies have not arrived, or cannot be used: they are prepared anew."""
    NEEDS_NURSE = "needs_nurse"
    """The pharmacist decides that a nurse is needed after all."""
    REACTION = "reaction"
    DECLINED = "declined"
    """The patient does not want the therapy."""


class ConfirmStart(Resolution):
    """`started_at` is when the first infusion began."""

    outcome: Literal["started", "not_reached", "problem"]
    started_at: AwareDatetime | None = None
    problem: StartProblem | None = None

    @model_validator(mode="after")
    def _each_outcome_says_what_it_must(self) -> Self:
        if self.outcome == "started" and self.started_at is None:
            raise ValueError("started_at: when the first infusion began")
        if self.outcome == "problem" and self.problem is None:
            raise ValueError("problem: what keeps the patient from starting")
        return self
