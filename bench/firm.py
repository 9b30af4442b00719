"""The product at work in this process: its workers with the real stores and payers, and staff who answer at once."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from bench.staff import AttendedRecords, Staff
from bench.stage import BenchServers
from workers.build import referral_workers
from workers.wiring import open_activities


@asynccontextmanager
async def at_work(stage: BenchServers) -> AsyncIterator[None]:
    """Workers for every queue, until the block ends."""
    staff = Staff(stage.client)
    async with open_activities(stage.settings, stage.keyring) as real, AsyncExitStack() as running:
        records, payer, outreach, pharmacy, dispatch = real
        activities = (AttendedRecords(records, staff), payer, outreach, pharmacy, dispatch)
        for worker in referral_workers(stage.client, activities):
            await running.enter_async_context(worker)
        yield
