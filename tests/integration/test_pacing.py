"""An actor's actions on one referral are paced: counted in the store, so that all desks agree, and told with 429."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from desk.http import actions
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.messages import Messages, TooFast
from firstdose.adapters.postgres.pool import Pool, database
from firstdose.domain.work.message import STAFF_LIMIT, Message, MessageKind
from firstdose.domain.work.role import Actor, Role
from tests.conftest import Refer
from tests.served_desk import ServedDesk, served_desk, settings_for

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def resume(referral_id: str, actor: str = "nurse-1", at: datetime = AT) -> Message:
    who = Actor(id=actor, roles=(Role.NURSE,))
    return Message(id=new_id(), referral_id=referral_id, kind=MessageKind.RESUME, actor=who, received_at=at)


@pytest.fixture
def messages(pool: Pool, vault: Vault, audit: AuditTrail) -> Messages:
    return Messages(pool, vault, audit)


async def fill(messages: Messages, referral_id: str) -> None:
    for number in range(STAFF_LIMIT.most):
        await messages.post(resume(referral_id, at=AT + number * SECOND), limit=STAFF_LIMIT)


async def test_there_is_room_again_when_the_first_action_is_old_enough(messages: Messages, referral_id: str) -> None:
    await fill(messages, referral_id)
    at = AT + STAFF_LIMIT.most * SECOND
    with pytest.raises(TooFast) as refused:
        await messages.post(resume(referral_id, at=at), limit=STAFF_LIMIT)
    assert refused.value.retry_after == AT + STAFF_LIMIT.within - at
    await messages.post(resume(referral_id, at=at + refused.value.retry_after), limit=STAFF_LIMIT)


async def test_others_and_other_referrals_are_not_slowed_down(messages: Messages, refer: Refer) -> None:
    mine, other = await refer(), await refer()
    await fill(messages, mine)
    at = AT + STAFF_LIMIT.most * SECOND
    await messages.post(resume(mine, "nurse-2", at), limit=STAFF_LIMIT)
    await messages.post(resume(other, at=at), limit=STAFF_LIMIT)
    await messages.post(resume(mine, at=at))  # what no person asked for


async def test_an_action_that_was_stored_before_is_not_counted_again(messages: Messages, referral_id: str) -> None:
    first = await messages.post(resume(referral_id), idempotency_key="nurse-1|one", limit=STAFF_LIMIT)
    for _ in range(STAFF_LIMIT.most):
        assert await messages.post(resume(referral_id), idempotency_key="nurse-1|one", limit=STAFF_LIMIT) == first
    for _ in range(STAFF_LIMIT.most - 1):
        await messages.post(resume(referral_id), limit=STAFF_LIMIT)
    with pytest.raises(TooFast):
        await messages.post(resume(referral_id), limit=STAFF_LIMIT)
    assert await messages.post(resume(referral_id), idempotency_key="nurse-1|one", limit=STAFF_LIMIT) == first


async def test_desks_that_store_at_once_agree_on_the_count(
    dsn: str, vault: Vault, audit: AuditTrail, referral_id: str
) -> None:
    async with database(dsn) as one, database(dsn) as two:
        desks = [Messages(pool, vault, audit) for pool in (one, two)]
        asked = [desk.post(resume(referral_id), limit=STAFF_LIMIT) for _ in range(STAFF_LIMIT.most) for desk in desks]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(outcome, Message) for outcome in outcomes) == STAFF_LIMIT.most
    assert sum(isinstance(outcome, TooFast) for outcome in outcomes) == STAFF_LIMIT.most


@pytest.fixture
async def desk(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServedDesk]:
    # Without a relay no outcome comes; nobody needs to wait for it.
    monkeypatch.setattr(actions, "PATIENCE", timedelta(milliseconds=1))
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        yield served


async def test_one_who_acts_in_a_loop_is_told_when_to_come_again(desk: ServedDesk) -> None:
    referral_id = await desk.refer()
    hold, resume = (f"/api/referrals/{referral_id}/{verb}" for verb in ("hold", "resume"))
    async with desk.as_staff(Role.NURSE, subject="nurse-1") as nurse, desk.as_staff(Role.PHARMACIST) as pharmacist:
        keyed = {"idempotency-key": "once"}
        first = await nurse.post(hold, json={"reason": "other"}, headers=keyed)
        for _ in range(STAFF_LIMIT.most - 1):
            assert (await nurse.post(resume)).status_code == 202
        refused = await nurse.post(resume)
        assert refused.status_code == 429
        assert 0 < int(refused.headers["retry-after"]) <= STAFF_LIMIT.within.total_seconds()
        assert refused.headers["content-type"] == "application/problem+json"
        assert "actions within 60 seconds" in refused.json()["detail"]
        again = await nurse.post(hold, json={"reason": "other"}, headers=keyed)
        assert (again.status_code, again.json()["message_id"]) == (202, first.json()["message_id"])
        assert (await pharmacist.post(resume)).status_code == 202
