"""A call to a payer, as Temporal sees it: alive while it lasts, so that a dead worker's call is soon made again."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from temporalio import activity

from activities.failures import told_to_temporal

_BEAT_S: Final = 3
"""Well within the heartbeat time-out of the payers' activities (workflows/options.py)."""


@asynccontextmanager
async def contact() -> AsyncIterator[None]:
    """Heartbeats meanwhile; port errors leave as Temporal failures."""
    beating = asyncio.create_task(_beat())
    try:
        with told_to_temporal():
            yield
    finally:
        beating.cancel()


async def _beat() -> None:
    while True:
        await asyncio.sleep(_BEAT_S)
        activity.heartbeat()
