"""Finished referrals per second, against a workflow of as many activities and updates that does nothing."""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from statistics import mean, median_low
from time import perf_counter
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from bench import referrals
from bench.bare_workflow import BARE_QUEUE, Bare, BareActivities, BareStart
from bench.figures import Report, median, ratio, rounded
from bench.firm import at_work
from bench.history import weigh
from bench.processor import Processor, per_each
from bench.stage import BenchServers, set_up
from firstdose.adapters.postgres.pool import Pool, database

TARGET_RATIO = 0.7

Handle = WorkflowHandle[Any, Any]


async def measure(*, quick: bool) -> Report:
    """All workers run all the time in this process; the rounds of ours and of the bare one alternate."""
    rounds, number = (1, 5) if quick else (6, 20)
    async with set_up() as stage, database(stage.dsn) as pool, at_work(stage), _bare_worker(stage.client):
        shape = await _warm_up(stage, pool, number)
        processor = Processor({**stage.pids, "worker_and_staff": os.getpid()})
        ours, bare = Rounds(processor, number), Rounds(processor, number)
        for _ in range(rounds):
            received = await referrals.receive(stage, pool, number)
            await ours.play(lambda n, ids=received: _referral(stage, ids[n]))  # type: ignore[misc]
            await bare.play(lambda _: _bare(stage.client, shape))
        referral, yardstick = await ours.report(), await bare.report()
    return {
        "at_once": number,
        **shape.model_dump(),
        "referral": referral,
        "bare": yardstick,
        "target_ratio": TARGET_RATIO,
        **ratio(ours.rates, bare.rates),
        "processor_ratio": rounded(yardstick["processor_ms"]["all"] / referral["processor_ms"]["all"]),
    }


class Rounds:
    """Of one kind of workflow: how many finished per second in each round, and the processor time of each."""

    def __init__(self, processor: Processor, number: int) -> None:
        self.rates: list[float] = []
        self._processor, self._number = processor, number
        self._spent: list[Report] = []
        self._finished: list[Handle] = []

    async def play(self, finish: Callable[[int], Awaitable[Handle]]) -> None:
        """All of a round at once."""
        before, begun = self._processor.used(), perf_counter()
        self._finished += await asyncio.gather(*(finish(each) for each in range(self._number)))
        self.rates.append(self._number / (perf_counter() - begun))
        self._spent.append(per_each(before, self._processor.used(), self._number))

    async def report(self) -> Report:
        """Shape and weight of the median one. A task that timed out found its worker too busy, and was replayed."""
        weights = [await weigh(handle) for handle in self._finished]
        kinds = [Counter[str](weight["events_by_type"]) for weight in weights]
        return {
            "per_second": median(self.rates),
            "events": median([weight["events"] for weight in weights]),
            "bytes": median([weight["bytes"] for weight in weights]),
            "workflow_tasks": median([each["workflow_task_completed"] for each in kinds]),
            "workflow_tasks_timed_out": rounded(mean(each["workflow_task_timed_out"] for each in kinds)),
            "processor_ms": {name: median([each[name] for each in self._spent]) for name in self._spent[0]},
        }


async def _warm_up(stage: BenchServers, pool: Pool, number: int) -> BareStart:
    """A round of ours and one bare; ours, as busy as when it is measured, says how much the bare one has to do."""
    received = await referrals.receive(stage, pool, number)
    handles = await asyncio.gather(*(_referral(stage, each) for each in received))
    kinds = [(await weigh(handle))["events_by_type"] for handle in handles]
    shape = BareStart(
        activities=median_low([each["activity_task_completed"] for each in kinds]),
        updates=median_low([each["workflow_execution_update_completed"] for each in kinds]),
    )
    await _bare(stage.client, shape)
    return shape


async def _referral(stage: BenchServers, referral_id: str) -> Handle:
    handle = await referrals.start(stage, referral_id)
    assert await handle.result() == "completed"
    return handle


async def _bare(client: Client, shape: BareStart) -> Handle:
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
