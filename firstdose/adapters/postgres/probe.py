"""Whether the server takes what is written: an answer alone does not show that its disk has room."""

from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.domain.problem import ProblemCode
from firstdose.ports import Unavailable

_sql = load("probe")


async def write_something(pool: Pool) -> None:
    """Write about 300 kB beside the data, and a log record; nothing stays. Raises DatabaseFull, Unavailable."""
    async with transaction(pool) as connection:
        if await _sql.is_read_only(connection):
            raise Unavailable(ProblemCode.DATABASE_READ_ONLY)
        await _sql.spill_at_home(connection)
        await _sql.spill(connection)
        await _sql.log_a_word(connection)
