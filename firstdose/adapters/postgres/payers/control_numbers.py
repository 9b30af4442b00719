"""The control numbers of X12 interchanges, one sequence for all workers and payers."""

from firstdose.adapters.postgres.pool import Pool, reachable
from firstdose.adapters.postgres.queries import load

_sql = load("control_numbers")


class PostgresControlNumbers:
    """Implements x12.envelope.ControlNumbers."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def next(self) -> int:
        """Raises Unavailable."""
        async with reachable():
            number: int = await _sql.next_x12(self._pool)
        return number
