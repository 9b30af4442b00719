"""The yardstick of throughput: a workflow that does nothing, in as many activities and updates as a referral takes."""

from collections.abc import Callable
from datetime import timedelta

from pydantic import BaseModel
from temporalio import activity, workflow

BARE_QUEUE = "bare"
_TIMEOUT = timedelta(seconds=30)


class BareStart(BaseModel):
    """How many activities, and how many of them ask for an answer by update."""

    activities: int
    updates: int


class BareStep(BaseModel):
    workflow_id: str
    number: int
    asks: bool


class BareActivities:
    """`asked` hears of each step that asks, with the workflow's id."""

    def __init__(self, asked: Callable[[str], None]) -> None:
        self._asked = asked

    @activity.defn
    async def bare_step(self, step: BareStep) -> BareStep:
        if step.asks:
            self._asked(step.workflow_id)
        return step


@workflow.defn(name="Bare")
class Bare:
    def __init__(self) -> None:
        self._answers = 0

    @workflow.run
    async def run(self, start: BareStart) -> int:
        asked = 0
        for number in range(start.activities):
            asks = asked < start.updates
            step = BareStep(workflow_id=workflow.info().workflow_id, number=number, asks=asks)
            await workflow.execute_activity_method(BareActivities.bare_step, step, start_to_close_timeout=_TIMEOUT)
            if asks:
                asked += 1
                await workflow.wait_condition(lambda awaited=asked: self._answers >= awaited)  # type: ignore[misc]
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._answers

    @workflow.update
    async def answer(self, number: int) -> int:
        self._answers += 1
        return number
