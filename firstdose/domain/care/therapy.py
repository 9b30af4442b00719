"""The therapy as prepared by the pharmacy: stock, delivery, kit and beyond-use date."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from firstdose.domain.referral.order import Site


class Delivery(StrEnum):
    DELIVERED = "delivered"
    WITH_NURSE = "with_nurse"


class KitExemption(StrEnum):
    """Why the first visit needs no anaphylaxis kit."""

    NOT_FIRST_DOSE = "not_first_dose"
    LOW_RISK_DRUG = "low_risk_drug"
    SUITE_EQUIPMENT = "suite_equipment"
    """The suite has its own; it is no reason at home."""
    OTHER = "other"
    """For a reason of the pharmacist's that the note says."""


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
    kit_exemption: KitExemption | None = None
    delivery: Delivery
    ready_at: datetime | None = None
    """When the pharmacist reported it; None in states from before this was kept."""
    delivered_at: datetime | None = None
    """When it is, or was, at the patient's door; None with the nurse, or where nobody has said."""

    @property
    def there_at(self) -> datetime | None:
        """From when on it may be used without anybody bringing it."""
        return self.delivered_at or self.ready_at

    def kit_settled(self, site: Site) -> bool:
        """Whether the kit is there, or it is documented why none is needed."""
        if self.kit_exemption is KitExemption.SUITE_EQUIPMENT:
            return self.kit_present or site is Site.SUITE
        return self.kit_present or self.kit_exemption is not None
