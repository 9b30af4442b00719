"""The one way in which the process calls an activity: with its name in the Web UI, and failures as a problem's code."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception
from temporalio.workflow import ActivityConfig, ActivityHandle, LocalActivityConfig

A = TypeVar("A")
T = TypeVar("T")


class CallFailed(Exception):
    """The activity ended without a result, and Temporal does not try it again. `problem` is a code."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


async def call(activity: Callable[[Any, A], Awaitable[T]], arg: A, config: ActivityConfig, summary: str) -> T:
    """Raises CallFailed, and CancelledError if the workflow is cancelled."""
    return await result_of(start(activity, arg, config, summary))


def start(
    activity: Callable[[Any, A], Awaitable[T]], arg: A, config: ActivityConfig, summary: str
) -> ActivityHandle[T]:
    """Call it and go on; `result_of` or `failure_of` say later what became of it."""
    named: ActivityConfig = {**config, "summary": summary}
    return workflow.start_activity_method(activity, arg, **named)


async def call_locally(
    activity: Callable[[Any, A], Awaitable[T]], arg: A, config: LocalActivityConfig, summary: str
) -> T:
    """As a local activity within the workflow task: quick, and one event. Never two at a time.

    Raises CallFailed.
    """
    named: LocalActivityConfig = {**config, "summary": summary}
    return await result_of(workflow.start_local_activity_method(activity, arg, **named))


async def result_of(handle: ActivityHandle[T]) -> T:
    """Raises CallFailed."""
    try:
        return await handle
    except FailureError as failure:
        if is_cancelled_exception(failure):
            raise
        raise CallFailed(_problem_of(failure)) from None


def failure_of(handle: ActivityHandle[Any]) -> str | None:
    """The code of the problem with which a call ended; None if it ended well, was cancelled or goes on."""
    if not handle.done() or handle.cancelled():
        return None
    failure = handle.exception()
    if failure is None:
        return None
    if not isinstance(failure, FailureError):
        raise failure
    return _problem_of(failure)


def _problem_of(failure: FailureError) -> str:
    """An exception of another kind is `unavailable`. What fails a local activity comes as it is, without a wrapper."""
    cause = failure.cause if isinstance(failure, ActivityError) else failure
    return (cause.type if isinstance(cause, ApplicationError) else None) or "unavailable"
