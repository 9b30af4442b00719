"""Whether the desk can take referrals: checked at most once a second, on a separate connection.

Requests that use up the pools do not make it unready: a balancer would only send them to the next desk.
"""

import asyncio
from contextvars import Context
from datetime import timedelta
from typing import Final, NamedTuple

from temporalio.client import Client
from temporalio.service import RPCError

from firstdose.adapters.postgres.deadline import database_within
from firstdose.adapters.postgres.migrate import ChangedMigration, not_applied
from firstdose.adapters.postgres.pool import DatabaseFull, Pool
from firstdose.adapters.postgres.probe import write_something
from firstdose.ports import Unavailable

_ANSWERED_WITHIN_S: Final = 2.5
_DATABASE_WITHIN_S: Final = 2.0
_TEMPORAL_WITHIN: Final = timedelta(seconds=1)
_GOOD_FOR_S: Final = 1.0

OK: Final = "ok"
_AWAY: Final = "away"


class ReadinessReport(NamedTuple):
    """`ok`, or a code for the problem."""

    database: str
    temporal: str


class Readiness:
    """`pool` is used for nothing else. Temporal is checked, too, but intake works without it."""

    def __init__(self, pool: Pool, client: Client) -> None:
        self._pool = pool
        self._client = client
        self._migrated = False
        self._looking: asyncio.Task[ReadinessReport] | None = None
        self._again_at = 0.0

    async def look(self) -> ReadinessReport:
        """The state, within three seconds; concurrent callers share one check."""
        clock = asyncio.get_running_loop().time
        if self._looking is None or (self._looking.done() and clock() >= self._again_at):
            self._looking = asyncio.create_task(self._look(), context=Context())
        # Not cancelled when the time is over: connections to a frozen server take their time to end.
        done, _ = await asyncio.wait([self._looking], timeout=_ANSWERED_WITHIN_S)
        return self._looking.result() if done else ReadinessReport(_AWAY, _AWAY)

    async def _look(self) -> ReadinessReport:
        try:
            return ReadinessReport(*await asyncio.gather(self._database(), self._temporal()))
        finally:
            self._again_at = asyncio.get_running_loop().time() + _GOOD_FOR_S

    async def _database(self) -> str:
        try:
            with database_within(_DATABASE_WITHIN_S):
                # The schema cannot fall behind this process again once it has caught up.
                if not self._migrated and await not_applied(self._pool):
                    return "not migrated"
                self._migrated = True
                await write_something(self._pool)
        except ChangedMigration:
            return "another version's"
        except DatabaseFull:
            return "full"
        except Unavailable:
            return _AWAY
        return OK

    async def _temporal(self) -> str:
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN_S):
                healthy = await self._client.service_client.check_health(timeout=_TEMPORAL_WITHIN)
        except (RPCError, RuntimeError, TimeoutError):
            return _AWAY
        return OK if healthy else _AWAY
