"""The interceptor of every activity: heartbeats while it runs, and errors of the ports as Temporal's failures."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from typing import Any, Final

from temporalio import activity
from temporalio.exceptions import ApplicationError
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from firstdose.ports import Impossible, Unavailable

_BEATS: Final = 3
"""Heartbeats within one heartbeat timeout: one may be late or lost."""


class ActivityCalls(Interceptor):
    """For workers, next to the activity: interceptors around it see the failures that Temporal sees."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Called(next)


class _Called(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        async with _heard_of(activity.info().heartbeat_timeout):
            with _port_errors_as_failures():
                return await super().execute_activity(input)


@contextmanager
def _port_errors_as_failures() -> Iterator[None]:
    """Failures carry the problem's code and nothing of the cause; Temporal tries again unless it is impossible.

    What a payer said that only a person can judge stays in the store: the contact leads there.
    """
    try:
        yield
    except Impossible as error:
        raise ApplicationError(error.problem.value, type=error.problem.value, non_retryable=True) from None
    except Unavailable as error:
        raise ApplicationError(
            error.problem.value, type=error.problem.value, next_retry_delay=error.retry_after
        ) from None


@asynccontextmanager
async def _heard_of(timeout: timedelta | None) -> AsyncIterator[None]:
    """Heartbeats where the activity has a heartbeat time-out, so that a dead worker's call is soon made again."""
    if not timeout:
        yield
        return
    beating = asyncio.create_task(_beat(timeout.total_seconds() / _BEATS))
    try:
        yield
    finally:
        beating.cancel()


async def _beat(every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        activity.heartbeat()
