"""The journal is recorded once, whatever is told again, and does what each entry says."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.messages import Messages
from firstdose.adapters.postgres.messages.outbox import Outbox, OutboxMessage
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.pool import Pool, database, transaction
from firstdose.adapters.postgres.referrals.records import PostgresRecords
from firstdose.adapters.postgres.staff.staff import StaffDirectory
from firstdose.domain.authorization.lines import Line
from firstdose.domain.payer.channel import UNKNOWN_PLAN
from firstdose.domain.policy import Policy
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.journal import (
    Amended,
    Escalated,
    HandedOver,
    Noted,
    Opened,
    Recorded,
    Resolved,
    Told,
    WaitingFor,
    Withdrawn,
)
from firstdose.domain.work.message import MessageKind
from firstdose.domain.work.role import SOURCE, Actor, Role
from firstdose.domain.work.stage import Milestone, Stage
from firstdose.domain.work.work_item import WorkItemKind
from firstdose.ports import Impossible
from tests.integration.stores.journals import AT, COORDINATOR, HOUR, LINES, batch, item, journal, say

Refer = Callable[..., Awaitable[str]]
Actions = Callable[[str], Awaitable[list[str]]]
UntilWaiting = Callable[..., Awaitable[None]]


@pytest.fixture
def records(pool: Pool, vault: Vault, audit: AuditTrail, outbox: Outbox) -> PostgresRecords:
    boxes = {"supervisor": "supervisors@pharmacy.example"}
    return PostgresRecords(
        pool, vault, audit, outbox, StaffDirectory(pool), PayerTable(pool), Policy(), mailboxes=boxes
    )


async def sent(pool: Pool, outbox: Outbox) -> list[OutboxMessage]:
    return await outbox.claim(pool, 50, HOUR, datetime.now(UTC))


async def test_a_referral_opens_with_its_outline_plan_and_policy(
    pool: Pool, records: PostgresRecords, referral_id: str
) -> None:
    assert (await records.open(referral_id)).plan == UNKNOWN_PLAN
    await PayerTable(pool).import_payers([{"id": "acme-health", "name": "Acme", "phone": "555-0100"}])
    opening = await records.open(referral_id)
    assert (opening.outline.hcpcs, opening.outline.state, opening.policy) == ("J0696", "OH", Policy())
    assert opening.plan.payer == "acme-health"


async def test_an_unknown_referral_can_never_be_opened_or_recorded(records: PostgresRecords) -> None:
    nobody = new_id()
    with pytest.raises(Impossible, match="unknown_referral"):
        await records.open(nobody)
    with pytest.raises(Impossible, match="unknown_referral"):
        await records.record(batch(nobody, Noted(at=AT, action="x")))


async def test_a_shredded_referral_can_never_be_opened(
    pool: Pool, vault: Vault, records: PostgresRecords, referral_id: str
) -> None:
    async with transaction(pool) as connection:
        await vault.shred(connection, referral_id)
    with pytest.raises(Impossible, match="referral_shredded"):
        await records.open(referral_id)


async def test_an_opened_item_goes_to_the_team_and_an_offer_to_nobody(
    pool: Pool, records: PostgresRecords, referral_id: str, actions: Actions
) -> None:
    staff = StaffDirectory(pool)
    await staff.seen("user-7", [Role.INTAKE_COORDINATOR])
    await staff.seen("user-8", [Role.NURSE])
    opened = Opened(at=AT, item=item(referral_id, 1, asks={"missing": ["patient.weight_kg"]}))
    offer = Opened(at=AT, item=item(referral_id, 2, WorkItemKind.CONFIRM_VISIT, offered_to="rn-1"))
    await records.record(batch(referral_id, opened, offer))
    rows = await pool.fetch("SELECT * FROM work_items ORDER BY id")
    assert [(row["assignee"], row["offered_to"], row["role"]) for row in rows] == [
        ("user-7", None, "intake_coordinator"),
        (None, "rn-1", "nurse"),
    ]
    assert rows[0]["asks"] == {"missing": ["patient.weight_kg"]}
    assert (await actions(referral_id))[-2:] == ["work_item.opened", "work_item.opened"]


async def test_an_answer_closes_the_item_and_its_facts_become_a_revision(
    pool: Pool, records: PostgresRecords, messages: Messages, referral_id: str
) -> None:
    sealed = {"facts": {"patient.weight_kg": 81.0, "order.signed_on": "2026-03-01"}, "note": "Zkanarivogel called"}
    message = await say(messages, referral_id, MessageKind.RESOLVE, sealed)
    done = Resolved(
        at=AT + HOUR,
        actor=COORDINATOR,
        message_id=message,
        item_id=f"{referral_id}-1",
        resolution={"outcome": "supplied"},
    )
    told = batch(referral_id, Opened(at=AT, item=item(referral_id, 1)), done)
    recorded = await records.record(told)
    assert recorded.changes == {Change.WEIGHT, Change.SIGNATURE}
    assert recorded.outline is not None
    assert recorded.outline.signed
    row = await pool.fetchrow("SELECT state, resolution, closed_at FROM work_items")
    assert dict(row or {}) == {"state": "resolved", "resolution": {"outcome": "supplied"}, "closed_at": AT + HOUR}
    assert await records.record(told) == recorded, "told again after a crash, the change must not be lost"
    assert await pool.fetchval("SELECT revision FROM referrals") == 2


@pytest.mark.parametrize("kind", [None, WorkItemKind.COMPLETE_REFERRAL])
async def test_what_belongs_under_seal_is_not_kept_in_an_answer(
    pool: Pool,
    records: PostgresRecords,
    referral_id: str,
    in_the_clear: Callable[[], Awaitable[list[str]]],
    kind: WorkItemKind | None,
) -> None:
    resolution = {"outcome": "supplied", "note": "Zkanarivogel", "facts": {"patient.family_name": "Zkanarivogel"}}
    done = Resolved(at=AT, actor=COORDINATOR, item_id=f"{referral_id}-1", kind=kind, resolution=resolution)
    await records.record(batch(referral_id, Opened(at=AT, item=item(referral_id, 1)), done))
    assert await pool.fetchval("SELECT resolution FROM work_items") == {"outcome": "supplied"}
    assert await in_the_clear() == []


async def test_impossible_facts_are_refused_in_the_audit_and_change_nothing(
    pool: Pool, records: PostgresRecords, messages: Messages, referral_id: str, actions: Actions
) -> None:
    message = await say(messages, referral_id, MessageKind.RESOLVE, {"facts": {"patient.birth_date": "2099-01-01"}})
    done = Resolved(at=AT, message_id=message, item_id=f"{referral_id}-1", resolution={"outcome": "supplied"})
    recorded = await records.record(batch(referral_id, Opened(at=AT, item=item(referral_id, 1)), done))
    assert recorded == Recorded()
    assert await pool.fetchval("SELECT revision FROM referrals") == 1
    assert (await actions(referral_id))[-2:] == ["work_item.resolved", "facts_refused"]


async def test_a_new_version_from_the_source_becomes_what_holds(
    records: PostgresRecords, vault: Vault, messages: Messages, refer: Refer, pool: Pool
) -> None:
    referral_id = await refer()
    newer = {
        "source_referral_id": "n-1",
        "order": {"therapy": "iron"},
        "patient": {"family_name": "Other"},
        "coverages": [{"payer": {"id": "other"}, "member_id": "O-1"}],
    }
    message = await say(messages, referral_id, MessageKind.AMEND, {"referral": newer})
    recorded = await records.record(batch(referral_id, Amended(at=AT, actor=SOURCE, message_id=message)))
    assert recorded.outline is not None
    assert recorded.outline.missing[BlockedStep.CONTACT] == (), "what it leaves unsaid is kept"
    assert {Change.PAYER, Change.MEMBER, Change.THERAPY, Change.NAME} <= recorded.changes
    opening = await records.open(referral_id)
    assert (opening.outline, opening.plan) == (recorded.outline, recorded.plan)
    assert opening.outline.model_dump(mode="json") == await pool.fetchval("SELECT outline FROM referrals")


async def test_a_version_that_undoes_anothers_fact_meanwhile_is_refused(
    pool: Pool, records: PostgresRecords, messages: Messages, refer: Refer, actions: Actions
) -> None:
    """The door judged what it changes by the facts as they were then."""
    referral_id = await refer()
    weighed = await say(messages, referral_id, MessageKind.AMEND, {"facts": {"patient.weight_kg": 71.0}})
    await records.record(batch(referral_id, Amended(at=AT, actor=SOURCE, message_id=weighed)))
    old = {"source_referral_id": "n-1", "patient": {"weight_kg": 12.0, "phones": ["5"]}}
    moved = await say(messages, referral_id, MessageKind.AMEND, {"referral": old})
    coordinator = Actor(id="n", roles=(Role.NURSE_COORDINATOR,))
    recorded = await records.record(
        batch(referral_id, Amended(at=AT, key="moved", actor=coordinator, message_id=moved))
    )
    assert recorded == Recorded()
    assert await pool.fetchval("SELECT revision FROM referrals") == 2
    assert (await actions(referral_id))[-1] == "facts_refused"


async def test_a_version_that_says_what_was_known_is_no_change(
    pool: Pool, records: PostgresRecords, messages: Messages, referral_id: str
) -> None:
    message = await say(messages, referral_id, MessageKind.AMEND, {"facts": {"patient.weight_kg": 70.5}})
    assert await records.record(batch(referral_id, Amended(at=AT, actor=SOURCE, message_id=message))) == Recorded()
    assert await pool.fetchval("SELECT count(*) FROM referral_revisions") == 1


async def test_an_overdue_item_is_raised_and_the_supervisor_is_mailed(
    pool: Pool, records: PostgresRecords, outbox: Outbox, referral_id: str
) -> None:
    raised = Escalated(key="1:1", at=AT + 2 * HOUR, item_id=f"{referral_id}-1", level=1)
    await records.record(batch(referral_id, Opened(at=AT, item=item(referral_id, 1)), raised))
    row = await pool.fetchrow("SELECT level, escalated_at FROM work_items")
    assert dict(row or {}) == {"level": 1, "escalated_at": AT + 2 * HOUR}
    [mail] = await sent(pool, outbox)
    assert (mail.channel, mail.recipient, mail.body["to"]) == ("mail", "supervisor", "supervisors@pharmacy.example")
    assert mail.key == f"{referral_id}:escalated:1:1"


async def test_an_item_that_is_answered_is_neither_raised_nor_withdrawn(
    pool: Pool, records: PostgresRecords, outbox: Outbox, referral_id: str
) -> None:
    name = f"{referral_id}-1"
    entries = (
        Opened(at=AT, item=item(referral_id, 1)),
        Resolved(at=AT + HOUR, item_id=name, resolution={"outcome": "supplied"}),
        Escalated(at=AT + 2 * HOUR, item_id=name, level=1),
        Withdrawn(at=AT + 3 * HOUR, item_id=name, why="cancelled"),
    )
    await records.record(batch(referral_id, *entries))
    row = await pool.fetchrow("SELECT state, level, closed_at, resolution FROM work_items")
    assert dict(row or {}) == {
        "state": "resolved",
        "level": 0,
        "closed_at": AT + HOUR,
        "resolution": {"outcome": "supplied"},
    }
    assert await sent(pool, outbox) == []


async def test_the_source_is_told_in_its_own_number(
    pool: Pool, records: PostgresRecords, outbox: Outbox, referral_id: str
) -> None:
    told = Told(key="scheduled", at=AT, milestone=Milestone.SCHEDULED, visit_at=AT + 48 * HOUR)
    await records.record(batch(referral_id, told))
    [delivery] = await sent(pool, outbox)
    assert (delivery.channel, delivery.recipient, delivery.key) == ("source", "mercy", f"{referral_id}:told:scheduled")
    assert delivery.body["type"] == "referral.milestone"
    data = delivery.body["data"]
    assert data["source_referral_id"].startswith("Zkanarivogel-")
    assert (data["business_status"], data["name"]) == ("5.1.1", "scheduled")
    assert data["visit_at"] == "2026-03-04T10:00:00+00:00"


async def test_billing_gets_a_complete_record_for_each_line_that_is_not_void(
    pool: Pool, records: PostgresRecords, outbox: Outbox, referral_id: str
) -> None:
    agreed = Resolved(
        at=AT,
        item_id=f"{referral_id}-1",
        resolution={"outcome": "accepted", "agreement_signed": True, "bill_pay_account": True},
    )
    review = item(referral_id, 1, WorkItemKind.REVIEW_BENEFITS, asks={"copay": "25.00"})
    await records.record(
        batch(referral_id, Opened(at=AT, item=review), agreed, HandedOver(key="once", at=AT, lines=LINES, served_on=AT))
    )
    [delivery] = await sent(pool, outbox)
    assert (delivery.channel, delivery.key) == ("billing", f"{referral_id}:handed_over:once")
    [record] = delivery.body["data"]["records"]
    assert (record["code"], record["units"], record["service_from"]) == ("J0696", 14, "2026-03-02")
    assert (record["member_id"], record["drug"]["ndc"]) == ("Zkanarivogel77", "00409733201")
    assert record["responsibility"]["estimate"] == {"copay": "25.00"}
    assert record["responsibility"]["agreement"]["agreement_signed"] is True
    assert delivery.body["data"]["patient"]["birth_date"] == "1961-07-23"
    assert "history" not in delivery.body["data"]["patient"]


async def test_the_standing_is_that_of_the_batch(pool: Pool, records: PostgresRecords, referral_id: str) -> None:
    noted = [Noted(at=AT + number * HOUR, action=f"step_{number}") for number in range(3)]
    newer = batch(
        referral_id,
        noted[2],
        stage=Stage.AUTHORIZATION,
        lines=LINES,
        waiting_for=(WaitingFor.PAYER, Role.PHARMACIST),
        next_due=AT + 5 * HOUR,
        blocked_by=("hold: on hold",),
        on_hold=True,
    )
    for each in (batch(referral_id, *noted[:2], stage=Stage.VERIFICATION), newer):
        await records.record(each)
    row = await pool.fetchrow('SELECT *, "authorization" AS overall FROM referrals')
    assert row is not None
    assert (row["stage"], row["updated_at"]) == ("authorization", AT + 2 * HOUR)
    assert (row["waiting_for"], row["overall"]) == (["payer", "pharmacist"], "approved")
    assert (row["on_hold"], row["next_due"], row["blocked_by"]) == (True, AT + 5 * HOUR, ["hold: on hold"])
    assert [Line.model_validate(line) for line in row["lines"]] == list(LINES)


async def test_a_batch_without_entries_moves_only_the_standing(
    pool: Pool, records: PostgresRecords, referral_id: str, actions: Actions
) -> None:
    await records.record(batch(referral_id, on_hold=True))
    assert await pool.fetchval("SELECT on_hold FROM referrals")
    assert await actions(referral_id) == ["received"]


async def test_a_batch_that_is_told_twice_at_once_is_recorded_once(
    pool: Pool, records: PostgresRecords, referral_id: str, actions: Actions, until_waiting: UntilWaiting
) -> None:
    entries = (Opened(at=AT, item=item(referral_id, 1)), Noted(at=AT, action="noted"))
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM referrals FOR UPDATE")
        tasks = [asyncio.create_task(records.record(batch(referral_id, *entries))) for _ in range(3)]
        await until_waiting(*tasks)
    await asyncio.gather(*tasks)
    assert await actions(referral_id) == ["received", "work_item.opened", "noted"]


async def test_nothing_of_the_patient_lies_open(
    records: PostgresRecords,
    messages: Messages,
    referral_id: str,
    in_the_clear: Callable[[], Awaitable[list[str]]],
) -> None:
    await records.record(batch(referral_id, *await journal(messages, referral_id)))
    assert await in_the_clear() == []


async def test_every_entry_is_audited_with_who_did_it(
    pool: Pool, records: PostgresRecords, messages: Messages, audit: AuditTrail, referral_id: str
) -> None:
    entries = await journal(messages, referral_id)
    await records.record(batch(referral_id, *entries))
    rows = await pool.fetch("SELECT actor, action FROM audit WHERE chain = $1 ORDER BY seq", referral_id)
    assert [tuple(row) for row in rows if not row["action"].startswith("message")][1:] == [
        ("system", "work_item.opened"),
        ("system", "work_item.opened"),
        ("staff:user-7", "work_item.resolved"),
        ("system", "source.told"),
        ("system", "work_item.escalated"),
        ("staff:user-7", "referral.amended"),
        ("staff:user-7", "work_item.withdrawn"),
        ("system", "hold_released"),
        ("system", "billing.handed_over"),
    ]
    assert (await audit.verify(pool)).intact


async def test_a_long_batch_takes_no_more_statements_than_a_short_one(
    dsn: str, vault: Vault, audit: AuditTrail, outbox: Outbox, referral_id: str, actions: Actions
) -> None:
    told: list[str] = []
    # The pool has one connection, so whatever is asked is heard.
    async with database(dsn, size=1) as pool:
        records = PostgresRecords(pool, vault, audit, outbox, StaffDirectory(pool), PayerTable(pool), Policy())
        async with pool.acquire() as connection:
            connection.add_query_logger(lambda query: told.append(query.query))
        noted = [Noted(at=AT, action="noted", message_id=new_id()) for _ in range(14)]
        await records.record(batch(referral_id, noted[0]))  # a connection asks for the types that it meets first
        told.clear()
        await records.record(batch(referral_id, noted[1]))
        short = told.copy()
        told.clear()
        await records.record(batch(referral_id, *noted[2:]))
    assert short
    assert told == short
    assert await actions(referral_id) == ["received"] + ["noted"] * 14
