"""Whether workers ask for work, as `doctor` tells: without one a referral waits, and nothing else says so."""

from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from desk.cli.finding import Finding
from workflows.messages import QUEUES, REFERRALS_QUEUE

_RECENT: Final = timedelta(minutes=2)
"""Longer than a worker's long poll; Temporal remembers dead workers for some minutes."""


async def workers(client: Client) -> Finding:
    """Each task queue must have been asked for work just now."""
    try:
        alone = [queue for queue in QUEUES if not await _is_polled(client, queue)]
    except RPCError as error:
        return Finding("workers", f"cannot be seen ({error.status.name.lower()})", "look at the rights in Temporal")
    if alone:
        return Finding("workers", f"none on: {', '.join(alone)}", "start `firstdose worker`, or read its log")
    return Finding("workers", "one or more on each task queue")


async def _is_polled(client: Client, queue: str) -> bool:
    kind = (
        TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW if queue == REFERRALS_QUEUE else TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
    )
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    described = await client.workflow_service.describe_task_queue(request)
    since = datetime.now(UTC) - _RECENT
    return any(poller.last_access_time.ToDatetime(tzinfo=UTC) > since for poller in described.pollers)
