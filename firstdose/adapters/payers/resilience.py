"""The way of a request to its payer: a place for it, a payer that is not out, a pace that the payer allows.

One payer's trouble stays its own: requests that may not leave are sent away at once, with a time to come back, and hold
no activity slot meanwhile.
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
"""At most, for what we write down before and after a request."""
_LEAST_S: Final = 0.1
_APART_S: Final = 0.05


class Resilience(Protocol):
    """Whether a request may leave for its payer now, and what becomes of it."""

    def to(self, endpoint: PayerEndpoint, channel: Channel) -> AbstractAsyncContextManager[None]:
        """The request is made within it. Raises Unavailable when it may not leave now."""


class UnguardedCalls:
    """Every request may leave."""

    def to(self, endpoint: PayerEndpoint, channel: Channel) -> AbstractAsyncContextManager[None]:
        return nullcontext()


class CircuitBreaker(Protocol):
    """What is known of a payer's systems, as `system_of` names them; shared by all workers."""

    async def admit(self, payer: str, longest: timedelta) -> int | None:
        """The number of the probe, if the request is one. Raises Unavailable in an outage."""

    async def hear(
        self, payer: str, outcome: CallOutcome, *, probe: int | None = None, asked_to_wait: timedelta | None = None
    ) -> None: ...


class RateLimiter(Protocol):
    """How fast a payer may be asked; shared by all workers."""

    async def turn(self, payer: str, per_minute: int, burst: int) -> None:
        """Raises Unavailable when it is nobody's turn yet."""


class GuardedCalls:
    """Implements Passage for one process."""

    def __init__(self, health: CircuitBreaker, pace: RateLimiter, clock: Callable[[], float] = time.monotonic) -> None:
        self._health = health
        self._pace = pace
        self._places = Bulkhead(clock)
        self._turns = RetrySpreading(clock)

    @asynccontextmanager
    async def to(self, endpoint: PayerEndpoint, channel: Channel) -> AsyncIterator[None]:
        """Raises Unavailable: `payer_crowded`, `payer_outage`, `payer_busy` or `payer_rate_limit`."""
        system = system_of(endpoint.payer, channel)
        with self._places.one_of(system, endpoint.at_once):
            probe = await self._admitted(system, endpoint.timeout)
            outcome, asked_to_wait = CallOutcome.UNTOLD, None
            try:
                if endpoint.requests_per_minute is not None:
                    await self._pace.turn(system, endpoint.requests_per_minute, endpoint.burst)
                yield
                outcome = CallOutcome.ANSWERED
            except PortError as error:
                outcome, asked_to_wait = error.problem.outcome, _asked_to_wait(error)
                raise
            finally:
                await self._tell(system, outcome, probe, asked_to_wait)

    async def _admitted(self, system: str, timeout: timedelta) -> int | None:
        try:
            return await self._health.admit(system, timeout + _BESIDES_THE_CALL)
        except Unavailable as error:
            if error.retry_after is None:
                raise
            wait = self._turns.after(system, error.retry_after.total_seconds(), _APART_S)
            raise Unavailable(error.problem, wait) from None

    async def _tell(
        self, system: str, outcome: CallOutcome, probe: int | None, asked_to_wait: timedelta | None
    ) -> None:
        """What is known of a system is advice: an answer is not lost because this could not be written down."""
        if outcome is CallOutcome.UNTOLD and probe is None:
            return
        try:
            await self._health.hear(system, outcome, probe=probe, asked_to_wait=asked_to_wait)
        except Unavailable as error:
            _log.warning("payer health not noted", extra={"payer": system, "code": error.problem})


class Bulkhead:
    """A bulkhead: how many requests a payer may have under way in this process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._begun: dict[str, dict[object, float]] = {}
        self._turns = RetrySpreading(clock)

    @contextmanager
    def one_of(self, payer: str, places: int) -> Iterator[None]:
        """Take a place. Raises Unavailable: `payer_crowded`, with about the time at which places come free."""
        begun = self._begun.setdefault(payer, {})
        if len(begun) >= places:
            slowest = self._clock() - min(begun.values())
            raise Unavailable(ProblemCode.PAYER_CROWDED, self._turns.after(payer, _LEAST_S, slowest / places))
        place = object()
        begun[place] = self._clock()
        try:
            yield
        finally:
            del begun[place]


class RetrySpreading:
    """Spreads out those who are sent away, so that they do not come back all at once."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last: dict[str, float] = {}

    def after(self, payer: str, wait: float, apart: float) -> timedelta:
        """A turn no sooner than `wait` and `apart` from the one before, in seconds."""
        now = self._clock()
        turn = max(now + wait, self._last.get(payer, 0.0) + apart)
        self._last[payer] = turn
        return timedelta(seconds=turn - now)


def system_of(payer: str, channel: Channel) -> str:
    """What has health, pace and places of its own: `northstar`, and `northstar/x12` for its clearinghouse."""
    return payer if channel is Channel.PAS else f"{payer}/{channel}"


def never_left(error: PortError) -> bool:
    """Whether an error within the passage says that the payer surely does not have the request."""
    return not error.problem.payer_may_have_it


def _asked_to_wait(error: PortError) -> timedelta | None:
    """How long the payer asked to be left alone by everybody."""
    return error.retry_after if isinstance(error, Unavailable) and error.problem.asks_all_to_wait else None
