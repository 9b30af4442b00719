"""Counts what stands still, every few seconds, for the metrics."""

import asyncio
import math
from typing import Final, NoReturn

import structlog

from desk.metrics import ANSWERS, STALLED
from desk.stalls import Dependency, StallFinder
from firstdose.ports import Unavailable

log = structlog.get_logger(__name__)

EVERY_S: Final = 20.0


async def watch_stalls(stalls: StallFinder) -> NoReturn:
    """Counts in Temporal and the database, each within a short time; nothing is listed."""
    while True:
        try:
            await measure_stalls(stalls)
            await stalls.forget_overdue()
        except Unavailable:
            log.warning("relay_waits_for_database")
        except Exception:
            log.exception("count_failed")
        await asyncio.sleep(EVERY_S)


async def measure_stalls(stalls: StallFinder) -> None:
    """What nobody can tell now is NaN, so that an alert neither ends nor begins by it."""
    found = await stalls.count()
    for kind, number in found.counts.items():
        STALLED.labels(kind).set(math.nan if number is None else number)
    for dependency, state in (("temporal", found.temporal), ("database", found.database)):
        ANSWERS.labels(dependency).set(state is Dependency.OK)
