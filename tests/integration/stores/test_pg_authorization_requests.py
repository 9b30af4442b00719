"""The requests that payers got are kept with the journal: once, in order, and as the pure rules say."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.payers.authorization_requests import requests_of, requests_sent
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.adapters.postgres.referrals.records import PostgresRecords
from firstdose.adapters.postgres.staff.staff import StaffDirectory
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.authorization.requests import RequestEvent, RequestRecord, after
from firstdose.domain.clock.clocks import Clock
from firstdose.domain.clock.state import paused
from firstdose.domain.policy import Policy
from firstdose.domain.work.journal import Batch, Noted, ReferralSnapshot
from tests.integration.stores.conftest import Refer

SENT = datetime(2026, 3, 2, 17, tzinfo=UTC)
HOUR = timedelta(hours=1)
NOTHING: Sequence[RequestRecord] = ()
CLOCK = Clock(rule="Part B drug", version="1", citation="42 CFR 422.568", started_at=SENT, due_at=SENT + 72 * HOUR)


@pytest.fixture
def records(pool: Pool, vault: Vault, audit: AuditTrail, outbox: Outbox) -> PostgresRecords:
    return PostgresRecords(pool, vault, audit, outbox, StaffDirectory(pool), PayerTable(pool), Policy())


def note(hours: int, action: str, **details: Any) -> Noted:
    return Noted(key=f"{action}:{hours}", at=SENT + hours * HOUR, action=action, details=details)


def submitted(hours: int, contact: str, *lines: int) -> Noted:
    asked: dict[str, Any] = {"contact": contact, "payer": "acme", "channel": "pas", "plan_version": 3}
    return note(hours, "authorization.submitted", **asked, lines=list(lines), clock=as_noted(CLOCK))


def as_noted(clock: Clock) -> dict[str, Any]:
    return clock.model_dump(mode="json", exclude={"answered_at"})


STORY = (
    note(0, "stage", stage="authorization"),
    submitted(1, "one", 1, 2),
    note(2, "authorization.lines", by="payer", lines={"1": LineState.INFO_REQUESTED, "2": LineState.PENDED}),
    note(3, "authorization.clock", contact="one", clock=as_noted(paused(CLOCK, SENT + 3 * HOUR))),
    note(4, "authorization.lines", by="payer", lines={"1": LineState.APPROVED, "2": LineState.DENIED}),
    submitted(5, "two", 2),
    submitted(6, "three", 3),
    note(7, "authorization.voided", contact="three", lines=[3]),
    note(8, "authorization.lines", by="payer", lines={"3": LineState.APPROVED}),
    note(9, "stage", stage="closed"),
)


def told(story: Sequence[Noted]) -> list[RequestRecord]:
    """As the pure rules say."""
    requests = reduce(after, (RequestEvent(each.at, each.action, each.details) for each in story), NOTHING)
    return list(requests)


async def kept(pool: Pool, referral_id: str) -> list[RequestRecord]:
    async with transaction(pool) as connection:
        return await requests_of(connection, referral_id)


async def test_every_entry_is_kept_at_once_and_once(pool: Pool, records: PostgresRecords, refer: Refer) -> None:
    referral_id = await refer()
    for so_far, entry in enumerate(STORY, start=1):
        batch = Batch(referral_id=referral_id, entries=(entry,), standing=ReferralSnapshot())
        await records.record(batch)
        await records.record(batch)
        assert await kept(pool, referral_id) == told(STORY[:so_far])
    one, two, three = await kept(pool, referral_id)
    assert (one.decided_at, one.asked_back, one.approved_first, one.plan_version) == (SENT + 4 * HOUR, True, False, 3)
    assert (two.withdrawn_at, two.decided_at) == (SENT + 9 * HOUR, None)
    assert (three.withdrawn_at, three.heard) == (SENT + 7 * HOUR, {3: SENT + 8 * HOUR})


async def test_a_whole_story_in_one_batch_is_the_same(pool: Pool, records: PostgresRecords, refer: Refer) -> None:
    referral_id, other = await refer(), await refer(source_referral_id="another")
    await records.record(Batch(referral_id=referral_id, entries=STORY, standing=ReferralSnapshot()))
    assert await kept(pool, referral_id) == told(STORY)
    assert await kept(pool, other) == []


async def test_they_are_found_by_when_they_left(pool: Pool, records: PostgresRecords, refer: Refer) -> None:
    await pool.execute("DELETE FROM authorization_requests")
    await records.record(Batch(referral_id=await refer(), entries=STORY, standing=ReferralSnapshot()))
    found = await requests_sent(pool, SENT + 5 * HOUR, SENT + 6 * HOUR)
    assert [request.contact for request in found] == ["two"]
