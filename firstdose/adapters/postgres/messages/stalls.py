"""What stands still, as far as the store knows: activities that keep failing, and messages that are not delivered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from firstdose.adapters.postgres.paging import is_uuid
from firstdose.adapters.postgres.pool import Pool, reachable
from firstdose.adapters.postgres.queries import load
from firstdose.domain.work.stall import LEAST_FAILURES, LONGEST_WAIT, Stall, StallKind

_sql = load("stalls")


class FailedAttempt(NamedTuple):
    """An attempt of an activity that failed. `since` is when the activity was scheduled first.

    Once `overdue_at` is over without another attempt, it is no longer tried.
    """

    referral_id: str
    activity_id: str
    activity_type: str
    problem: str
    since: datetime
    next_attempt_at: datetime
    overdue_at: datetime


class StallStore:
    """Everything raises Unavailable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @reachable()
    async def failed(self, attempt: FailedAttempt) -> None:
        """Count it; an attempt of another activity under the same id starts at one."""
        await _sql.activity_failed(self._pool, **attempt._asdict())

    @reachable()
    async def ended(self, referral_id: str, activity_type: str, activity_id: str) -> None:
        """It succeeded, or is not tried again."""
        await _sql.activity_ended(
            self._pool, referral_id=referral_id, activity_type=activity_type, activity_id=activity_id
        )

    @reachable()
    async def forget_overdue(self) -> None:
        await _sql.forget_overdue(self._pool)

    @reachable()
    async def of(self, referral_id: str) -> list[Stall]:
        """The oldest first; none for what is no id."""
        if not is_uuid(referral_id):
            return []
        found = _sql.of_referral(self._pool, referral_id=referral_id, least=LEAST_FAILURES, patience=LONGEST_WAIT)
        return [_stall(row) async for row in found]

    @reachable()
    async def failures(self, referral_id: str) -> dict[tuple[str, str], int]:
        """Failures in a row by the activity's type and id, also of those that have failed only once."""
        found = _sql.failures_of_referral(self._pool, referral_id=referral_id)
        return {(row["activity_type"], row["activity_id"]): row["failures"] async for row in found}

    @reachable()
    async def is_starting(self, referral_id: str) -> bool:
        """Whether the message that starts its workflow is still to be delivered, or parked."""
        return bool(await _sql.is_starting(self._pool, referral_id=referral_id))

    @reachable()
    async def first(self, most: int) -> list[Stall]:
        """At most so many of each kind, the oldest first, without what is parked (undelivered.py)."""
        found = _sql.listed(self._pool, least=LEAST_FAILURES, patience=LONGEST_WAIT, most=most)
        return [_stall(row) async for row in found]

    @reachable()
    async def count(self) -> dict[StallKind, int]:
        """Referrals, by kind."""
        row = await _sql.counted(self._pool, least=LEAST_FAILURES, patience=LONGEST_WAIT)
        return {StallKind(kind): number for kind, number in row.items()}


def _stall(row: Mapping[str, Any]) -> Stall:
    return Stall.of(**{**row, "kind": StallKind(row["kind"])})
