"""Many referrals that wait for the payer: what they cost a worker, its restart, and how soon news moves one of them."""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import UTC, datetime
from time import monotonic

import psutil
from temporalio.service import RPCError

from bench import referrals
from bench.figures import Report, rounded, spread
from bench.notices import Handle, contact_of, next_activity, tell, traces
from bench.stage import BenchServers, set_up
from firstdose.adapters.postgres.pool import database
from local.children import Child
from workflows.messages import PayerAnswered, workflow_id
from workflows.referral import ReferralWorkflow

_AT_ONCE = 16
_PATIENCE_S = 600.0
_SETTLED_S = 3.0
_MIB = 2**20


async def measure(*, quick: bool) -> Report:
    """A real worker process and, for the notifications, the real desk."""
    number, told = (50, 10) if quick else (1000, 200)
    async with set_up() as stage:
        worker = stage.process("worker", "workers")
        async with worker:
            idle = await _idle(stage, worker)
            ids, seconds = await _wait_for_payer(stage, number)
            full = await _settled_rss(worker)
            worker.kill()
        (first, trace), *others = (await traces(stage, ids)).items()
        restarted = await _restart(stage, worker, first, trace)
        try:
            async with stage.process("desk", "desk", "serve"):
                moved = await tell(stage, dict(others[:told]))
        finally:
            await worker.stop()
    return {
        "referrals": number,
        "opened_per_second": rounded(number / seconds),
        "worker_idle_mib": rounded(idle / _MIB),
        "worker_full_mib": rounded(full / _MIB),
        "kib_per_referral": rounded((full - idle) / number / 1024),
        "restart_after_kill": restarted,
        "notification_to_next_activity": spread(moved),
    }


async def _idle(stage: BenchServers, worker: Child) -> int:
    """After one referral, so that what is loaded at first use is loaded."""
    await _wait_for_payer(stage, 1)
    return await _settled_rss(worker)


async def _settled_rss(worker: Child) -> int:
    await asyncio.sleep(_SETTLED_S)
    assert worker.pid
    return psutil.Process(worker.pid).memory_info().rss


async def _wait_for_payer(stage: BenchServers, number: int) -> tuple[list[str], float]:
    """Open so many referrals, each until the payer has pended it; their ids, and how long that took."""
    before = await _pended(stage)
    async with database(stage.dsn) as pool:
        ids = await referrals.receive(stage, pool, number, referrals.PENDED)
    begun = monotonic()
    waiting = iter(ids)
    await asyncio.gather(*(_start_in_turn(stage, waiting) for _ in range(_AT_ONCE)))
    while await _pended(stage) < before + number:
        assert monotonic() < begun + _PATIENCE_S, f"{await _pended(stage)} of {number} wait for the payer"
        await asyncio.sleep(0.2)
    return ids, monotonic() - begun


async def _start_in_turn(stage: BenchServers, waiting: Iterable[str]) -> None:
    for referral_id in waiting:
        await referrals.start(stage, referral_id)


async def _pended(stage: BenchServers) -> int:
    return (await stage.client.count_workflows("Authorization = 'pended'")).count


async def _restart(stage: BenchServers, worker: Child, referral_id: str, trace: str) -> Report:
    """Start the killed worker again: seconds until it has answered a query, and has taken a referral its next step."""
    handle = stage.client.get_workflow_handle(workflow_id(referral_id))
    signaled, begun = datetime.now(UTC), monotonic()
    await handle.signal(ReferralWorkflow.payer_answered, PayerAnswered(contact_id=contact_of(trace)))
    await worker.start()

    async def since_begun(moved: Awaitable[object]) -> float:
        await moved
        return rounded(monotonic() - begun)

    async with asyncio.timeout(_PATIENCE_S):
        query, moved = await asyncio.gather(
            since_begun(_until_answered(handle)), since_begun(next_activity(handle, signaled))
        )
    return {"query_answered_s": query, "signaled_referral_moved_s": moved}


async def _until_answered(handle: Handle) -> None:
    while True:
        try:
            await handle.query(ReferralWorkflow.status)
        except RPCError:
            continue
        return
