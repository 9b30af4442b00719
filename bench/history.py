"""What a finished referral leaves in Temporal: events and bytes, as they lie there sealed."""

from collections import Counter
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from bench import referrals
from bench.figures import Report
from bench.firm import at_work
from bench.stage import set_up
from firstdose.adapters.postgres.pool import database


async def measure(*, quick: bool) -> Report:
    """One referral on the electronic happy path, on the real servers."""
    async with set_up() as stage, database(stage.dsn) as pool, at_work(stage):
        (referral_id,) = await referrals.receive(stage, pool, 1)
        handle = await referrals.start(stage, referral_id)
        closing = await handle.result()
        return {"closing": closing, **await weigh(handle)}


async def weigh(handle: WorkflowHandle[Any, Any]) -> Report:
    """Events in all and by type, and their bytes."""
    kinds: Counter[str] = Counter()
    size = 0
    async for event in handle.fetch_history_events():
        kinds[EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").lower()] += 1
        size += event.ByteSize()
    return {"events": kinds.total(), "bytes": size, "events_by_type": dict(kinds.most_common())}
