"""The same order under another number is found when a workflow opens, or when its facts come to say so."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.messages import Messages
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.adapters.postgres.referrals.intake import Intake, WebhookDelivery
from firstdose.adapters.postgres.referrals.possible_duplicates import PossibleDuplicates
from firstdose.adapters.postgres.referrals.records import PostgresRecords
from firstdose.adapters.postgres.staff.staff import StaffDirectory
from firstdose.domain.policy import Policy
from firstdose.domain.referral.referral import Referral
from firstdose.domain.work.journal import Amended, Batch, Recorded, ReferralSnapshot
from firstdose.domain.work.message import Message, MessageKind
from firstdose.domain.work.role import SOURCE
from firstdose.domain.work.stage import Stage
from tests.integration.stores.conftest import AT, Said, referral_data

_numbers = count(1)

Send = Callable[..., Coroutine[Any, Any, str]]


@pytest.fixture
def send(intake: Intake) -> Send:
    """`await send(source, minute, **changes)`: the id of a referral that came in that minute."""

    async def send(source: str = "mercy", minute: int = 0, **changes: object) -> str:
        referral = Referral.read(referral_data(**changes), today=date(2026, 3, 2))
        delivery = WebhookDelivery(
            source=source,
            webhook_id=f"dup_{next(_numbers)}",
            body=b"{}",
            message=Said(referral.source_referral_id, referral),
            received_at=AT + timedelta(minutes=minute),
        )
        return (await intake.accept(delivery)).referral_id

    return send


@pytest.fixture
def records(pool: Pool, vault: Vault, audit: AuditTrail, outbox: Outbox) -> PostgresRecords:
    return PostgresRecords(pool, vault, audit, outbox, StaffDirectory(pool), PayerTable(pool), Policy())


async def alike(records: PostgresRecords, referral_id: str) -> tuple[str, ...]:
    return (await records.open(referral_id)).possible_duplicates


async def ends(pool: Pool, referral_id: str, stage: Stage) -> None:
    await pool.execute("UPDATE referrals SET stage = $2 WHERE id = $1", referral_id, stage.value)


async def resolved(pool: Pool, referral_id: str, other: str) -> None:
    await pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, state, asks, opened_at, due_at)"
        " VALUES ($1, $2, 'reconcile', 'intake_coordinator', 'resolved', $3, now(), now())",
        f"{referral_id}-reconcile-1",
        referral_id,
        {"other": other},
    )


@pytest.mark.parametrize("source", ["mercy", "another-hospital"])
async def test_the_later_one_sees_the_earlier_one(send: Send, records: PostgresRecords, source: str) -> None:
    first = await send()
    second = await send(source, minute=5)
    assert await alike(records, second) == (first,)
    assert await alike(records, first) == (), "the other one asks about the two"


async def test_by_a_member_id_under_another_name(send: Send, records: PostgresRecords) -> None:
    first = await send()
    second = await send(minute=1, **{"patient.family_name": "Married", "patient.birth_date": "1961-07-22"})
    assert await alike(records, second) == (first,)


@pytest.mark.parametrize(
    "changes",
    [
        {"order.drug": {"name": "Iron sucrose", "hcpcs": "J1756"}, "order.therapy": "iron"},
        {"patient.family_name": "Somebody", "coverages[0].member_id": "77"},
        {"patient.birth_date": "1990-01-01", "coverages[0].member_id": "77"},
    ],
)
async def test_another_therapy_or_another_person_is_none(
    send: Send, records: PostgresRecords, changes: dict[str, object]
) -> None:
    await send()
    assert await alike(records, await send(minute=1, **changes)) == ()


async def test_a_later_course_is_none(send: Send, records: PostgresRecords) -> None:
    await send(**{"order.requested_start": "2026-03-03"})
    course = await send(minute=1, **{"order.requested_start": "2026-05-03"})
    soon = await send(minute=2, **{"order.requested_start": "2026-05-05"})
    assert await alike(records, course) == ()
    assert await alike(records, soon) == (course,)


@pytest.mark.parametrize("stage", [Stage.CLOSED, Stage.ON_SERVICE])
async def test_what_has_ended_is_none(send: Send, records: PostgresRecords, pool: Pool, stage: Stage) -> None:
    first, second = await send(), await send(minute=1)
    await ends(pool, first, stage)
    assert await alike(records, second) == ()


async def test_what_was_shredded_is_none(send: Send, records: PostgresRecords, pool: Pool, vault: Vault) -> None:
    first, second = await send(), await send(minute=1)
    async with transaction(pool) as connection:
        await vault.shred(connection, first)
    assert await alike(records, second) == ()
    assert await pool.fetchval("SELECT count(*) FROM referral_persons WHERE referral_id = $1", first) == 0


async def test_it_is_asked_once(send: Send, records: PostgresRecords, pool: Pool) -> None:
    first, second = await send(), await send(minute=1)
    assert await alike(records, second) == (first,)
    assert await alike(records, second) == (first,), "a workflow that opens again learns it again"
    await resolved(pool, second, first)
    assert await alike(records, second) == ()


async def test_two_at_the_same_moment_are_found_from_one_side(send: Send, records: PostgresRecords) -> None:
    pair = await asyncio.gather(send(), send("another-hospital"))
    found = await asyncio.gather(*(alike(records, each) for each in pair))
    assert sorted(map(len, found)) == [0, 1]


async def test_one_that_came_first_and_was_stored_last_finds_the_other(send: Send, records: PostgresRecords) -> None:
    later = await send(minute=1)
    assert await alike(records, later) == ()
    earlier = await send()
    assert await alike(records, earlier) == (later,)


async def test_whoever_stores_the_person_waits_for_whoever_looks(
    send: Send,
    records: PostgresRecords,
    vault: Vault,
    pool: Pool,
    until_waiting: Callable[..., Awaitable[None]],
) -> None:
    looking = await send(minute=1)
    referral = Referral.read(referral_data(), today=date(2026, 3, 2))
    async with transaction(pool) as connection:
        found = await PossibleDuplicates(vault, timedelta(days=7)).find(connection, looking, referral)
        coming = asyncio.create_task(send())
        await until_waiting(coming)
        assert not coming.done()
    assert (found, await alike(records, await coming)) == ((), (looking,))


async def supplied(records: PostgresRecords, messages: Messages, referral_id: str, **facts: object) -> Recorded:
    """What the store answers when a person's facts are recorded."""
    amend = Message(
        id=new_id(),
        referral_id=referral_id,
        kind=MessageKind.AMEND,
        actor=SOURCE,
        sealed={"facts": facts},
        received_at=datetime.now(UTC),
    )
    await messages.post(amend)
    entry = Amended(key=amend.id, at=datetime.now(UTC), actor=SOURCE, message_id=amend.id)
    return await records.record(Batch(referral_id=referral_id, entries=(entry,), standing=ReferralSnapshot()))


async def test_a_fax_turns_out_to_be_the_same_when_its_facts_are_there(
    send: Send, records: PostgresRecords, messages: Messages
) -> None:
    unknown: dict[str, object] = {"patient": {}, "coverages": [], "order": {}}
    fax = await send(**unknown)
    assert await alike(records, fax) == ()
    electronic = await send("another-hospital", minute=9)
    assert await alike(records, electronic) == ()

    told = referral_data()
    learned = await supplied(
        records,
        messages,
        fax,
        **{
            "patient.family_name": told["patient"]["family_name"],
            "patient.birth_date": told["patient"]["birth_date"],
            "order.drug.name": told["order"]["drug"]["name"],
        },
    )
    assert learned.possible_duplicates == (electronic,)


async def test_no_change_of_facts_asks_from_the_other_side(
    send: Send, records: PostgresRecords, messages: Messages
) -> None:
    first, second = await send(), await send(minute=1)
    assert await alike(records, first) == ()
    assert await alike(records, second) == (first,)
    learned = await supplied(records, messages, first, **{"patient.weight_kg": 71.0})
    assert learned.outline is not None
    assert learned.possible_duplicates == ()


async def test_nobody_can_be_read_in_the_fingerprints(
    send: Send, records: PostgresRecords, in_the_clear: Callable[[], Awaitable[list[str]]]
) -> None:
    await send()
    await alike(records, await send(minute=1))
    assert await in_the_clear() == []
