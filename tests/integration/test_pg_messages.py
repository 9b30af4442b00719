"""A message is stored with its audit, delivered in order by one deliverer at a time, and settled once."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.listening import listening
from firstdose.adapters.postgres.messages.messages import CHANNEL, MOST_FAILURES, Conflict, Messages, UnknownReferral
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.domain.work.message import Message, MessageKind, MessageState
from firstdose.domain.work.role import Actor, Role

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
LEASE = timedelta(seconds=30)
PHARMACIST = Actor(id="staff-1", roles=(Role.PHARMACIST,))


def hold(referral_id: str, **changes: Any) -> Message:
    given: dict[str, Any] = {
        "id": new_id(),
        "referral_id": referral_id,
        "kind": MessageKind.HOLD,
        "actor": PHARMACIST,
        "body": {"reason": "hospital_stay"},
        "sealed": {"note": "canary note"},
        "received_at": AT,
    }
    return Message(**{**given, **changes})


@pytest.fixture
def messages(pool: Pool, vault: Vault, audit: AuditTrail) -> Messages:
    return Messages(pool, vault, audit)


async def actions(pool: Pool, referral_id: str) -> list[str]:
    rows = await pool.fetch("SELECT action FROM audit WHERE chain = $1 ORDER BY seq", referral_id)
    return [row["action"] for row in rows]


async def test_a_posted_message_is_stored_audited_and_announced(
    pool: Pool, messages: Messages, referral_id: str, audit: AuditTrail
) -> None:
    message = hold(referral_id)
    async with listening(pool, CHANNEL) as bell:
        await bell.wait(5)
        assert await messages.post(message) == message
        assert await bell.wait(5)
    assert await messages.find(message.id) == message.model_copy(update={"sealed": None})
    async with pool.acquire() as connection:
        assert await messages.sealed_part(connection, message.id) == {"note": "canary note"}
        assert await messages.sealed_part(connection, new_id()) is None
    assert await actions(pool, referral_id) == ["received", "message_stored"]
    assert (await audit.verify(pool)).intact


async def test_a_failure_leaves_neither_message_nor_audit(pool: Pool, messages: Messages, referral_id: str) -> None:
    message = hold(referral_id)

    async def fail() -> None:
        async with transaction(pool) as connection:
            await messages.store(connection, message, action="message_stored")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    with pytest.raises(LookupError):
        await messages.find(message.id)
    assert await actions(pool, referral_id) == ["received"]


async def test_the_same_idempotency_key_gives_the_message_stored_before(
    pool: Pool, messages: Messages, referral_id: str
) -> None:
    first = await messages.post(hold(referral_id), idempotency_key="k")
    again = await messages.post(hold(referral_id), idempotency_key="k")
    assert again.id == first.id
    assert await actions(pool, referral_id) == ["received", "message_stored"]


async def test_a_message_that_was_stored_by_its_key_is_still_known(
    pool: Pool, messages: Messages, referral_id: str
) -> None:
    """As before migration 17; since then the key itself is not kept."""
    first = await messages.post(hold(referral_id), idempotency_key="k")
    assert await pool.fetchval("SELECT count(idempotency_key) FROM messages") == 0
    await pool.execute("UPDATE messages SET idempotency_key = 'k', key_index = NULL WHERE id = $1", first.id)
    assert (await messages.post(hold(referral_id), idempotency_key="k")).id == first.id


@pytest.mark.parametrize(
    "changes",
    [
        {"body": {"reason": "other"}},
        {"sealed": {"note": "other"}},
        {"sealed": None},
        {"kind": MessageKind.RESUME},
        {"actor": Actor(id="staff-2")},
    ],
)
async def test_another_message_under_the_same_key_is_a_conflict(
    messages: Messages, referral_id: str, changes: dict[str, Any]
) -> None:
    await messages.post(hold(referral_id), idempotency_key="k")
    with pytest.raises(Conflict):
        await messages.post(hold(referral_id, **changes), idempotency_key="k")


async def test_a_message_sent_again_after_an_unknown_outcome_is_stored_once(
    pool: Pool, messages: Messages, referral_id: str
) -> None:
    message = hold(referral_id)
    posted = await asyncio.gather(*(messages.post(message) for _ in range(8)))
    assert {one.id for one in posted} == {message.id}
    assert await actions(pool, referral_id) == ["received", "message_stored"]


async def test_the_same_key_in_parallel_stores_one_message(pool: Pool, messages: Messages, referral_id: str) -> None:
    posted = await asyncio.gather(*(messages.post(hold(referral_id), idempotency_key="k") for _ in range(20)))
    assert len({one.id for one in posted}) == 1
    assert await pool.fetchval("SELECT count(*) FROM messages WHERE kind = 'hold'") == 1


async def test_a_message_to_an_unknown_referral_is_refused(messages: Messages) -> None:
    with pytest.raises(UnknownReferral):
        await messages.post(hold(new_id()))


async def test_only_the_oldest_message_of_a_referral_is_claimed_until_it_is_settled(
    messages: Messages, referral_id: str
) -> None:
    second = await messages.post(hold(referral_id))
    (start,) = await messages.claim(10, LEASE)
    assert (start.kind, start.attempts, start.sealed) == (MessageKind.START, 1, None)
    assert await messages.claim(10, LEASE) == []
    await messages.settle(start.id, MessageState.APPLIED)
    assert [message.id for message in await messages.claim(10, LEASE)] == [second.id]


async def test_two_claimers_never_get_the_same_message(messages: Messages, refer: Any) -> None:
    referrals = {await refer() for _ in range(60)}
    claimed: list[str] = []

    async def deliver() -> None:
        while batch := await messages.claim(3, LEASE):
            claimed.extend(message.referral_id for message in batch)

    await asyncio.gather(*(deliver() for _ in range(8)))
    # A claimer that finds others' messages locked may end early; what is left is there for the next.
    await deliver()
    assert sorted(claimed) == sorted(referrals)


async def test_a_lease_that_has_run_out_lets_another_claim_it(messages: Messages, referral_id: str) -> None:
    (first,) = await messages.claim(1, timedelta(0))
    (second,) = await messages.claim(1, LEASE)
    assert (second.id, second.attempts) == (first.id, 2)


async def test_a_postponed_message_waits_and_so_does_what_stands_behind_it(
    messages: Messages, referral_id: str
) -> None:
    await messages.post(hold(referral_id))
    (start,) = await messages.claim(10, LEASE)
    await messages.postpone(start.id, timedelta(hours=1))
    assert await messages.claim(10, LEASE) == []
    await messages.postpone(start.id, timedelta(0))
    assert [message.id for message in await messages.claim(10, LEASE)] == [start.id]


async def test_what_cannot_be_taken_is_parked_at_last_and_what_stands_behind_it_goes_on(
    pool: Pool, messages: Messages, referral_id: str, audit: AuditTrail
) -> None:
    second = await messages.post(hold(referral_id))
    (start,) = await messages.claim(10, LEASE)
    for _ in range(MOST_FAILURES - 1):
        assert await messages.set_back(start.id, "unreadable") is MessageState.PENDING
        assert await messages.claim(10, LEASE) == []
    assert await messages.set_back(start.id, "unreadable") is MessageState.PARKED
    assert await messages.set_back(start.id, "unreadable") is MessageState.PENDING, "only what is pending"
    assert (await messages.find(start.id)).state is MessageState.PARKED
    assert [message.id for message in await messages.claim(10, LEASE)] == [second.id]
    assert await actions(pool, referral_id) == ["received", "message_stored", "message_parked"]
    assert await pool.fetchval("SELECT details FROM audit WHERE action = 'message_parked'") == {
        "kind": "start", "problem": "unreadable"
    }  # fmt: skip
    assert (await audit.verify(pool)).intact


async def test_each_failure_waits_longer_up_to_half_a_minute(pool: Pool, messages: Messages, referral_id: str) -> None:
    (start,) = await messages.claim(10, LEASE)
    for seconds in (0.5, 1, 2, 4, 8, 16, 30, 30):
        before = await pool.fetchval("SELECT now()")
        await messages.set_back(start.id, "failed")
        due = await pool.fetchval("SELECT next_attempt_at FROM messages WHERE id = $1", start.id)
        after = await pool.fetchval("SELECT now()")
        assert before <= due - timedelta(seconds=seconds) <= after


async def test_a_message_that_nobody_can_read_holds_up_no_other_referral(
    pool: Pool, messages: Messages, referral_id: str, refer: Any
) -> None:
    await pool.execute("UPDATE messages SET kind = 'of a later version' WHERE referral_id = $1", referral_id)
    other = await refer()
    assert [message.referral_id for message in await messages.claim(10, LEASE)] == [other]
    assert await pool.fetchval("SELECT failures FROM messages WHERE referral_id = $1", referral_id) == 1


async def test_an_outcome_is_written_once_and_a_refusal_is_audited(
    pool: Pool, messages: Messages, referral_id: str, audit: AuditTrail
) -> None:
    message = await messages.post(hold(referral_id))
    await messages.settle(message.id, MessageState.REFUSED, "already_on_hold")
    await messages.settle(message.id, MessageState.APPLIED)
    found = await messages.find(message.id)
    assert (found.state, found.refusal) == (MessageState.REFUSED, "already_on_hold")
    assert await actions(pool, referral_id) == ["received", "message_stored", "message_refused"]
    assert (await audit.verify(pool)).intact


async def test_whoever_waits_hears_the_outcome_when_it_comes(
    messages: Messages, referral_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firstdose.adapters.postgres.messages.messages._LOOK_AGAIN_SECONDS", 3600.0)
    posted = [await messages.post(hold(referral_id)) for _ in range(25)]  # more than the pool has connections
    async with messages._settled.bell() as bell:
        assert await bell.wait(5)  # it listens now: only notifications ring from here on
        waiting = [asyncio.create_task(messages.outcome(message.id, timedelta(hours=1))) for message in posted]
        for message in posted:
            await messages.settle(message.id, MessageState.APPLIED)
        async with asyncio.timeout(20):  # instead of an hour, should nobody be told
            assert {message.state for message in await asyncio.gather(*waiting)} == {MessageState.APPLIED}


async def test_an_outcome_known_already_is_told_at_once(messages: Messages, referral_id: str) -> None:
    message = await messages.post(hold(referral_id))
    await messages.settle(message.id, MessageState.REFUSED, "x")
    assert (await messages.outcome(message.id, timedelta(0))).state is MessageState.REFUSED


async def test_when_time_is_over_the_message_is_told_as_it_stands(messages: Messages, referral_id: str) -> None:
    message = await messages.post(hold(referral_id))
    assert (await messages.outcome(message.id, timedelta(seconds=0.05))).state is MessageState.PENDING
