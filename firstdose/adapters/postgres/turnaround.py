"""The report of payers' turnaround against their clocks, from the audit trail: codes and times, no facts."""

from collections.abc import AsyncIterator
from datetime import datetime

from firstdose.adapters.postgres.pool import Pool, reachable
from firstdose.adapters.postgres.queries import load
from firstdose.domain.requests import Asked, Event, asked
from firstdose.domain.turnaround import Turnaround, turnarounds

_sql = load("turnaround")


class TurnaroundReport:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def payers(self, since: datetime, until: datetime, *, now: datetime) -> tuple[Turnaround, ...]:
        """Of the requests that left from `since` on and before `until`; open ones as of `now`. Raises Unavailable."""
        async with reachable():
            requests = [
                request
                async for found in self._by_referral(since, until)
                for request in found
                if since <= request.sent_at < until
            ]
        return turnarounds(requests, now)

    async def _by_referral(self, since: datetime, until: datetime) -> AsyncIterator[list[Asked]]:
        chain, entries = None, list[Event]()
        async for row in _sql.noted(self._pool, since=since, until=until):
            if row["chain"] != chain:
                yield asked(entries)
                chain, entries = row["chain"], []
            entries.append(Event(row["at"], row["action"], row["details"]))
        yield asked(entries)
