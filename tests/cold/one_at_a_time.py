"""Answers of the outside that come one at a time, each in a workflow task of its own, as over a real network."""

import asyncio
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from temporalio import activity
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse as Described
from temporalio.client import Client
from temporalio.client import Interceptor as OfClient
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput
from temporalio.worker import Interceptor as OfWorker

_LOOK_EVERY = 0.02
MEANINGLESS = "meaningless"
"""A signal that no workflow handles."""


class OneAtATime(OfClient, OfWorker):
    """Holds the answer of each activity until its workflow has nothing to do and has had the answer before it.

    Before each there is a workflow task that issues no command. After a second one in a row a worker that does not know
    the workflow gets an answer and an update in one activation; where answers come together this hardly ever happens.
    """

    def __init__(self) -> None:
        self.turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.last: dict[str, str] = {}

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Held(next, self)


class _Held(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, order: OneAtATime) -> None:  # noqa: A002
        super().__init__(next)
        self._order = order

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        answer = await super().execute_activity(input)
        info = activity.info()
        # A local activity is part of a workflow task, and would wait for itself.
        if not info.is_local and info.workflow_id:
            async with self._order.turns[info.workflow_id]:
                await self._turn(info.workflow_id, info.activity_id)
        return answer

    async def _turn(self, workflow_id: str, activity_id: str) -> None:
        client, before = activity.client(), self._order.last.get(workflow_id)
        await described(client, workflow_id, lambda now: before not in _started(now) - {activity_id} and _no_task(now))
        await client.get_workflow_handle(workflow_id).signal(MEANINGLESS)
        await described(client, workflow_id, _no_task)
        self._order.last[workflow_id] = activity_id


async def at_rest(client: Client, workflow_id: str) -> bool:
    """Wait until nothing is under way but calls that are made again later; whether the workflow has ended."""
    now = await described(client, workflow_id, lambda now: _no_task(now) and _no_call(now))
    return now.workflow_execution_info.HasField("close_time")


async def described(client: Client, workflow_id: str, when: Callable[[Described], bool]) -> Described:
    """How a workflow stands as soon as this is true."""
    while True:
        now = (await client.get_workflow_handle(workflow_id).describe()).raw_description
        if when(now):
            return now
        await asyncio.sleep(_LOOK_EVERY)


def _no_task(now: Described) -> bool:
    return not now.HasField("pending_workflow_task")


def _no_call(now: Described) -> bool:
    return not _started(now) and all(each.attempt > 1 for each in now.pending_activities)


def _started(now: Described) -> set[str]:
    state = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
    return {each.activity_id for each in now.pending_activities if each.state == state}
