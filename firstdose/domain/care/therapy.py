"""The therapy as prepared by the pharmacy: stock, delivery, kit and beyond-use date."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Delivery(StrEnum):
    DELIVERED = "delivered"
    WITH_NURSE = "with_nurse"


class Reservation(BaseModel):
    """Stock set aside for a referral: a lot for each medication in their order, or none when one is not available."""

    model_config = ConfigDict(frozen=True)

    available: bool
    lot: str | None = None
    """The first medication's."""
    further_lots: tuple[str, ...] = ()

    @property
    def lots(self) -> tuple[str, ...]:
        return (self.lot, *self.further_lots) if self.lot else ()


class PreparedTherapy(BaseModel):
    """Drug and supplies, dispensed and on their way or there."""

    model_config = ConfigDict(frozen=True)

    lot: str
    further_lots: tuple[str, ...] = ()
    """Of the medications after the first."""
    beyond_use: datetime
    kit_present: bool
    delivery: Delivery
    delivered_at: datetime | None = None
    """When it is, or was, at the patient's door; None with the nurse, or where nobody has said."""
