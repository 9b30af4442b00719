"""What a workflow's pending task and activities tell, as Temporal describes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.common.v1 import ActivityType
from temporalio.api.enums.v1 import ApplicationErrorCategory, PendingWorkflowTaskState
from temporalio.api.failure.v1 import ApplicationFailureInfo, Failure, TimeoutFailureInfo
from temporalio.api.workflow.v1 import PendingActivityInfo, PendingWorkflowTaskInfo

from desk import temporal_stalls
from firstdose.domain.work.stall import LEAST_FAILURES, LONGEST_WAIT, StallKind

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
SCHEDULED = PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_SCHEDULED
STARTED = PendingWorkflowTaskState.PENDING_WORKFLOW_TASK_STATE_STARTED
SECOND = timedelta(seconds=1)
BENIGN = ApplicationErrorCategory.APPLICATION_ERROR_CATEGORY_BENIGN


def of_task(attempt: int, state: Any, age: timedelta, cause: str | None = None) -> list[StallKind]:
    task = PendingWorkflowTaskInfo(attempt=attempt, state=state)
    task.original_scheduled_time.FromDatetime(NOW - age)
    return [stall.kind for stall in temporal_stalls._of_task(task, "r", cause, NOW)]


@pytest.mark.parametrize(
    ("attempt", "state", "age", "cause", "found"),
    [
        (1, STARTED, SECOND, None, []),
        (2, STARTED, 10 * SECOND, None, []),
        (3, STARTED, 10 * SECOND, None, [StallKind.WORKFLOW_TASK_FAILING]),
        (1, STARTED, SECOND, "failed", [StallKind.WORKFLOW_TASK_FAILING]),
        (1, SCHEDULED, LONGEST_WAIT, None, []),
        (1, SCHEDULED, LONGEST_WAIT + SECOND, None, [StallKind.WORKFLOW_TASK_WAITING]),
        (3, SCHEDULED, LONGEST_WAIT + SECOND, None, [StallKind.WORKFLOW_TASK_FAILING]),
    ],
)
def test_a_task_fails_by_its_attempts_or_waits_by_its_age(
    attempt: int, state: Any, age: timedelta, cause: str | None, found: list[StallKind]
) -> None:
    assert of_task(attempt, state, age, cause) == found


def test_no_task_is_no_stall() -> None:
    assert list(temporal_stalls._of_task(PendingWorkflowTaskInfo(), "r", None, NOW)) == []


def of_activity(attempt: int, failure: Failure | None, failures: int | None = None) -> list[tuple[str | None, int]]:
    pending = PendingActivityInfo(
        activity_id="7", activity_type=ActivityType(name="read_answer"), attempt=attempt, last_failure=failure
    )
    counted = {} if failures is None else {("read_answer", "7"): failures}
    return [(stall.problem, stall.attempts) for stall in temporal_stalls._of_activity(pending, "r", counted)]


def failed(code: str, **more: Any) -> Failure:
    return Failure(message="CANARY", application_failure_info=ApplicationFailureInfo(type=code, **more))


def test_a_step_fails_by_the_stores_count_else_by_its_attempts() -> None:
    down = failed("payer_unavailable")
    assert of_activity(LEAST_FAILURES, down) == []
    assert of_activity(LEAST_FAILURES + 1, down) == [("payer_unavailable", LEAST_FAILURES)]
    assert of_activity(400, down, failures=1) == []
    assert of_activity(400, down, failures=LEAST_FAILURES) == [("payer_unavailable", LEAST_FAILURES)]


def test_what_is_still_pending_does_not_fail() -> None:
    assert of_activity(400, failed("still_pending", category=BENIGN)) == []
    assert of_activity(400, None) == []


def test_a_problem_is_a_code() -> None:
    assert of_activity(9, failed("CANARY was born 1960")) == [("failed", 8)]
    assert of_activity(9, Failure(message="CANARY", timeout_failure_info=TimeoutFailureInfo())) == [("timed_out", 8)]
