"""Drug and supplies."""

from temporalio import activity

from firstdose.domain.therapy import Reservation
from firstdose.ports import Pharmacy, Request


class PharmacyActivities:
    def __init__(self, pharmacy: Pharmacy) -> None:
        self._pharmacy = pharmacy

    @activity.defn
    async def reserve_stock(self, request: Request) -> Reservation:
        return await self._pharmacy.reserve(request)

    @activity.defn
    async def return_stock(self, request: Request) -> None:
        await self._pharmacy.release(request)
