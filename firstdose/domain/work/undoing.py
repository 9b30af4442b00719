"""What was undone and must reach a person: who acknowledges it, and who is asked when nobody does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class UndoReason(StrEnum):
    """The reason of the `reconcile` item by which it reaches somebody."""

    VISIT_CANCELLED = "visit_cancelled"
    """To the nurse who held it."""
    NURSE_NOT_TOLD = "nurse_not_told"
    """To the nurse coordinator, when the nurse has not acknowledged it, or the visit was in the suite."""
    HOUSEHOLD_NOT_TOLD = "household_not_told"
    """To customer service: the patient or caregiver counts on the visit."""
    THERAPY_TO_TAKE_BACK = "therapy_to_take_back"
    """To the pharmacist: what was dispensed lies on the bench, is with the nurse or with the patient."""
    NOT_ACKNOWLEDGED = "undoing_not_acknowledged"
    """To a supervisor, when none of these has answered."""


NEXT: Final[Mapping[UndoReason, UndoReason]] = {
    UndoReason.VISIT_CANCELLED: UndoReason.NURSE_NOT_TOLD,
    UndoReason.NURSE_NOT_TOLD: UndoReason.NOT_ACKNOWLEDGED,
    UndoReason.HOUSEHOLD_NOT_TOLD: UndoReason.NOT_ACKNOWLEDGED,
    UndoReason.THERAPY_TO_TAKE_BACK: UndoReason.NOT_ACKNOWLEDGED,
}
"""Whom it goes to when the time is over; after the supervisor nobody."""


@dataclass(frozen=True)
class Undone:
    """One thing that was undone, and who is asked about it `until` when. It stays known when it is `over`."""

    reason: UndoReason
    until: datetime
    asks: dict[str, Any] = field(default_factory=dict)
    offered_to: str | None = None
    over: bool = False
