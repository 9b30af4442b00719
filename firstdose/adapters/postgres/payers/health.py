"""The state of each payer's circuit breaker and rate limiter, shared by all workers."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from firstdose.adapters.postgres.audit import SYSTEM_CHAIN, AuditTrail
from firstdose.adapters.postgres.pool import Connection, Pool, reachable, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.domain.payer.health import WELL, HealthRules, PayerHealth, admit, heard, told_to_wait
from firstdose.domain.problem import CallOutcome, ProblemCode
from firstdose.domain.work.role import SYSTEM
from firstdose.ports import Unavailable

_log = logging.getLogger(__name__)
_sql = load("payer_health")


class PostgresCircuitBreaker:
    """Implements resilience.CircuitBreaker. A healthy payer costs only reads; outages are audited."""

    def __init__(
        self, pool: Pool, audit: AuditTrail, clock: Callable[[], datetime], rules: HealthRules | None = None
    ) -> None:
        self._pool = pool
        self._audit = audit
        self._clock = clock
        self._rules = rules or HealthRules()

    async def admit(self, payer: str, longest: timedelta) -> int | None:
        """The number of the probe if the call is one; it takes at most `longest`.

        Raises Unavailable: `payer_outage`, or `payer_busy` when the payer asked to wait.
        """
        known, now = await self._known(payer), self._clock()
        health, admission = admit(known, now, longest)
        if health != known:
            async with transaction(self._pool) as connection:
                health, admission = admit(await _locked(connection, payer), now, longest)
                await _sql.keep(connection, payer=payer, **health.model_dump())
        if admission.problem:
            raise Unavailable(admission.problem, admission.wait)
        return admission.probe

    async def record(
        self, payer: str, outcome: CallOutcome, *, probe: int | None = None, asked_to_wait: timedelta | None = None
    ) -> None:
        """Record the outcome of an admitted call. Raises Unavailable."""
        now = self._clock()

        def after(health: PayerHealth) -> PayerHealth:
            waiting = told_to_wait(health, now + asked_to_wait) if asked_to_wait else health
            return heard(waiting, outcome, now, probe=probe, rules=self._rules)

        known = await self._known(payer)
        if after(known) == known:
            return
        async with transaction(self._pool) as connection:
            before = await _locked(connection, payer)
            health = after(before)
            await _sql.keep(connection, payer=payer, **health.model_dump())
            await self._note(connection, payer, before, health, now)

    async def _known(self, payer: str) -> PayerHealth:
        async with reachable():
            row = await _sql.health(self._pool, payer=payer)
        return PayerHealth.model_validate(dict(row)) if row else WELL

    async def _note(
        self, connection: Connection, payer: str, before: PayerHealth, after: PayerHealth, now: datetime
    ) -> None:
        if (before.opened_at is None) == (after.opened_at is None):
            return
        action = "payer.outage_began" if after.opened_at else "payer.outage_ended"
        await self._audit.write(
            connection, SYSTEM_CHAIN, at=now, actor=SYSTEM.id, action=action, details={"payer": payer}
        )
        if after.opened_at:
            _log.warning("payer outage began", extra={"payer": payer, "next_at": after.next_probe_at})
        else:
            _log.warning("payer outage ended", extra={"payer": payer})


class PostgresRateLimiter:
    """Implements resilience.RateLimiter: calls per minute of all workers together."""

    def __init__(self, pool: Pool, clock: Callable[[], datetime]) -> None:
        self._pool = pool
        self._clock = clock

    async def acquire(self, payer: str, per_minute: int, burst: int) -> None:
        """Take one call of the limit. Raises Unavailable: `payer_rate_limit` with the time reserved for the retry."""
        pace, now = timedelta(minutes=1) / per_minute, self._clock()
        async with reachable():
            row = await _sql.take_turn(self._pool, payer=payer, at=now, pace=pace, ahead=pace * (burst - 1))
        if not row["admitted"]:
            raise Unavailable(ProblemCode.PAYER_RATE_LIMIT, row["promised_at"] - now)


async def _locked(connection: Connection, payer: str) -> PayerHealth:
    return PayerHealth.model_validate(dict(await _sql.locked(connection, payer=payer)))
