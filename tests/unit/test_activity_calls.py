"""What the workers' interceptor adds to every activity: failures with codes, and heartbeats where they are awaited."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.dispatch import DispatchActivities
from activities.outreach import OutreachActivities
from activities.payer import PayerActivities
from activities.pharmacy import PharmacyActivities
from activities.records import RecordActivities
from firstdose.domain.payer.remark import PayerRemark, RemarkKind
from firstdose.domain.problem import ProblemCode
from firstdose.domain.work.journal import Batch, Recorded, ReferralSnapshot
from firstdose.payer_ports import UnclearAnswer
from firstdose.ports import Impossible, Opening, Unavailable
from workers import build
from workers.activity_calls import ActivityCalls
from workflows.messages import QUEUES, REFERRALS_QUEUE

PATIENCE_S = 10


class Innermost(ActivityInboundInterceptor):
    """The activity."""

    def __init__(self, does: Callable[[], Awaitable[Any]]) -> None:
        self._does = does

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        return await self._does()


async def called(does: Callable[[], Awaitable[Any]], env: ActivityEnvironment | None = None) -> Any:
    """By way of the interceptor, in an activity's surroundings."""
    inbound = ActivityCalls().intercept_activity(Innermost(does))

    async def run() -> Any:
        asked = ExecuteActivityInput(fn=does, args=[], executor=None, headers={})
        async with asyncio.timeout(PATIENCE_S):
            return await inbound.execute_activity(asked)

    return await (env or environment()).run(run)


def environment(*, heartbeat: timedelta | None = None, local: bool = False) -> ActivityEnvironment:
    env = ActivityEnvironment()
    env.info = replace(env.info, heartbeat_timeout=heartbeat, is_local=local)
    return env


def raising(error: Exception) -> Callable[[], Awaitable[None]]:
    async def does() -> None:
        raise error

    return does


async def test_what_is_impossible_is_never_tried_again() -> None:
    with pytest.raises(ApplicationError, match="payer_refused_request") as failure:
        await called(raising(Impossible(ProblemCode.PAYER_REFUSED_REQUEST)))
    assert (failure.value.type, failure.value.non_retryable) == ("payer_refused_request", True)
    assert failure.value.__suppress_context__, "the cause may hold what the outside said"


@pytest.mark.parametrize("wait", [None, timedelta(minutes=2)])
async def test_what_is_unavailable_is_tried_again_when_the_other_side_says(wait: timedelta | None) -> None:
    with pytest.raises(ApplicationError) as failure:
        await called(raising(Unavailable(ProblemCode.PAYER_BUSY, wait)))
    assert (failure.value.type, failure.value.non_retryable) == ("payer_busy", False)
    assert failure.value.next_retry_delay == wait
    assert failure.value.__suppress_context__


@pytest.mark.parametrize("error", [RuntimeError("a mistake"), ApplicationError("pending", type="still_pending")])
async def test_other_errors_pass(error: Exception) -> None:
    with pytest.raises(type(error)) as passed:
        await called(raising(error))
    assert passed.value is error


async def test_a_call_with_a_heartbeat_time_out_is_heard_of_until_it_ends() -> None:
    heard, env = asyncio.Semaphore(0), environment(heartbeat=timedelta(milliseconds=30))
    env.on_heartbeat = lambda *_: heard.release()
    before = asyncio.all_tasks()

    async def does() -> str:
        for _ in range(3):
            await heard.acquire()
        return "done"

    assert await called(does, env) == "done"
    for _ in range(10):  # what was canceled ends a little later
        await asyncio.sleep(0)
    left = {
        task for task in asyncio.all_tasks() - before if "anyio" not in repr(task) and "Event.wait" not in repr(task)
    }
    assert left == set(), "others of the session may have begun theirs meanwhile"


async def test_a_call_without_one_is_not_heard_of() -> None:
    before = asyncio.all_tasks()

    async def does() -> int:
        return len(asyncio.all_tasks() - before)

    env = environment()
    alone = await env.run(does)
    assert await called(does, env) == alone


class Slow:
    """Implements Records."""

    async def open(self, referral_id: str) -> Opening:
        raise Impossible(ProblemCode.UNKNOWN_REFERRAL)

    async def record(self, batch: Batch) -> Recorded:
        await asyncio.Event().wait()
        raise AssertionError


class Refusing(Slow):
    async def record(self, batch: Batch) -> Recorded:
        raise Impossible(ProblemCode.REFERRAL_SHREDDED)


BATCH = Batch(referral_id="r", entries=(), standing=ReferralSnapshot())


async def test_the_journal_is_tried_again_whatever_the_store_says() -> None:
    with pytest.raises(ApplicationError) as failure:
        await called(lambda: RecordActivities(Refusing()).record(BATCH))
    assert (failure.value.type, failure.value.non_retryable) == ("referral_shredded", False)


async def test_within_a_workflow_task_the_journal_does_not_wait_for_a_slow_store() -> None:
    with pytest.raises(ApplicationError) as failure:
        await called(lambda: RecordActivities(Slow()).record(BATCH), environment(local=True))
    assert (failure.value.type, failure.value.non_retryable) == ("store_too_slow", False)


def test_every_worker_has_it_next_to_the_activity_and_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    built: dict[str, dict[str, Any]] = {}
    monkeypatch.setattr(build, "Worker", lambda _client, **given: built.update({given["task_queue"]: given}))
    unused: Any = None
    acts = (
        RecordActivities(unused),
        PayerActivities(unused),
        OutreachActivities(unused),
        PharmacyActivities(unused),
        DispatchActivities(unused),
    )
    other = Interceptor()
    build.referral_workers(unused, acts, interceptors=[other])
    assert set(built) == set(QUEUES)
    for given in built.values():
        first, last = given["interceptors"]
        assert first is other
        assert isinstance(last, ActivityCalls)
        numbers = [given[f"max_concurrent_{what}"] for what in ("activities", "local_activities", "workflow_tasks")]
        assert all(number >= 1 for number in numbers)
    journal = built[REFERRALS_QUEUE]
    assert journal["max_concurrent_local_activities"] >= journal["max_concurrent_workflow_tasks"]


async def test_the_words_of_a_payer_do_not_go_with_the_failure() -> None:
    said = (PayerRemark(kind=RemarkKind.REJECTED, where="AAA03", code="43"),)
    with pytest.raises(ApplicationError) as failed:
        await called(raising(UnclearAnswer(ProblemCode.ELIGIBILITY_NOT_TOLD, said)))
    assert (failed.value.type, failed.value.non_retryable) == ("eligibility_not_told", True)
    assert failed.value.details == ()
