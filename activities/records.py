"""The truth about a referral: opening it, going on with it, and keeping its journal."""

from temporalio import activity

from activities.failures import told_to_temporal
from firstdose.domain.journal import Batch, Recorded
from firstdose.ports import Opening, Records, SavedState


class RecordActivities:
    def __init__(self, records: Records) -> None:
        self._records = records

    @activity.defn
    async def open_referral(self, referral_id: str) -> Opening:
        with told_to_temporal():
            return await self._records.open(referral_id)

    @activity.defn
    async def resume_referral(self, referral_id: str) -> SavedState:
        with told_to_temporal():
            return await self._records.resume(referral_id)

    @activity.defn
    async def record(self, batch: Batch) -> Recorded:
        with told_to_temporal():
            return await self._records.record(batch)
