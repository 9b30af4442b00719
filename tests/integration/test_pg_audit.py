"""The audit trail shows every change that somebody makes behind its back."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.audit import AuditRecord, AuditTrail
from firstdose.adapters.postgres.pool import Pool, transaction

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
async def trail(pool: Pool, keyring: Keyring) -> AuditTrail:
    """Five records in each of the chains `a` and `b`."""
    trail = AuditTrail(keyring)
    for number in range(5):
        for chain in ("a", "b"):
            async with transaction(pool) as connection:
                await trail.write(
                    connection, chain, at=AT, actor="system", action="noted", details={"number": number, "gap": 1.50}
                )
    return trail


async def tamper(pool: Pool, *statements: str) -> None:
    """What somebody with the owner's rights could do."""
    async with pool.acquire() as connection:
        await connection.execute("ALTER TABLE audit DISABLE TRIGGER ALL")
        for statement in statements:
            await connection.execute(statement)


async def test_an_untouched_trail_is_intact(pool: Pool, trail: AuditTrail) -> None:
    report = await trail.verify(pool)
    assert (report.records, report.chains, report.broken) == (10, 2, [])
    assert report.intact


async def test_the_hashes_are_for_ever(pool: Pool, audit: AuditTrail) -> None:
    """What an earlier version wrote must verify: these are the hashes of the first one."""
    first = AuditRecord(AT, "user-7", "noted", {"item": "i-1", "due_at": AT})
    second = AuditRecord(AT, "user-7", "noted", {"gap": 1.50}, message_id="0190d0d0-0000-7000-8000-000000000000")
    async with transaction(pool) as connection:
        await audit.write_all(connection, "a", [first, second])
    assert [record["mac"] async for record in audit.export(pool, "a")] == [
        "9201230be2cd2e40326ff6b9f305f54703fa8d630c663faad437c0ac3fa3fc9a",
        "ae0722ff2db487dafcf8414ec57b7fe8a603115e9730002ee3c592f1d1776265",
    ]
    head = await pool.fetchval("SELECT mac FROM audit_heads WHERE chain = 'a'")
    assert head.hex() == "debb55eafbf3bfefe6073732597e64f96b04121b7eb3880bff1736a7ec3be89a"


async def test_records_written_together_stand_in_their_order_among_the_others(pool: Pool, trail: AuditTrail) -> None:
    together = [
        AuditRecord(AT - timedelta(hours=number), f"user-{number}", f"step_{number}", {"number": number, "big": 1e16})
        for number in range(12)
    ]
    async with transaction(pool) as connection:
        await trail.write_all(connection, "a", together)
        await trail.write_all(connection, "a", [])
        await trail.write(connection, "a", at=AT, actor="system", action="afterwards")
    rows = await pool.fetch("SELECT seq, at, actor, action, details FROM audit WHERE chain = 'a' AND seq > 5")
    assert sorted(tuple(row) for row in rows) == [
        *((seq, record.at, record.actor, record.action, record.details) for seq, record in enumerate(together, 6)),
        (18, AT, "system", "afterwards", {}),
    ]
    assert (await trail.verify(pool)).intact


async def test_no_records_make_no_chain(pool: Pool, audit: AuditTrail) -> None:
    async with transaction(pool) as connection:
        await audit.write_all(connection, "a", [])
    assert await pool.fetchval("SELECT count(*) FROM audit_heads") == 0


async def test_one_chain_can_be_verified_by_itself(pool: Pool, trail: AuditTrail) -> None:
    await tamper(pool, "UPDATE audit SET action = 'x' WHERE chain = 'b' AND seq = 1")
    assert (await trail.verify(pool, "a")).intact
    assert not (await trail.verify(pool, "b")).intact


@pytest.mark.parametrize(
    "change",
    [
        "actor = 'somebody'",
        "action = 'told'",
        "at = at + interval '1 microsecond'",
        'details = \'{"number": 7, "gap": 1.50}\'',
        "details = '{}'",
        "message_id = '0190d0d0-0000-7000-8000-000000000000'",
        "mac = sha256(mac)",
    ],
)
async def test_a_changed_record_shows(pool: Pool, trail: AuditTrail, change: str) -> None:
    await tamper(pool, f"UPDATE audit SET {change} WHERE chain = 'a' AND seq = 3")  # noqa: S608 - fixed texts
    broken = (await trail.verify(pool)).broken
    assert ("a", 3, "changed") in broken
    assert {chain for chain, *_ in broken} == {"a"}


async def test_a_missing_record_shows(pool: Pool, trail: AuditTrail) -> None:
    await tamper(pool, "DELETE FROM audit WHERE chain = 'a' AND seq = 2")
    assert (await trail.verify(pool)).broken == [("a", 2, "missing")]


async def test_a_missing_record_shows_when_the_rest_is_renumbered(pool: Pool, trail: AuditTrail) -> None:
    await tamper(
        pool,
        "DELETE FROM audit WHERE chain = 'a' AND seq = 2",
        "UPDATE audit SET seq = seq - 1 WHERE chain = 'a' AND seq = 3",
        "UPDATE audit SET seq = seq - 1 WHERE chain = 'a' AND seq = 4",
        "UPDATE audit SET seq = seq - 1 WHERE chain = 'a' AND seq = 5",
        "UPDATE audit_heads SET seq = 4 WHERE chain = 'a'",
    )
    assert ("a", 2, "changed") in (await trail.verify(pool)).broken


async def test_records_in_another_order_show(pool: Pool, trail: AuditTrail) -> None:
    await tamper(
        pool,
        "UPDATE audit SET seq = 9 WHERE chain = 'a' AND seq = 2",
        "UPDATE audit SET seq = 2 WHERE chain = 'a' AND seq = 3",
        "UPDATE audit SET seq = 3 WHERE chain = 'a' AND seq = 9",
    )
    assert {("a", 2, "changed"), ("a", 3, "changed")} <= set((await trail.verify(pool)).broken)


async def test_a_record_moved_to_another_chain_shows(pool: Pool, trail: AuditTrail) -> None:
    await tamper(
        pool,
        "DELETE FROM audit WHERE chain = 'b'",
        "UPDATE audit SET chain = 'b' WHERE chain = 'a'",
        "DELETE FROM audit_heads WHERE chain = 'a'",
    )
    assert not (await trail.verify(pool)).intact


async def test_a_truncated_chain_shows_even_with_a_head_that_was_set_back(pool: Pool, trail: AuditTrail) -> None:
    await tamper(pool, "DELETE FROM audit WHERE chain = 'a' AND seq > 3")
    assert (await trail.verify(pool)).broken == [("a", 4, "truncated")]
    await tamper(
        pool,
        "UPDATE audit_heads SET seq = 3, mac = (SELECT mac FROM audit WHERE chain = 'a' AND seq = 3) WHERE chain = 'a'",
    )
    assert (await trail.verify(pool)).broken == [("a", 4, "truncated")]


async def test_a_chain_without_its_head_or_its_records_shows(pool: Pool, trail: AuditTrail) -> None:
    await tamper(pool, "DELETE FROM audit_heads WHERE chain = 'a'", "DELETE FROM audit WHERE chain = 'b'")
    assert set((await trail.verify(pool)).broken) == {("a", 1, "unknown_chain"), ("b", 1, "truncated")}


async def test_a_referral_whose_whole_chain_is_gone_shows(pool: Pool, audit: AuditTrail, referral_id: str) -> None:
    await tamper(pool, "DELETE FROM audit", "DELETE FROM audit_heads")
    assert (await audit.verify(pool)).broken == [(referral_id, 1, "truncated")]


async def test_another_key_verifies_nothing(pool: Pool, trail: AuditTrail) -> None:
    stranger = AuditTrail(Keyring({"k1": bytes(32)}))
    assert len((await stranger.verify(pool)).broken) >= 10


@pytest.mark.parametrize(
    "statement", ["UPDATE audit SET actor = 'x'", "DELETE FROM audit WHERE seq = 5", "TRUNCATE audit"]
)
async def test_the_database_refuses_to_change_it(pool: Pool, trail: AuditTrail, statement: str) -> None:
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await pool.execute(statement)
    assert (await trail.verify(pool)).intact


async def test_a_failed_transaction_leaves_no_record(pool: Pool, trail: AuditTrail) -> None:
    async def fail() -> None:
        async with transaction(pool) as connection:
            await trail.write(connection, "a", at=AT, actor="system", action="noted")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    report = await trail.verify(pool)
    assert (report.records, report.broken) == (10, [])


async def test_writers_at_the_same_time_make_one_chain(pool: Pool, keyring: Keyring) -> None:
    trail = AuditTrail(keyring)

    async def write() -> None:
        async with transaction(pool) as connection:
            await trail.write_all(connection, "busy", [AuditRecord(AT, "system", "noted", {})] * 3)

    await asyncio.gather(*(write() for _ in range(40)))
    report = await trail.verify(pool)
    assert (report.records, report.broken) == (120, [])


async def test_export_gives_every_record_in_order(pool: Pool, trail: AuditTrail) -> None:
    records = [record async for record in trail.export(pool, "a")]
    assert [record["seq"] for record in records] == [1, 2, 3, 4, 5]
    assert records[0]["details"] == {"number": 0, "gap": 1.5}
    assert len([record async for record in trail.export(pool)]) == 10
