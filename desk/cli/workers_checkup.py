"""Checks that workers poll for work and get it: without one referrals wait, and nothing else shows that."""

from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from desk.cli.finding import Finding
from firstdose.adapters.worker_deployment import current_build
from workflows.messages import QUEUES, REFERRALS_QUEUE

_RECENT: Final = timedelta(minutes=2)
"""Longer than a worker's long poll; Temporal remembers dead workers for some minutes."""


async def workers(client: Client) -> Finding:
    """Each task queue must have been asked for work just now."""
    try:
        alone = await unpolled_queues(client)
    except RPCError as error:
        return Finding("workers", f"cannot be seen ({error.status.name.lower()})", "look at the rights in Temporal")
    if alone:
        return Finding("workers", f"none on: {', '.join(alone)}", "start `firstdose worker`, or read its log")
    return Finding("workers", "one or more on each task queue")


async def build(client: Client, build_id: str | None) -> Finding:
    """Workers with these settings get work only if their build is the current one."""
    current = await current_build(client)
    if build_id == current:
        return Finding("build", f"{current} is current" if current else "builds are not told apart")
    if build_id:
        summary = f"{build_id} gets no work: {current or 'none'} is current"
        return Finding("build", summary, "`firstdose make-current`, once its workers run")
    return Finding("build", f"workers without a build get no work: {current} is current", "set FIRSTDOSE_BUILD_ID")


async def unpolled_queues(client: Client, build_id: str | None = None) -> list[str]:
    """The task queues that no worker, or none of this build, has asked for work just now."""
    return [queue for queue in QUEUES if not await _is_polled(client, queue, build_id)]


async def _is_polled(client: Client, queue: str, build_id: str | None) -> bool:
    kind = (
        TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW if queue == REFERRALS_QUEUE else TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
    )
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    described = await client.workflow_service.describe_task_queue(request)
    since = datetime.now(UTC) - _RECENT
    return any(
        poller.last_access_time.ToDatetime(tzinfo=UTC) > since
        for poller in described.pollers
        if build_id in (None, poller.deployment_options.build_id)
    )
