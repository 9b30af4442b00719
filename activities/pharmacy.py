"""Drug and supplies."""

from temporalio import activity

from firstdose.domain.care.therapy import Reservation
from firstdose.ports import EffectRequest, Pharmacy


class PharmacyActivities:
    def __init__(self, pharmacy: Pharmacy) -> None:
        self._pharmacy = pharmacy

    @activity.defn
    async def reserve_stock(self, request: EffectRequest) -> Reservation:
        return await self._pharmacy.reserve(request)

    @activity.defn
    async def return_stock(self, request: EffectRequest) -> None:
        await self._pharmacy.release(request)
