"""A database and its keys belong together: the root, what each id stands for, and who works with which key."""

import asyncpg
import pytest

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.keys.check import UnfitKeys
from firstdose.adapters.postgres.keys.keyed_database import examined_database, keyed_database, migrate_keyed, was_begun
from firstdose.adapters.postgres.keys.rotation import NotEverywhere, processes_without, rotate
from firstdose.adapters.postgres.pool import Pool, database
from tests.conftest import Refer

ROOT = bytes(range(32))
OLD = Keyring({"k1": ROOT})
NEW = Keyring({"k2": bytes([2] * 32), "k1": ROOT})


async def test_the_first_root_is_remembered_and_another_is_refused(dsn: str, pool: Pool) -> None:
    assert not await was_begun(dsn)
    async with keyed_database(dsn, OLD, "desk"), keyed_database(dsn, OLD, "worker"):
        pass
    assert await was_begun(dsn)
    for other in (Keyring({"k1": bytes(32)}), Keyring({"k1": ROOT, "k0": bytes(32)})):
        with pytest.raises(UnfitKeys, match="put it back"):
            await _open(dsn, other)
    assert [row["key_id"] for row in await pool.fetch("SELECT key_id FROM known_keys")] == ["k1"]


async def test_migrating_with_another_root_applies_nothing(dsn: str, pool: Pool) -> None:
    await migrate_keyed(dsn, OLD)
    await pool.execute("DELETE FROM schema_migrations WHERE name = '0016_known_keys'")
    with pytest.raises(UnfitKeys):
        await migrate_keyed(dsn, Keyring({"k1": bytes(32)}))
    assert not await pool.fetchval("SELECT count(*) FROM schema_migrations WHERE name = '0016_known_keys'")


async def test_an_id_stands_for_one_key(dsn: str) -> None:
    async with keyed_database(dsn, NEW, "desk"):
        pass
    with pytest.raises(UnfitKeys, match="k2 stood for another key"):
        await _open(dsn, Keyring({"k2": bytes([3] * 32), "k1": ROOT}))


async def test_nobody_starts_without_a_key_that_wraps_data_keys(dsn: str) -> None:
    async with keyed_database(dsn, NEW, "desk"):
        pass
    with pytest.raises(UnfitKeys, match="lacks k2"):
        await _open(dsn, OLD)


async def test_nothing_is_rotated_while_a_process_works_with_another_key(dsn: str, refer: Refer) -> None:
    await refer()
    async with keyed_database(dsn, NEW, "command") as pool:
        async with keyed_database(dsn, OLD, "worker"), keyed_database(dsn, NEW, "desk"):
            with pytest.raises(NotEverywhere, match=r"^worker$"):
                await rotate(pool, NEW)
            assert await _wrapped_under(pool) == {"k1"}
        assert await rotate(pool, NEW) == 1
        assert await _wrapped_under(pool) == {"k2"}
        assert await processes_without(pool, NEW) == []
    with pytest.raises(UnfitKeys, match="lacks k2"):
        await _open(dsn, OLD)


async def test_a_refused_rotation_keeps_nobody_out(dsn: str) -> None:
    async with keyed_database(dsn, NEW, "command") as pool, keyed_database(dsn, OLD, "worker"):
        with pytest.raises(NotEverywhere):
            await rotate(pool, NEW)
        await _open(dsn, OLD)


async def test_a_key_that_wraps_nothing_any_more_may_go(dsn: str, refer: Refer) -> None:
    await refer()
    newest = Keyring({"k3": bytes([3] * 32), "k2": bytes([2] * 32), "k1": ROOT})
    for keyring in (NEW, newest):
        async with keyed_database(dsn, keyring, "command") as pool:
            await rotate(pool, keyring)
    await _open(dsn, Keyring({"k3": bytes([3] * 32), "k1": ROOT}))


async def test_a_process_of_an_older_version_is_not_passed_over(dsn: str) -> None:
    async with keyed_database(dsn, NEW, "command") as pool, database(dsn, name="firstdose"):
        with pytest.raises(NotEverywhere, match="an older version's"):
            await rotate(pool, NEW)


async def test_who_only_looks_can_change_nothing(dsn: str) -> None:
    async with examined_database(dsn) as pool:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await pool.execute("UPDATE key_root SET fingerprint = 'x'")


async def _open(dsn: str, keyring: Keyring) -> None:
    async with keyed_database(dsn, keyring, "worker"):
        pass


async def _wrapped_under(pool: Pool) -> set[str]:
    return {row["kek_id"] for row in await pool.fetch("SELECT kek_id FROM referral_keys")}
