"""Records activities that keep failing, for the desk to show. Best effort: it never fails an activity."""

import asyncio
import re
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from temporalio import activity
from temporalio.activity import Info
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from firstdose.adapters.postgres.messages.stalls import FailedAttempt, StallStore
from firstdose.adapters.postgres.paging import is_uuid
from workflows.messages import workflow_id

log = structlog.get_logger(__name__)

_PREFIX: Final = workflow_id("")
_CODE: Final = re.compile(r"[A-Za-z_]{1,80}")
_PATIENCE_S: Final = 1.0
_GRACE: Final = timedelta(minutes=1)
_MOST_DOUBLINGS: Final = 50


class FailingActivities(Interceptor):
    """For workers; local activities are left out, since they end within their workflow task."""

    def __init__(self, store: StallStore) -> None:
        self._store = store

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002
        return _Watched(next, self._store)


class _Watched(ActivityInboundInterceptor):
    def __init__(self, inner: ActivityInboundInterceptor, store: StallStore) -> None:
        super().__init__(inner)
        self._store = store

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        info = activity.info()
        if info.is_local or not is_uuid(_referral_id(info)):
            return await super().execute_activity(input)
        try:
            result = await super().execute_activity(input)
        except asyncio.CancelledError:
            await _quietly(self._cancelled(info))
            raise
        except Exception as error:
            await _quietly(self._failed(info, error))
            raise
        await _quietly(self._over(info))
        return result

    async def _failed(self, info: Info, error: Exception) -> None:
        benign = isinstance(error, ApplicationError) and error.category is ApplicationErrorCategory.BENIGN
        next_at = datetime.now(UTC) + _delay(info, error)
        if benign or _is_last(info, error, next_at):
            await self._over(info)
        else:
            await self._note(info, _problem(error), next_at)

    async def _cancelled(self, info: Info) -> None:
        """Cancelled by its workflow, or because of its timeout; a cancellation by a stopping worker does not count."""
        details = activity.cancellation_details()
        if details and details.cancel_requested:
            await self._over(info)
        elif details and details.timed_out:
            await self._note(info, "timed_out", datetime.now(UTC) + _back_off(info))

    async def _note(self, info: Info, problem: str, next_at: datetime) -> None:
        attempt = FailedAttempt(
            referral_id=_referral_id(info),
            activity_id=info.activity_id,
            activity_type=info.activity_type,
            problem=problem,
            since=info.scheduled_time,
            next_attempt_at=next_at,
            overdue_at=next_at + (info.start_to_close_timeout or timedelta()) + _GRACE,
        )
        await self._store.failed(attempt)

    async def _over(self, info: Info) -> None:
        if info.attempt > 1:
            await self._store.ended(_referral_id(info), info.activity_type, info.activity_id)


async def _quietly(recording: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await recording
    except Exception:
        log.warning("failing_activity_not_recorded", exc_info=True)


def _referral_id(info: Info) -> str:
    return (info.workflow_id or "").removeprefix(_PREFIX)


def _problem(error: Exception) -> str:
    """The code that the failure carries; else the name of the exception, never its text."""
    code = error.type if isinstance(error, ApplicationError) else None
    return code if code and _CODE.fullmatch(code) else type(error).__name__


def _is_last(info: Info, error: Exception, next_at: datetime) -> bool:
    policy = info.retry_policy or RetryPolicy()
    if isinstance(error, ApplicationError) and error.non_retryable:
        return True
    if 0 < policy.maximum_attempts <= info.attempt:
        return True
    within = info.schedule_to_close_timeout
    return bool(within) and next_at > info.scheduled_time + (within or timedelta())


def _delay(info: Info, error: Exception) -> timedelta:
    asked = error.next_retry_delay if isinstance(error, ApplicationError) else None
    return asked or _back_off(info)


def _back_off(info: Info) -> timedelta:
    policy = info.retry_policy or RetryPolicy()
    seconds = policy.initial_interval.total_seconds()
    longest = policy.maximum_interval.total_seconds() if policy.maximum_interval else seconds * 100
    return timedelta(
        seconds=min(longest, seconds * policy.backoff_coefficient ** min(info.attempt - 1, _MOST_DOUBLINGS))
    )
