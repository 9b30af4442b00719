"""The worker process: connects, works until a stop signal, and finishes what it has begun."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Literal, NoReturn

import structlog

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.logs import configure_logs
from firstdose.adapters.policy_file import UnfitPolicy
from firstdose.adapters.postgres.keys.check import UnfitKeys
from firstdose.adapters.postgres.pool import UnfitServer
from firstdose.adapters.process import one_shot
from firstdose.adapters.search_attributes import (
    SearchAttributeMismatch,
    SearchAttributesMissing,
    register_search_attributes,
)
from firstdose.adapters.temporal import TemporalUnreachable, connect
from firstdose.settings import load_settings
from workers.build import referral_workers
from workers.side_by_side import side_by_side
from workers.wiring import NEEDED, open_activities, open_failing_activities
from workflows.messages import QUEUES, SEARCH_ATTRIBUTES

log = structlog.get_logger(__name__)

NOT_REACHABLE = 3

Queue = Literal["referrals", "payers", "outreach"]


def main(*, queue: list[Queue] | None = None) -> NoReturn:
    """Run a worker until SIGTERM or Ctrl-C, on every task queue or on these."""
    one_shot(work(queue or QUEUES))


async def work(queues: Sequence[str] = QUEUES) -> int:
    """Exit code 0 after a clean stop; with one clear line 1 when it cannot start, 3 when Temporal is not there."""
    settings = load_settings(require=NEEDED)
    configure_logs(settings.log_level, settings.log_format)
    keyring = Keyring(settings.key_material())
    identity = f"worker-{os.getpid()}@{socket.gethostname()}"
    try:
        # The database first: opening it checks the keys, before anything is written anywhere.
        async with (
            open_activities(settings, keyring) as activities,
            open_failing_activities(settings, keyring) as failing,
        ):
            client = await connect(settings, keyring, identity=identity, metrics_port=settings.metrics_port)
            await register_search_attributes(client, SEARCH_ATTRIBUTES)
            workers = referral_workers(client, activities, queues, interceptors=[failing], build_id=settings.build_id)
            async with side_by_side(workers):
                gc.freeze()  # what is loaded by now stays: a full collection would pause every referral for it
                log.info("worker_started", count=len(queues), version=settings.build_id)
                await _stop_signal()
    except TemporalUnreachable as problem:
        print(problem, file=sys.stderr)
        return NOT_REACHABLE
    except (UnfitPolicy, UnfitServer, UnfitKeys, SearchAttributeMismatch, SearchAttributesMissing) as problem:
        print(problem, file=sys.stderr)
        return 1
    log.info("worker_stopped")
    return 0


async def _stop_signal() -> None:
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    await stop.wait()
