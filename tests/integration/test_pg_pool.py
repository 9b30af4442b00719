"""The pool outlives its server, and refuses one that may lose what it acknowledged."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.listening import listening
from firstdose.adapters.postgres.pool import Pool, UnfitServer, database, open_pool, transaction, transient
from firstdose.ports import Unavailable
from local.postgres import EmbeddedPostgres


@pytest.fixture
async def own_server(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A server that this test may kill."""
    async with EmbeddedPostgres(tmp_path / "cluster") as postgres:
        yield postgres


async def crash(postgres: EmbeddedPostgres) -> None:
    """kill -9, and wait until it is dead."""
    postgres.kill()
    await postgres.exited()


async def insert_until_acknowledged(pool: Pool, number: int) -> int:
    """Store a number, again and again while the server is away; how often that failed."""
    failures = 0
    while True:
        try:
            async with transaction(pool) as connection:
                await connection.execute("INSERT INTO numbers VALUES ($1) ON CONFLICT DO NOTHING", number)
        except Unavailable:
            failures += 1
            await asyncio.sleep(0.05)
        else:
            return failures


async def test_after_kill_9_in_mid_use_the_pool_heals_and_nothing_acknowledged_is_lost(
    own_server: EmbeddedPostgres,
) -> None:
    async with database(own_server.dsn, size=4) as pool:
        await pool.execute("CREATE TABLE numbers (number integer PRIMARY KEY)")
        failures = 0
        reached = {60: asyncio.Event(), 160: asyncio.Event()}

        async def work(worker: int) -> None:
            nonlocal failures
            for number in range(worker, 400, 4):
                failures += await insert_until_acknowledged(pool, number)
                if number in reached:
                    reached[number].set()

        work_in_progress = asyncio.gather(*(work(worker) for worker in range(4)))
        for milestone in reached.values():
            await milestone.wait()
            await crash(own_server)
            await own_server.start()
        await work_in_progress
        assert failures > 0
        assert await pool.fetchval("SELECT count(*) FROM numbers") == 400


async def test_every_error_of_a_dying_server_is_unavailable(own_server: EmbeddedPostgres) -> None:
    async with database(own_server.dsn, size=2) as pool:

        async def sleep_in_the_server() -> None:
            async with transaction(pool) as connection:
                await connection.execute("SELECT pg_sleep(60)")

        async def use_a_lost_connection() -> None:
            async with transaction(pool) as connection:
                await crash(own_server)
                await connection.execute("SELECT 1")

        sleeping = asyncio.create_task(sleep_in_the_server())
        with pytest.raises(Unavailable):
            await use_a_lost_connection()
        with pytest.raises(Unavailable):
            await sleeping
        with pytest.raises(Unavailable):
            await sleep_in_the_server()


async def test_opening_waits_for_a_server_that_is_still_starting(own_server: EmbeddedPostgres) -> None:
    dsn = own_server.dsn
    await crash(own_server)
    opening = asyncio.create_task(open_pool(dsn))
    await asyncio.sleep(0)
    await own_server.start()
    pool = await opening
    assert await pool.fetchval("SELECT 1") == 1
    await pool.close()


async def test_a_listener_survives_the_loss_of_its_connection(own_server: EmbeddedPostgres) -> None:
    async with database(own_server.dsn) as pool, listening(pool, "news") as bell:
        assert await bell.wait(5)  # it listens now
        await pool.execute("NOTIFY news")
        assert await bell.wait(5)
        await crash(own_server)
        await own_server.start()
        assert await bell.wait(10)  # it listens again: something may have been missed
        await pool.execute("NOTIFY news")
        assert await bell.wait(5)


@pytest.mark.parametrize("setting", ["synchronous_commit", "fsync", "full_page_writes"])
async def test_a_server_that_may_lose_data_is_refused(own_server: EmbeddedPostgres, setting: str) -> None:
    connection = await asyncpg.connect(own_server.dsn)
    await connection.execute(f"ALTER SYSTEM SET {setting} = off")
    await connection.close()
    await own_server.stop()
    await own_server.start()
    with pytest.raises(UnfitServer, match=setting):
        await open_pool(own_server.dsn)


async def test_a_wrong_password_is_no_reason_to_wait(own_server: EmbeddedPostgres) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await open_pool(own_server.dsn.replace(":", ":wrong", 2).replace(":wrong", ":", 1))


async def test_objects_and_ids_come_back_as_they_went_in(pool: Pool) -> None:
    referral_id = new_id()
    given = {"a": [1, 2.5, None, True], "é": {"b": "ß"}}
    row = await pool.fetchrow(
        "SELECT $1::jsonb AS body, $2::uuid AS id, $3::uuid[] AS ids", given, referral_id, [referral_id]
    )
    assert row is not None
    assert (row["body"], row["id"], row["ids"]) == (given, referral_id, [referral_id])


async def test_a_mistake_of_ours_is_not_taken_for_a_server_that_is_away(pool: Pool) -> None:
    async def broken_statement() -> None:
        async with transaction(pool) as connection:
            await connection.execute("SELECT nothing FROM nowhere")

    with pytest.raises(asyncpg.UndefinedTableError):
        await broken_statement()
    assert not transient(asyncpg.InterfaceError("the server expects 1 argument, 2 were passed"))


async def test_a_failed_transaction_leaves_nothing(pool: Pool) -> None:
    async def fail() -> None:
        async with transaction(pool) as connection:
            await connection.execute("INSERT INTO staff VALUES ('a', '{}', false, now())")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await pool.fetchval("SELECT count(*) FROM staff") == 0


def test_new_ids_sort_by_the_time_they_were_made() -> None:
    first = UUID(new_id())
    time.sleep(0.002)
    second = UUID(new_id())
    assert first < second
    assert (first.version, first.variant) == (7, "specified in RFC 4122")
