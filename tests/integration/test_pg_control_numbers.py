"""Control numbers of X12 interchanges: none comes twice, whoever asks, and whatever crashes."""

import asyncio

import pytest

from firstdose.adapters.postgres.payers.control_numbers import PostgresControlNumbers
from firstdose.adapters.postgres.pool import Pool, database, transaction


class Crashed(Exception):
    """The process died here."""


async def test_no_number_comes_twice_among_many_who_ask_at_once(pool: Pool, dsn: str) -> None:
    async with database(dsn) as other:
        askers = [PostgresControlNumbers(one) for one in (pool, other)]
        numbers = await asyncio.gather(*(asker.next() for asker in askers for _ in range(50)))
    assert sorted(numbers) == list(range(1, 101))


async def test_a_number_is_gone_even_if_what_asked_for_it_is_undone(pool: Pool) -> None:
    first = await PostgresControlNumbers(pool).next()

    async def crash() -> None:
        async with transaction(pool) as connection:
            assert await connection.fetchval("SELECT nextval('x12_control_numbers')") == first + 1
            raise Crashed

    with pytest.raises(Crashed):
        await crash()
    assert await PostgresControlNumbers(pool).next() == first + 2


async def test_after_the_last_nine_digits_they_begin_anew(pool: Pool) -> None:
    await pool.execute("SELECT setval('x12_control_numbers', 999999998)")
    numbers = PostgresControlNumbers(pool)
    assert [await numbers.next(), await numbers.next()] == [999_999_999, 1]
