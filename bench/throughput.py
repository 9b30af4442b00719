"""Finished referrals per second, against a workflow of as many activities and updates that does nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any
from uuid import uuid4

from temporalio.client import Client
from temporalio.worker import Worker

from bench import referrals
from bench.bare_workflow import BARE_QUEUE, Bare, BareActivities, BareStart
from bench.figures import Report, median, ratio
from bench.firm import at_work
from bench.history import weigh
from bench.stage import Stage, set_up
from firstdose.adapters.postgres.pool import Pool, database

TARGET_RATIO = 0.7


async def measure(*, quick: bool) -> Report:
    """All workers run all the time in this process; the rounds of ours and of the bare one alternate."""
    rounds, number = (1, 5) if quick else (5, 20)
    ours, bare = list[float](), list[float]()
    async with set_up() as stage, database(stage.dsn) as pool, at_work(stage), _bare_worker(stage.client):
        shape, weights = await _warm_up(stage, pool)
        for _ in range(rounds):
            received = await referrals.receive(stage, pool, number)
            ours.append(await _rate(number, lambda n, ids=received: _referral(stage, ids[n])))  # type: ignore[misc]
            bare.append(await _rate(number, lambda _: _bare(stage.client, shape)))
    return {
        "at_once": number,
        "activities": shape.activities,
        "updates": shape.updates,
        **weights,
        "referrals_per_second": median(ours),
        "bare_per_second": median(bare),
        "target_ratio": TARGET_RATIO,
        **ratio(ours, bare),
    }


async def _warm_up(stage: Stage, pool: Pool) -> tuple[BareStart, Report]:
    """One of each, weighed; ours says how many activities and updates the bare one has."""
    (referral_id,) = await referrals.receive(stage, pool, 1)
    ours = await weigh(await _referral(stage, referral_id))
    kinds = ours["events_by_type"]
    shape = BareStart(activities=kinds["activity_task_completed"], updates=kinds["workflow_execution_update_completed"])
    bare = await weigh(await _bare(stage.client, shape))
    return shape, {
        name: {each: weight[each] for each in ("events", "bytes")}
        | {"workflow_tasks": weight["events_by_type"]["workflow_task_completed"]}
        for name, weight in (("referral", ours), ("bare", bare))
    }


async def _rate(number: int, finish: Callable[[int], Awaitable[Any]]) -> float:
    """Per second, all of them at once."""
    begun = perf_counter()
    await asyncio.gather(*(finish(each) for each in range(number)))
    return number / (perf_counter() - begun)


async def _referral(stage: Stage, referral_id: str) -> Any:
    handle = await referrals.start(stage, referral_id)
    assert await handle.result() == "completed"
    return handle


async def _bare(client: Client, shape: BareStart) -> Any:
    handle = await client.start_workflow(Bare.run, shape, id=f"bare-{uuid4()}", task_queue=BARE_QUEUE)
    assert await handle.result() == shape.updates
    return handle


def _bare_worker(client: Client) -> Worker:
    answering: set[asyncio.Task[Any]] = set()

    def asked(workflow_id: str) -> None:
        task = asyncio.create_task(client.get_workflow_handle(workflow_id).execute_update(Bare.answer, 1))
        answering.add(task)
        task.add_done_callback(answering.discard)

    return Worker(client, task_queue=BARE_QUEUE, workflows=[Bare], activities=[BareActivities(asked).bare_step])
