"""What guards calls to a payer: a bulkhead, a circuit breaker and a rate limiter.

A slow or broken payer must not slow down the others: a call that may not be made is refused at once, with a time to
retry, and holds no activity slot meanwhile.
"""

import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext
from datetime import timedelta
from typing import Final, Protocol

from firstdose.domain.payer.channel import Channel
from firstdose.domain.problem import CallOutcome, ProblemCode
from firstdose.payer_ports import PayerEndpoint
from firstdose.ports import PortError, Unavailable

_log = logging.getLogger(__name__)

_BESIDES_THE_CALL: Final = timedelta(minutes=1)
"""At most, for our own records before and after a call."""
_LEAST_S: Final = 0.1
_APART_S: Final = 0.05


class Resilience(Protocol):
    """Decides whether a call to a payer may be made now, and records its outcome."""

    def to(self, endpoint: PayerEndpoint, channel: Channel) -> AbstractAsyncContextManager[None]:
        """The call is made within this context. Raises Unavailable if it may not be made now."""


class UnguardedCalls:
    """Every call may be made."""

    def to(self, endpoint: PayerEndpoint, channel: Channel) -> AbstractAsyncContextManager[None]:
        return nullcontext()


class CircuitBreaker(Protocol):
    """The health of payers' systems, by the names of `system_of`; shared by all workers."""

    async def admit(self, payer: str, longest: timedelta) -> int | None:
        """The number of the probe, if this call is one. Raises Unavailable in an outage."""

    async def record(
        self, payer: str, outcome: CallOutcome, *, probe: int | None = None, asked_to_wait: timedelta | None = None
    ) -> None: ...


class RateLimiter(Protocol):
    """Limits the calls to a payer in a minute; shared by all workers."""

    async def acquire(self, payer: str, per_minute: int, burst: int) -> None:
        """Raises Unavailable, with a time to retry, if the limit is reached."""


class GuardedCalls:
    """Implements resilience.Resilience for one process."""

    def __init__(
        self, breaker: CircuitBreaker, rate_limiter: RateLimiter, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._breaker = breaker
        self._rate_limiter = rate_limiter
        self._bulkhead = Bulkhead(clock)
        self._turns = RetrySpreading(clock)

    @asynccontextmanager
    async def to(self, endpoint: PayerEndpoint, channel: Channel) -> AsyncIterator[None]:
        """Raises Unavailable: `payer_crowded`, `payer_outage`, `payer_busy` or `payer_rate_limit`."""
        system = system_of(endpoint.payer, channel)
        with self._bulkhead.one_of(system, endpoint.at_once):
            probe = await self._admitted(system, endpoint.timeout)
            outcome, asked_to_wait = CallOutcome.UNTOLD, None
            try:
                if endpoint.requests_per_minute is not None:
                    await self._rate_limiter.acquire(system, endpoint.requests_per_minute, endpoint.burst)
                yield
                outcome = CallOutcome.ANSWERED
            except PortError as error:
                outcome, asked_to_wait = error.problem.outcome, _asked_to_wait(error)
                raise
            finally:
                await self._record(system, outcome, probe, asked_to_wait)

    async def _admitted(self, system: str, timeout: timedelta) -> int | None:
        try:
            return await self._breaker.admit(system, timeout + _BESIDES_THE_CALL)
        except Unavailable as error:
            if error.retry_after is None:
                raise
            wait = self._turns.after(system, error.retry_after.total_seconds(), _APART_S)
            raise Unavailable(error.problem, wait) from None

    async def _record(
        self, system: str, outcome: CallOutcome, probe: int | None, asked_to_wait: timedelta | None
    ) -> None:
        """The health is only advice: an answer must not be lost because its outcome could not be recorded."""
        if outcome is CallOutcome.UNTOLD and probe is None:
            return
        try:
            await self._breaker.record(system, outcome, probe=probe, asked_to_wait=asked_to_wait)
        except Unavailable as error:
            _log.warning("payer health not recorded", extra={"payer": system, "code": error.problem})


class Bulkhead:
    """Limits the concurrent calls to a payer in this process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._begun: dict[str, dict[object, float]] = {}
        self._turns = RetrySpreading(clock)

    @contextmanager
    def one_of(self, payer: str, limit: int) -> Iterator[None]:
        """Take a slot. Raises Unavailable: `payer_crowded`, with about the time at which a slot becomes free."""
        begun = self._begun.setdefault(payer, {})
        if len(begun) >= limit:
            slowest = self._clock() - min(begun.values())
            raise Unavailable(ProblemCode.PAYER_CROWDED, self._turns.after(payer, _LEAST_S, slowest / limit))
        place = object()
        begun[place] = self._clock()
        try:
            yield
        finally:
            del begun[place]


class RetrySpreading:
    """Spreads out the retries of refused calls, so that they do not come all at once."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: dict[str, float] = {}

    def after(self, payer: str, wait: float, apart: float) -> timedelta:
        """When to retry: not before `wait`, and at least `apart` after the previous retry; both in seconds."""
        now = self._clock()
        turn_at = max(now + wait, self._last.get(payer, 0.0) + apart)
        self._last[payer] = turn_at
        return timedelta(seconds=turn_at - now)


def system_of(payer: str, channel: Channel) -> str:
    """The name for separate health and limits: `northstar`, and `northstar/x12` for its clearinghouse."""
    return payer if channel is Channel.PAS else f"{payer}/{channel}"


def never_left(error: PortError) -> bool:
    """Whether the payer is certain not to have the request after this error."""
    return not error.problem.payer_may_have_it


def _asked_to_wait(error: PortError) -> timedelta | None:
    """How long the payer asked all callers to wait."""
    return error.retry_after if isinstance(error, Unavailable) and error.problem.asks_all_to_wait else None
