"""Finished referrals per second, against a workflow of as many activities and updates that does nothing."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any
from uuid import uuid4

from temporalio.client import Client
from temporalio.worker import Worker

from bench import referrals
from bench.bare_workflow import BARE_QUEUE, Bare, BareActivities, BareStart
from bench.figures import Report, median, ratio, rounded
from bench.firm import at_work
from bench.history import weigh
from bench.processor import Processor, per_each
from bench.stage import Stage, set_up
from firstdose.adapters.postgres.pool import Pool, database

TARGET_RATIO = 0.7


async def measure(*, quick: bool) -> Report:
    """All workers run all the time in this process; the rounds of ours and of the bare one alternate."""
    rounds, number = (1, 5) if quick else (6, 20)
    async with set_up() as stage, database(stage.dsn) as pool, at_work(stage), _bare_worker(stage.client):
        shape, weights = await _warm_up(stage, pool)
        processor = Processor({**stage.pids, "worker_and_staff": os.getpid()})
        ours, bare = Rounds(processor, number), Rounds(processor, number)
        for _ in range(rounds):
            received = await referrals.receive(stage, pool, number)
            await ours.play(lambda n, ids=received: _referral(stage, ids[n]))  # type: ignore[misc]
            await bare.play(lambda _: _bare(stage.client, shape))
    return {
        "at_once": number,
        "activities": shape.activities,
        "updates": shape.updates,
        "referral": {**weights["referral"], **ours.report()},
        "bare": {**weights["bare"], **bare.report()},
        "target_ratio": TARGET_RATIO,
        **ratio(ours.rates, bare.rates),
        "processor_ratio": rounded(bare.report()["processor_ms"]["all"] / ours.report()["processor_ms"]["all"]),
    }


class Rounds:
    """Of one kind of workflow: how many finished per second in each round, and the processor time of each."""

    def __init__(self, processor: Processor, number: int) -> None:
        self.rates: list[float] = []
        self._processor, self._number = processor, number
        self._spent: list[Report] = []

    async def play(self, finish: Callable[[int], Awaitable[Any]]) -> None:
        """All of a round at once."""
        before, begun = self._processor.used(), perf_counter()
        await asyncio.gather(*(finish(each) for each in range(self._number)))
        self.rates.append(self._number / (perf_counter() - begun))
        self._spent.append(per_each(before, self._processor.used(), self._number))

    def report(self) -> Report:
        spent = {name: median([each[name] for each in self._spent]) for name in self._spent[0]}
        return {"per_second": median(self.rates), "processor_ms": spent}


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
