"""Which failures of a step are counted, and when the count ends."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.messages.stalls import FailedAttempt, StallStore
from firstdose.adapters.postgres.pool import Pool
from firstdose.domain.work.stall import LEAST_FAILURES, StallKind
from tests.conftest import Refer
from workers.failing_activities import FailingActivities
from workflows.messages import workflow_id

CANARY = "CANARY-Hernandez"
MINUTE = timedelta(minutes=1)
DOWN = ApplicationError(CANARY, type="payer_unavailable")
POLICY = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=10 * MINUTE)


class FailingStep(ActivityInboundInterceptor):
    """The step itself, in its real place behind the interceptor."""

    def __init__(self, does: Callable[[], None]) -> None:
        self._does = does

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        self._does()


Attempt = Callable[..., Awaitable[None]]


@pytest.fixture
async def referral_id(refer: Refer, pool: Pool) -> str:
    """One that has come in just now."""
    referral_id = await refer()
    await pool.execute("UPDATE messages SET received_at = now()")
    return referral_id


@pytest.fixture
def attempt(pool: Pool, referral_id: str) -> Attempt:
    """`await attempt(error, **info)`: the step fails with it, or succeeds if it is None."""
    interceptor = FailingActivities(StallStore(pool))
    began = datetime.now(UTC)

    async def run(error: Exception | None, **changes: Any) -> None:
        def do() -> None:
            if error:
                raise error

        usual: dict[str, Any] = {
            "workflow_id": workflow_id(referral_id),
            "activity_type": "verify_benefits",
            "scheduled_time": began,
            "retry_policy": POLICY,
            "schedule_to_close_timeout": None,
        }
        info = replace(ActivityEnvironment.default_info(), **usual | changes)
        given = ExecuteActivityInput(fn=do, args=[], executor=None, headers={})
        step = interceptor.intercept_activity(FailingStep(do))

        async def act() -> None:
            await step.execute_activity(given)

        environment = ActivityEnvironment()
        environment.info = info
        with pytest.raises(type(error)) if error else nullcontext():
            await environment.run(act)

    return run


async def failures(pool: Pool) -> list[tuple[str, int]]:
    return [tuple(row) for row in await pool.fetch("SELECT problem, failures FROM failing_activities")]


async def test_failures_are_counted_and_seen_from_the_fourth_on(pool: Pool, attempt: Attempt, referral_id: str) -> None:
    store = StallStore(pool)
    for number in range(1, LEAST_FAILURES):
        await attempt(DOWN, attempt=number)
        assert await store.of(referral_id) == []
    await attempt(DOWN, attempt=LEAST_FAILURES)
    (stall,) = await store.of(referral_id)
    assert (stall.kind, stall.what, stall.problem) == (
        StallKind.ACTIVITY_FAILING,
        "verify_benefits",
        "payer_unavailable",
    )
    assert stall.attempts == LEAST_FAILURES
    assert (await store.count())[StallKind.ACTIVITY_FAILING] == 1
    assert await store.first(3) == [stall]
    await attempt(None, attempt=LEAST_FAILURES + 1)
    assert await failures(pool) == []


@pytest.mark.parametrize(
    ("error", "info"),
    [
        (ApplicationError("x", type="refused", non_retryable=True), {}),
        (ApplicationError("x", type="still_pending", category=ApplicationErrorCategory.BENIGN), {}),
        (DOWN, {"retry_policy": RetryPolicy(maximum_attempts=2)}),
        (DOWN, {"schedule_to_close_timeout": timedelta(seconds=1)}),
    ],
)
async def test_the_count_ends_when_the_step_is_not_tried_again_or_only_waits(
    pool: Pool, attempt: Attempt, error: Exception, info: dict[str, Any]
) -> None:
    await attempt(DOWN, attempt=1)
    assert await failures(pool) == [("payer_unavailable", 1)]
    await attempt(error, attempt=2, **info)
    assert await failures(pool) == []


async def test_a_problem_is_a_code_and_never_a_text(pool: Pool, attempt: Attempt) -> None:
    await attempt(ApplicationError(CANARY, type=f"{CANARY} was born 1960"), attempt=1)
    assert await failures(pool) == [("ApplicationError", 1)]
    await attempt(ValueError(CANARY), attempt=2)
    assert await failures(pool) == [("ValueError", 2)]


async def test_a_local_step_and_one_of_no_referral_are_not_counted(pool: Pool, attempt: Attempt) -> None:
    await attempt(DOWN, attempt=1, is_local=True)
    await attempt(DOWN, attempt=1, workflow_id="another-workflow")
    await attempt(DOWN, attempt=1, workflow_id=workflow_id(new_id()))
    assert await failures(pool) == []


async def test_an_id_that_is_used_again_begins_anew(pool: Pool, attempt: Attempt) -> None:
    await attempt(DOWN, attempt=7)
    await attempt(DOWN, attempt=1, scheduled_time=datetime.now(UTC) + MINUTE)
    assert await failures(pool) == [("payer_unavailable", 1)]


async def test_a_wait_of_months_does_not_break_the_arithmetic(pool: Pool, attempt: Attempt) -> None:
    await attempt(DOWN, attempt=5000)
    next_at = await pool.fetchval("SELECT next_attempt_at FROM failing_activities")
    assert next_at - datetime.now(UTC) <= 10 * MINUTE


async def test_what_nobody_tries_any_more_is_no_stall(pool: Pool, referral_id: str) -> None:
    store, past = StallStore(pool), datetime.now(UTC) - MINUTE
    ended = FailedAttempt(referral_id, "1", "verify_benefits", "payer_unavailable", past, past, past)
    for _ in range(LEAST_FAILURES):
        await store.failed(ended)
    assert await store.of(referral_id) == []
    assert (await store.count())[StallKind.ACTIVITY_FAILING] == 0
    await store.forget_overdue()
    assert await failures(pool) == []


async def test_only_the_first_message_of_a_referral_waits_for_itself(pool: Pool, referral_id: str) -> None:
    store = StallStore(pool)
    assert await store.of(referral_id) == []
    assert await store.is_starting(referral_id)
    await pool.execute("UPDATE messages SET received_at = now() - interval '61 seconds', attempts = 3")
    (stall,) = await store.of(referral_id)
    assert (stall.kind, stall.what, stall.attempts) == (StallKind.MESSAGE_WAITING, "start", 3)
    assert (await store.count())[StallKind.MESSAGE_WAITING] == 1
    assert await store.first(3) == [stall]
    await pool.execute("UPDATE messages SET state = 'parked', last_problem = 'unreadable'")
    (stall,) = await store.of(referral_id)
    assert (stall.kind, stall.problem) == (StallKind.MESSAGE_PARKED, "unreadable")
    await pool.execute("UPDATE messages SET state = 'applied'")
    assert await store.of(referral_id) == []
    assert not await store.is_starting(referral_id)
    assert await store.of("no id") == []
