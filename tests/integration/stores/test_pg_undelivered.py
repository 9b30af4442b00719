"""What was set aside is shown, and goes on its way again or is dropped: each time with its audit."""

from datetime import UTC, datetime, timedelta

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.messages import MOST_FAILURES, Messages
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.messages.undelivered import UndeliveredStore
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.domain.work.message import MessageState

LEASE = timedelta(minutes=1)


@pytest.fixture
def undelivered(pool: Pool, audit: AuditTrail) -> UndeliveredStore:
    return UndeliveredStore(pool, audit)


@pytest.fixture
async def message_id(messages: Messages, referral_id: str) -> str:
    """A parked message: the referral's first."""
    (start,) = await messages.claim(1, LEASE)
    for _ in range(MOST_FAILURES):
        await messages.set_back(start.id, "unreadable")
    return start.id


@pytest.fixture
async def delivery_id(pool: Pool, outbox: Outbox, referral_id: str) -> str:
    """A given up delivery."""
    async with transaction(pool) as connection:
        await outbox.put(
            connection, key="k", referral_id=referral_id, channel="billing", recipient="billing", body={}, at=now()
        )
    (delivery,) = await outbox.claim(pool, 1, LEASE, now())
    await outbox.give_up(pool, delivery.id, "receiver_away")
    return delivery.id


def now() -> datetime:
    return datetime.now(UTC)


async def audited(pool: Pool, action: str) -> tuple[str, dict[str, str]]:
    row = await pool.fetchrow("SELECT actor, details FROM audit WHERE action = $1", action)
    assert row is not None
    return row["actor"], row["details"]


async def test_both_are_listed_and_counted(
    undelivered: UndeliveredStore, message_id: str, delivery_id: str, referral_id: str
) -> None:
    listed = [(each.what, each.id, each.kind, each.problem) for each in await undelivered.list()]
    assert listed == [
        ("message", message_id, "start", "unreadable"),
        ("delivery", delivery_id, "billing", "receiver_away"),
    ]
    assert {each.referral_id for each in await undelivered.list()} == {referral_id}
    assert await undelivered.count() == {"messages": 1, "deliveries": 1}


async def test_what_is_tried_again_starts_from_the_beginning(
    pool: Pool,
    undelivered: UndeliveredStore,
    messages: Messages,
    outbox: Outbox,
    message_id: str,
    delivery_id: str,
    audit: AuditTrail,
) -> None:
    assert await undelivered.retry(message_id, "operator:1000")
    assert await undelivered.retry(delivery_id, "operator:1000")
    assert not await undelivered.retry(message_id, "operator:1000"), "it is on its way"
    assert await undelivered.count() == {"messages": 0, "deliveries": 0}
    assert [each.id for each in await messages.claim(9, LEASE)] == [message_id]
    assert await messages.set_back(message_id, "unreadable") is MessageState.PENDING
    assert [(each.id, each.attempts) for each in await outbox.claim(pool, 9, LEASE, now())] == [(delivery_id, 1)]
    assert await audited(pool, "message_retried") == ("operator:1000", {"kind": "start", "message": message_id})
    assert await audited(pool, "delivery_retried") == ("operator:1000", {"kind": "billing", "delivery": delivery_id})
    assert (await audit.verify(pool)).intact


async def test_what_is_dropped_never_leaves(
    pool: Pool, undelivered: UndeliveredStore, messages: Messages, outbox: Outbox, message_id: str, delivery_id: str
) -> None:
    assert await undelivered.drop(message_id, "operator:1000")
    assert await undelivered.drop(delivery_id, "operator:1000")
    assert await undelivered.list() == []
    assert not await undelivered.retry(message_id, "operator:1000")
    assert (await messages.claim(9, LEASE), await outbox.claim(pool, 9, LEASE, now())) == ([], [])
    assert (await messages.find(message_id)).state is MessageState.REFUSED
    assert await audited(pool, "delivery_dropped") == ("operator:1000", {"kind": "billing", "delivery": delivery_id})


async def test_what_was_for_a_shredded_referral_needs_nobody(
    pool: Pool, undelivered: UndeliveredStore, vault: Vault, delivery_id: str, referral_id: str
) -> None:
    async with transaction(pool) as connection:
        await vault.shred(connection, referral_id)
    assert await undelivered.list() == []
    assert (await undelivered.count())["deliveries"] == 0
    assert not await undelivered.retry(new_id(), "operator:1000")
