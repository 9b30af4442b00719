"""A referral's records: opening it and recording its journal."""

import asyncio
from typing import Final

from temporalio import activity

from firstdose.domain.problem import ProblemCode
from firstdose.domain.work.journal import Batch, Recorded
from firstdose.ports import Impossible, Opening, Records, Unavailable

_LOCAL_ATTEMPT_S: Final = 1.5
"""A workflow task waits meanwhile (workflows/options.py)."""


class RecordActivities:
    def __init__(self, records: Records) -> None:
        self._records = records

    @activity.defn
    async def open_referral(self, referral_id: str) -> Opening:
        return await self._records.open(referral_id)

    @activity.defn
    async def record(self, batch: Batch) -> Recorded:
        """Any error of the store becomes Unavailable: nothing continues without the journal; an operator repairs it."""
        try:
            async with asyncio.timeout(_LOCAL_ATTEMPT_S if activity.info().is_local else None):
                return await self._records.record(batch)
        except TimeoutError:
            raise Unavailable(ProblemCode.STORE_TOO_SLOW) from None
        except Impossible as error:
            raise Unavailable(error.problem) from None
