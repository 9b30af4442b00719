"""The first visit: who comes, when, and what is reported from it."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Visit(BaseModel):
    """A visit that is held. `nurse` is an opaque roster id, or None in the infusion suite.

    The nurse's acceptance and the patient's confirmation are two facts: held is not yet confirmed.
    """

    model_config = ConfigDict(frozen=True)

    visit_at: datetime
    nurse: str | None = None
    patient_confirmed: bool = False


class ReportItem(StrEnum):
    """What the nurse does at the first visit; each must be on the report."""

    INFUSION_EXPLAINED = "infusion_explained"
    SUPPLIES_REVIEWED = "supplies_reviewed"
    STORAGE_TAUGHT = "storage_taught"
    INFUSION_MANAGED = "infusion_managed"
    SIDE_EFFECTS_TAUGHT = "side_effects_taught"
    ENVIRONMENT_ASSESSED = "environment_assessed"


TAUGHT = frozenset({ReportItem.INFUSION_EXPLAINED, ReportItem.STORAGE_TAUGHT, ReportItem.SIDE_EFFECTS_TAUGHT})
"""The items that the patient must be able to show back."""
