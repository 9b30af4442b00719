"""What stands still, as far as Temporal knows: tasks and activities that fail, workflows that wait for the store."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.enums.v1 import ApplicationErrorCategory, PendingWorkflowTaskState
from temporalio.api.failure.v1 import Failure
from temporalio.api.workflow.v1 import PendingActivityInfo, PendingWorkflowTaskInfo
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode

from firstdose.domain.work.journal import WaitingFor
from firstdose.domain.work.stall import LEAST_FAILURES, LONGEST_WAIT, Stall, StallKind
from workflows.messages import WAITING_FOR, WORKFLOW, workflow_id

PATIENCE: Final = timedelta(seconds=1)
_REPORTED: Final = SearchAttributeKey.for_keyword_list("TemporalReportedProblems")
_RUNNING: Final = f'WorkflowType = "{WORKFLOW}" AND ExecutionStatus = "Running"'
_QUERIES: Final = {
    StallKind.WORKFLOW_TASK_FAILING: f"{_RUNNING} AND {_REPORTED.name} IS NOT NULL",
    StallKind.STORE_UNAVAILABLE: f'{_RUNNING} AND {WAITING_FOR.name} = "{WaitingFor.SYSTEM}"',
}
_CAUSE: Final = "cause=WorkflowTaskFailedCause"
_LEAST_TASK_ATTEMPTS: Final = 3
"""The first attempt may fall to a worker that is just ending, and the second to one that is just starting."""
_CODE: Final = re.compile(r"[A-Za-z_]{1,80}")
_PREFIX: Final = workflow_id("")

Failures = Mapping[tuple[str, str], int]
"""Failures in a row by the activity's type and id, where the store knows them."""


async def count(client: Client) -> dict[StallKind, int]:
    """Referrals, by kind. Raises what a client raises when Temporal is away."""
    return {kind: (await client.count_workflows(query, rpc_timeout=PATIENCE)).count for kind, query in _QUERIES.items()}


async def first(client: Client, most: int) -> list[Stall]:
    """At most so many of each kind. Raises what a client raises when Temporal is away."""
    found: list[Stall] = []
    for kind, query in _QUERIES.items():
        listing = client.list_workflows(query, limit=most, page_size=most, rpc_timeout=PATIENCE)
        found += [_listed(kind, execution) async for execution in listing]
    return found


async def of_referral(client: Client, referral_id: str, failures: Failures) -> list[Stall]:
    """The stalls of its workflow in Temporal. Raises the client's errors if Temporal is down."""
    try:
        described = await client.get_workflow_handle(workflow_id(referral_id)).describe(rpc_timeout=PATIENCE)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return [Stall.of(StallKind.WORKFLOW_MISSING, referral_id)]
    return list(_seen(described, referral_id, failures, datetime.now(UTC)))


def _listed(kind: StallKind, execution: WorkflowExecution) -> Stall:
    problem = _cause(execution) if kind is StallKind.WORKFLOW_TASK_FAILING else None
    return Stall.of(kind, execution.id.removeprefix(_PREFIX), problem=problem)


def _seen(
    described: WorkflowExecutionDescription, referral_id: str, failures: Failures, now: datetime
) -> Iterator[Stall]:
    raw = described.raw_description
    if described.status is WorkflowExecutionStatus.COMPLETED:
        return
    if described.status is not WorkflowExecutionStatus.RUNNING:
        status = described.status.name.lower() if described.status else None
        yield Stall.of(StallKind.WORKFLOW_MISSING, referral_id, problem=status, since=described.close_time)
        return
    yield from _of_task(raw.pending_workflow_task, referral_id, _cause(described), now)
    if WaitingFor.SYSTEM in described.typed_search_attributes.get(WAITING_FOR, []):
        yield Stall.of(StallKind.STORE_UNAVAILABLE, referral_id)
    for pending in raw.pending_activities:
        yield from _of_activity(pending, referral_id, failures)


def _of_task(task: PendingWorkflowTaskInfo, referral_id: str, cause: str | None, now: datetime) -> Iterator[Stall]:
    since = _moment(task.original_scheduled_time)
    if cause or task.attempt >= _LEAST_TASK_ATTEMPTS:
        kind = StallKind.WORKFLOW_TASK_FAILING
    elif _untaken(task) and since and now - since > LONGEST_WAIT:
        kind = StallKind.WORKFLOW_TASK_WAITING
    else:
        return
    yield Stall.of(kind, referral_id, problem=cause, attempts=max(task.attempt - 1, 0), since=since)


def _untaken(task: PendingWorkflowTaskInfo) -> bool:
    return task.state == PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED


def _of_activity(pending: PendingActivityInfo, referral_id: str, failures: Failures) -> Iterator[Stall]:
    """By the store's count where it has one: a long wait has many attempts of which only the last may have failed."""
    if not pending.HasField("last_failure") or _is_benign(pending.last_failure):
        return
    of_type = pending.activity_type.name
    failed = failures.get((of_type, pending.activity_id), pending.attempt - 1)
    if failed >= LEAST_FAILURES:
        yield Stall.of(
            StallKind.ACTIVITY_FAILING,
            referral_id,
            what=of_type,
            problem=_problem(pending.last_failure),
            attempts=failed,
            since=_moment(pending.scheduled_time),
            next_attempt_at=_moment(pending.next_attempt_schedule_time),
        )


def _is_benign(failure: Failure) -> bool:
    category = failure.application_failure_info.category
    return bool(category == ApplicationErrorCategory.APPLICATION_ERROR_CATEGORY_BENIGN)


def _problem(failure: Failure) -> str:
    """The code that the failure carries, never its text."""
    if failure.HasField("timeout_failure_info"):
        return "timed_out"
    code = failure.application_failure_info.type
    return code if _CODE.fullmatch(code) else "failed"


def _cause(execution: WorkflowExecution) -> str | None:
    """As Temporal reports it after some failures in a row, such as `non_deterministic_error`."""
    reported: Sequence[str] = execution.typed_search_attributes.get(_REPORTED, [])
    causes = [each.removeprefix(_CAUSE) for each in reported if each.startswith(_CAUSE)]
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", causes[0]).lower() if causes else ("failed" if reported else None)


def _moment(stamp: Timestamp) -> datetime | None:
    return stamp.ToDatetime(tzinfo=UTC) if stamp.seconds else None
