"""The therapy as prepared by the pharmacy: stock, delivery, kit and beyond-use date."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Delivery(StrEnum):
    DELIVERED = "delivered"
    WITH_NURSE = "with_nurse"


class Reservation(BaseModel):
    """Stock set aside for a referral; `lot` is None when the drug is not available."""

    model_config = ConfigDict(frozen=True)

    available: bool
    lot: str | None = None


class PreparedTherapy(BaseModel):
    """Drug and supplies, dispensed and on their way or there."""

    model_config = ConfigDict(frozen=True)

    lot: str
    beyond_use: datetime
    kit_present: bool
    delivery: Delivery
