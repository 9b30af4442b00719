"""The first visit: who comes, when, and what is reported from it."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Visit(BaseModel):
    """A visit that is held. `nurse` is an opaque roster id, or None in the infusion suite.

    The nurse's acceptance and the patient's confirmation are two facts: held is not yet confirmed.
    """

    model_config = ConfigDict(frozen=True)

    visit_at: datetime
    nurse: str | None = None
    patient_confirmed: bool = False


class VisitProblem(StrEnum):
    """Why the roster does not hold a visit, as a work item shows it."""

    UNKNOWN_NURSE = "unknown_nurse"
    NURSE_AWAY = "nurse_away"
    NURSE_LACKS_SKILL = "nurse_lacks_skill"
    NURSE_NOT_LICENSED = "nurse_not_licensed_in_state"
    LICENSE_OVER_BY_VISIT = "license_over_by_visit"
    NURSE_NOT_IN_AREA = "nurse_not_in_area"
    NURSE_HAS_ANOTHER_VISIT = "nurse_has_another_visit"
    BEFORE_ORDERED_START = "before_ordered_start"
    """Therapy is ordered from a later day on."""

    @property
    def another_time_may_do(self) -> bool:
        """Whether the same nurse may make the visit at another time."""
        return self in _OF_THE_TIME


_OF_THE_TIME = frozenset(
    {VisitProblem.LICENSE_OVER_BY_VISIT, VisitProblem.NURSE_HAS_ANOTHER_VISIT, VisitProblem.BEFORE_ORDERED_START}
)


class HeldVisit(BaseModel):
    """Whether the roster holds a visit, and if not, why; no reason where its key was released meanwhile.

    `possible_from` and `possible_to` are the days that would be possible, as far as the reason sets one.
    """

    model_config = ConfigDict(frozen=True)

    held: bool
    problem: VisitProblem | None = None
    possible_from: date | None = None
    possible_to: date | None = None

    @property
    def asks(self) -> dict[str, Any]:
        """What the work item that asks again shows of it."""
        return self.model_dump(mode="json", include={"problem", "possible_from", "possible_to"}, exclude_none=True)

    @model_validator(mode="before")
    @classmethod
    def _read_older(cls, given: Any) -> Any:
        """Histories from before there were reasons say yes or no."""
        return {"held": given} if isinstance(given, bool) else given


class ReportItem(StrEnum):
    """What the nurse does at the first visit; each must be on the report."""

    INFUSION_EXPLAINED = "infusion_explained"
    SUPPLIES_REVIEWED = "supplies_reviewed"
    STORAGE_TAUGHT = "storage_taught"
    INFUSION_MANAGED = "infusion_managed"
    SIDE_EFFECTS_TAUGHT = "side_effects_taught"
    ENVIRONMENT_ASSESSED = "environment_assessed"
    CONDITION_ASKED = "condition_asked"
    """Condition and progress."""


TAUGHT = frozenset({ReportItem.INFUSION_EXPLAINED, ReportItem.STORAGE_TAUGHT, ReportItem.SIDE_EFFECTS_TAUGHT})
"""The items that the patient must be able to show back."""
