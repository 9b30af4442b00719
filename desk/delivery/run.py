"""Both relays and the other background tasks of the desk, with their own database connections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx2
import structlog

from desk.delivery.inbox import MessageRelay
from desk.delivery.loop import DeliveryLoop
from desk.delivery.outbox import OutboxRelay, Senders
from desk.http.app_context import AppContext
from desk.metrics import FOREIGN_ANSWERS, UNDELIVERED
from desk.reconciliation_schedule import reconcile_regularly
from desk.stall_watch import watch_stalls
from firstdose.adapters.postgres.keys.keyed_database import keyed_database
from firstdose.adapters.postgres.listening import listening
from firstdose.adapters.postgres.messages import messages, outbox
from firstdose.adapters.postgres.messages.messages import Messages
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.messages.undelivered import UndeliveredStore
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.referrals.referrals import ReferralReader
from firstdose.ports import Unavailable

log = structlog.get_logger(__name__)

_MESSAGES_AT_ONCE: Final = 16
_DELIVERIES_AT_ONCE: Final = 32
_COUNTED_EVERY_S: Final = 15.0
_LAST_DELIVERIES_S: Final = 5.0
_PAUSE_S: Final = 1.0


@asynccontextmanager
async def relays(desk: AppContext) -> AsyncIterator[None]:
    """Run until the block ends; then current deliveries get a few seconds to end."""
    async with keyed_database(desk.dsn, desk.keyring, "desk") as pool, httpx2.AsyncClient() as client:
        inward = MessageRelay(Messages(pool, desk.vault, desk.audit), desk.client, ReferralReader(pool, desk.vault))
        outward = OutboxRelay(pool, Outbox(desk.vault, desk.audit), Senders(desk.settings, client))
        deliveries: dict[str, DeliveryLoop[Any]] = {
            messages.CHANNEL: DeliveryLoop(inward.claim, inward.deliver, at_once=_MESSAGES_AT_ONCE),
            outbox.CHANNEL: DeliveryLoop(outward.claim, outward.deliver, at_once=_DELIVERIES_AT_ONCE),
        }
        beside = [asyncio.create_task(_wake(pool, channel, each)) for channel, each in deliveries.items()]
        beside += [
            asyncio.create_task(each) for each in (_count(desk), watch_stalls(desk.stalls), reconcile_regularly(desk))
        ]
        running = [asyncio.create_task(_run(each)) for each in deliveries.values()]
        try:
            yield
        finally:
            for delivery in deliveries.values():
                delivery.stop()
            await asyncio.wait(running, timeout=_LAST_DELIVERIES_S)
            for task in (*beside, *running):
                task.cancel()
            await asyncio.wait([*beside, *running])


async def _wake(pool: Pool, channel: str, delivery: DeliveryLoop[Any]) -> None:
    async with listening(pool, channel) as bell:
        while True:
            await bell.wait()
            delivery.wake()


async def _count(desk: AppContext) -> None:
    """Count what waits for a person. While the database is down the last count stays."""
    while True:
        try:
            await count_once(desk)
        except Unavailable:
            log.warning("relay_waits_for_database")
        except Exception:
            log.exception("count_failed")
        await asyncio.sleep(_COUNTED_EVERY_S)


async def count_once(desk: AppContext) -> None:
    """The counts of what waits for a person. Raises Unavailable."""
    for what, number in (await UndeliveredStore(desk.pool, desk.audit).count()).items():
        UNDELIVERED.labels(what).set(number)
    for problem, number in (await desk.contacts.count_foreign()).items():
        FOREIGN_ANSWERS.labels(problem).set(number)


async def _run(delivery: DeliveryLoop[Any]) -> None:
    """Restart a relay that a bug has ended: without it nothing would be delivered."""
    while not delivery.stopping:
        try:
            await delivery.run()
        except Exception:
            log.exception("relay_failed")
            await asyncio.sleep(_PAUSE_S)
