"""Deliveries leave in order, once, and only for whoever holds them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.listening import listening
from firstdose.adapters.postgres.messages.outbox import CHANNEL, Outbox
from firstdose.adapters.postgres.pool import Pool, transaction

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
LEASE = timedelta(seconds=30)


@pytest.fixture
def outbox(vault: Vault, audit: AuditTrail) -> Outbox:
    return Outbox(vault, audit)


async def put(pool: Pool, outbox: Outbox, referral_id: str, key: str, **changes: Any) -> None:
    given = {"channel": "source", "recipient": "general-hospital", "body": {"key": key}, "at": AT}
    async with transaction(pool) as connection:
        await outbox.put(connection, key=key, referral_id=referral_id, **{**given, **changes})


async def claim(pool: Pool, outbox: Outbox, *, at: datetime = AT) -> list[str]:
    return [delivery.key for delivery in await outbox.claim(pool, 10, LEASE, at)]


async def test_what_was_put_can_be_claimed_with_its_body(pool: Pool, outbox: Outbox, referral_id: str) -> None:
    async with listening(pool, CHANNEL) as bell:
        await bell.wait(5)
        await put(pool, outbox, referral_id, "a")
        assert await bell.wait(5)
    (delivery,) = await outbox.claim(pool, 10, LEASE, AT)
    assert (delivery.key, delivery.referral_id, delivery.channel) == ("a", referral_id, "source")
    assert (delivery.recipient, delivery.body, delivery.attempts) == ("general-hospital", {"key": "a"}, 1)
    assert delivery.created_at == AT


async def test_the_same_key_is_put_once(pool: Pool, outbox: Outbox, referral_id: str) -> None:
    await put(pool, outbox, referral_id, "a")
    await put(pool, outbox, referral_id, "a", body={"other": True})
    (delivery,) = await outbox.claim(pool, 10, LEASE, AT)
    assert delivery.body == {"key": "a"}


async def test_a_later_delivery_waits_for_the_one_before_it(pool: Pool, outbox: Outbox, referral_id: str) -> None:
    await put(pool, outbox, referral_id, "a")
    await put(pool, outbox, referral_id, "b")
    await put(pool, outbox, referral_id, "mail", channel="mail")
    first, mail = await outbox.claim(pool, 10, LEASE, AT)
    assert (first.key, mail.key) == ("a", "mail")
    assert await claim(pool, outbox) == []
    await outbox.postpone(pool, first.id, AT + timedelta(hours=1), "refused")
    assert await claim(pool, outbox, at=AT + timedelta(minutes=59)) == ["mail"]  # its lease ran out, b still waits
    assert await claim(pool, outbox, at=AT + timedelta(hours=1)) == ["a", "mail"]
    await outbox.delivered(pool, first.id, AT)
    assert await claim(pool, outbox) == ["b"]


async def test_giving_up_lets_the_next_one_leave(pool: Pool, outbox: Outbox, referral_id: str) -> None:
    await put(pool, outbox, referral_id, "a")
    await put(pool, outbox, referral_id, "b")
    (first,) = await outbox.claim(pool, 10, LEASE, AT)
    await outbox.give_up(pool, first.id, "gone")
    assert await claim(pool, outbox) == ["b"]
    assert await pool.fetchval("SELECT last_problem FROM outbox WHERE state = 'failed'") == "gone"
    [given_up] = await pool.fetch("SELECT chain, details FROM audit WHERE action = 'delivery_given_up'")
    assert given_up["chain"] == referral_id
    assert given_up["details"] == {
        "delivery": first.id, "channel": "source", "recipient": "general-hospital", "problem": "gone", "attempts": 1
    }  # fmt: skip


async def test_a_recipient_who_gets_nothing_holds_up_nobody_else(pool: Pool, outbox: Outbox, referral_id: str) -> None:
    await put(pool, outbox, referral_id, "to a dead mailbox", channel="mail", recipient="patient")
    await put(pool, outbox, referral_id, "to the supervisor", channel="mail", recipient="supervisor")
    assert await claim(pool, outbox) == ["to a dead mailbox", "to the supervisor"]


async def test_a_receiver_that_hangs_keeps_only_its_own_places(pool: Pool, outbox: Outbox, refer: Any) -> None:
    for number in range(6):
        await put(pool, outbox, await refer(), f"hangs-{number}", recipient="hangs")
    await put(pool, outbox, await refer(), "mail", channel="mail", recipient="hangs")
    await put(pool, outbox, await refer(), "other", recipient="general-hospital")

    async def claimed(number: int) -> set[str]:
        return {delivery.key for delivery in await outbox.claim(pool, number, LEASE, AT, to_one_receiver=3)}

    assert await claimed(5) == {"hangs-0", "hangs-1", "hangs-2", "mail", "other"}
    assert await claimed(5) == set()
    [first] = await pool.fetch("SELECT id FROM outbox WHERE key = 'hangs-1'")
    await outbox.postpone(pool, first["id"], AT + timedelta(hours=1), "receiver_away")
    assert await claimed(5) == {"hangs-3"}


async def test_two_claimers_never_get_the_same_delivery(pool: Pool, outbox: Outbox, referral_id: str) -> None:
    for number in range(30):
        await put(pool, outbox, referral_id, f"k{number}")
    sent: list[str] = []

    async def send() -> None:
        while len(sent) < 30:
            for delivery in await outbox.claim(pool, 3, LEASE, AT):
                sent.append(delivery.key)
                await outbox.delivered(pool, delivery.id, AT)

    await asyncio.gather(*(send() for _ in range(6)))
    assert sent == [f"k{number}" for number in range(30)]


async def test_of_many_claimers_each_gets_deliveries_of_its_own(pool: Pool, outbox: Outbox, refer: Any) -> None:
    keys = [f"k{number}" for number in range(60)]
    for key in keys:
        await put(pool, outbox, await refer(), key)
    claimed: list[str] = []

    async def take() -> None:
        while batch := await claim(pool, outbox):
            claimed.extend(batch)

    await asyncio.gather(*(take() for _ in range(10)))
    # A claimer that finds others' deliveries locked may end early; what is left is there for the next.
    await take()
    assert sorted(claimed) == sorted(keys)


async def test_a_delivery_of_a_shredded_referral_fails_and_stops_nobody_else(
    pool: Pool, outbox: Outbox, vault: Vault, referral_id: str
) -> None:
    await put(pool, outbox, referral_id, "a")
    async with transaction(pool) as connection:
        await vault.shred(connection, referral_id)
    assert await claim(pool, outbox) == []
    assert await pool.fetchval("SELECT last_problem FROM outbox WHERE state = 'failed'") == "unreadable"


async def test_a_failed_transaction_sends_nothing(pool: Pool, outbox: Outbox, referral_id: str) -> None:
    async def fail() -> None:
        async with transaction(pool) as connection:
            await outbox.put(
                connection, key="a", referral_id=referral_id, channel="mail", recipient="r", body={}, at=AT
            )
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await claim(pool, outbox) == []
