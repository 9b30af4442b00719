"""The report of payers' turnaround against their clocks: codes and times, no facts."""

from datetime import datetime

from firstdose.adapters.postgres.payers.authorization_requests import requests_sent
from firstdose.adapters.postgres.pool import Pool, reachable
from firstdose.domain.authorization.turnaround import Turnaround, turnarounds


class TurnaroundReport:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def payers(self, since: datetime, until: datetime, *, now: datetime) -> tuple[Turnaround, ...]:
        """Of the requests that left from `since` on and before `until`; open ones as of `now`. Raises Unavailable."""
        async with reachable():
            return turnarounds(await requests_sent(self._pool, since, until), now)
