"""Reading referrals: found by what may be searched for, shown whole, told why they wait."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.messages import Messages
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.paging import BadCursor, Cursor
from firstdose.adapters.postgres.payers.contacts import PostgresContacts
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.adapters.postgres.referrals.records import PostgresRecords
from firstdose.adapters.postgres.referrals.referrals import Filters, ReferralReader
from firstdose.adapters.postgres.staff.staff import StaffDirectory
from firstdose.domain.authorization.answer_match import Named
from firstdose.domain.authorization.lines import Line, LineAnswer, LineKind, LineState, PayerAnswer
from firstdose.domain.clock.clocks import Clock
from firstdose.domain.policy import Policy
from firstdose.domain.referral.facts import BlockedStep
from firstdose.domain.work.journal import Batch, Noted, Opened, ReferralSnapshot, Told, WaitingFor
from firstdose.domain.work.message import Message, MessageKind, MessageState
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.stage import Milestone, Stage
from firstdose.domain.work.work_item import WorkItem, WorkItemKind
from firstdose.payer_ports import Contact, ContactPurpose, ReceivedAnswer, Via

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
LINE = Line(sequence=1, kind=LineKind.DRUG, code="J0696", place_of_service="12", units=14, state=LineState.PENDED)

Refer = Callable[..., Awaitable[str]]


@pytest.fixture
def reader(pool: Pool, vault: Vault) -> ReferralReader:
    return ReferralReader(pool, vault)


@pytest.fixture
def records(pool: Pool, vault: Vault, audit: AuditTrail, outbox: Outbox) -> PostgresRecords:
    return PostgresRecords(pool, vault, audit, outbox, StaffDirectory(pool), PayerTable(pool), Policy())


async def found(reader: ReferralReader, **filters: object) -> set[str]:
    return {row.id for row in (await reader.list(Filters.model_validate(filters))).items}


async def stands(records: PostgresRecords, referral_id: str, **standing: object) -> None:
    await records.record(Batch(referral_id=referral_id, entries=(), standing=ReferralSnapshot.model_validate(standing)))


async def test_referrals_are_found_by_where_they_stand(
    pool: Pool, reader: ReferralReader, records: PostgresRecords, refer: Refer
) -> None:
    await PayerTable(pool).import_payers([{"id": "other", "name": "Other"}])
    one, other = await refer(), await refer(**{"coverages[0].payer.id": "other"})
    await stands(
        records, one, stage=Stage.AUTHORIZATION, waiting_for=(WaitingFor.PAYER, Role.PHARMACIST), next_due=NOW - HOUR
    )
    await stands(records, other, next_due=NOW + HOUR)
    assert await found(reader) == {one, other}
    assert await found(reader, stage="authorization") == {one}
    assert await found(reader, payer="other") == {other}
    assert await found(reader, waiting_for="pharmacist") == {one}
    assert await found(reader, overdue=True) == {one}
    assert await found(reader, overdue=False) == {other}
    assert await found(reader, stage="intake", payer="ACME.Health") == set()


async def test_a_payers_id_that_no_register_has_is_not_read_in_the_clear(
    pool: Pool, reader: ReferralReader, refer: Refer
) -> None:
    """It is what the source wrote, and could be a name."""
    await refer(**{"coverages[0].payer.id": "Jane-Roe"})
    assert "Jane-Roe" not in str(await pool.fetchval("SELECT outline FROM referrals"))
    (row,) = (await reader.list(Filters())).items
    assert row.outline.payer_id is None


async def test_a_referral_is_found_by_the_beginning_of_its_id_or_the_sources_number_never_by_name(
    reader: ReferralReader, refer: Refer
) -> None:
    one, other = await refer(source_referral_id="MRN-100"), await refer(source_referral_id="MRN-1000")
    assert await found(reader, q="MRN-100") == {one}
    assert await found(reader, q=" MRN-1000 ") == {other}
    assert await found(reader, q=other[:35].upper()) >= {other}
    assert await found(reader, q=one) == {one}
    (row,) = (await reader.list(Filters(q=other))).items
    assert await found(reader, q=row.number) == {other} == await found(reader, q=row.number.lower().replace("-", " "))
    for nothing in ("Zkanarivogel", "MRN", "-", "%", "_", "' OR true --", "zz"):
        assert await found(reader, q=nothing) == set()


async def test_pages_give_each_referral_once_the_newest_first(reader: ReferralReader, refer: Refer) -> None:
    expected = sorted([await refer() for _ in range(5)], reverse=True)  # all came at one moment
    first = await reader.list(Filters(), limit=3)
    second = await reader.list(Filters(), first.cursor, limit=3)
    assert [row.id for row in (*first.items, *second.items)] == expected
    assert second.cursor is None
    with pytest.raises(BadCursor):
        await reader.list(Filters(), str(Cursor(NOW, "no-id")))


async def test_one_is_shown_with_its_lines_items_team_and_facts(
    pool: Pool, reader: ReferralReader, records: PostgresRecords, referral_id: str
) -> None:
    await StaffDirectory(pool).seen("user-1", [Role.PHARMACIST])
    item = WorkItem(id=f"{referral_id}-1", kind=WorkItemKind.ASSESS_PATIENT, opened_at=NOW, due_at=NOW + HOUR)
    standing = ReferralSnapshot(lines=(LINE,), stage=Stage.AUTHORIZATION)
    await records.record(Batch(referral_id=referral_id, entries=(Opened(at=NOW, item=item),), standing=standing))
    view = await reader.get(referral_id)
    assert view is not None
    assert (view.standing.authorization, view.revision) == (LineState.PENDED, 1)
    assert [line.model_dump(include=set(Line.model_fields)) for line in view.lines] == [LINE.model_dump()]
    assert [each.id for each in view.work_items] == [item.id]
    assert view.team == {Role.PHARMACIST: "user-1"}
    assert view.facts is not None
    assert view.facts.patient.family_name == "Zkanarivogel"
    assert "Zkanarivogel" not in repr(view)


async def test_a_shredded_referral_is_shown_without_its_facts(
    pool: Pool, vault: Vault, reader: ReferralReader, referral_id: str
) -> None:
    async with transaction(pool) as connection:
        await vault.shred(connection, referral_id)
    view = await reader.get(referral_id)
    assert view is not None
    assert view.facts is None
    assert [entry.what for entry in await reader.timeline(referral_id)] == ["received", "message.received"]


@pytest.mark.parametrize("nobody", ["0190d0d0-0000-7000-8000-000000000000", "no-id", ""])
async def test_what_is_not_there_is_not_found(reader: ReferralReader, nobody: str) -> None:
    assert await reader.get(nobody) is None
    assert await reader.why(nobody) is None
    assert await reader.timeline(nobody) == ()


async def test_the_timeline_tells_all_that_happened_in_order(
    pool: Pool,
    vault: Vault,
    audit: AuditTrail,
    messages: Messages,
    reader: ReferralReader,
    records: PostgresRecords,
    referral_id: str,
) -> None:
    actor = Actor(id="user-1", roles=(Role.PHARMACIST,))
    hold = Message(
        id=new_id(),
        referral_id=referral_id,
        kind=MessageKind.HOLD,
        actor=actor,
        sealed={"note": "Zkanarivogel is in hospital"},
        received_at=NOW,
    )
    await messages.post(hold)
    await messages.settle(hold.id, MessageState.REFUSED, "closed")
    contact = await answered(PostgresContacts(pool, vault, audit), referral_id)
    told = Told(at=NOW + 3 * HOUR, milestone=Milestone.ACCEPTED)
    await records.record(Batch(referral_id=referral_id, entries=(told,), standing=ReferralSnapshot()))
    entries = await reader.timeline(referral_id)
    assert [entry.at for entry in entries] == sorted(entry.at for entry in entries)
    by_what = {entry.what: entry for entry in entries}
    assert {"received", "message_stored", "message.refused", "payer_contact.begun", "source.told"} <= by_what.keys()
    assert by_what["outbox.stored"].details == {"channel": "source", "recipient": "mercy"}
    assert by_what["payer.answered"].details["contact"] == contact
    [note] = [entry for entry in entries if entry.note]
    assert (note.what, note.actor, note.note) == ("message.received", "staff:user-1", "Zkanarivogel is in hospital")
    assert "Zkanarivogel" not in repr(entries)


def submitted(contact: str, payer: str, clock: Clock | None) -> Noted:
    kept = clock.model_dump(mode="json", exclude={"answered_at"}) if clock else None
    details = {"contact": contact, "payer": payer, "channel": "pas", "lines": [1], "clock": kept}
    return Noted(at=NOW, action="authorization.submitted", details=details)


async def answered(contacts: PostgresContacts, referral_id: str) -> str:
    """The id of a contact that the payer has answered."""
    contact = Contact(
        id=new_id(),
        referral_id=referral_id,
        payer="acme-health",
        purpose=ContactPurpose.AUTHORIZATION,
        trace="T1",
        created_at=NOW,
    )
    await contacts.begin(contact)
    answer = PayerAnswer(lines=(LineAnswer(sequence=1, state=LineState.PENDED),), received_at=NOW + 2 * HOUR)
    await contacts.keep_answer(contact.id, Via.RESPONSE, ReceivedAnswer(raw=b"{}", named=Named(), answer=answer))
    return contact.id


async def test_why_names_who_owes_what_and_when_it_is_raised(
    pool: Pool,
    vault: Vault,
    audit: AuditTrail,
    reader: ReferralReader,
    records: PostgresRecords,
    refer: Refer,
) -> None:
    referral_id = await refer(**{"patient.weight_kg": None})
    contact = await answered(PostgresContacts(pool, vault, audit), referral_id)
    items = [
        WorkItem(id=f"{referral_id}-{level}", kind=WorkItemKind.ASSESS_PATIENT, opened_at=NOW, due_at=due, level=level)
        for level, due in ((0, NOW + HOUR), (1, NOW - HOUR), (3, NOW - 90 * HOUR))
    ]
    clock = Clock(rule="Part B drug", version="1", citation="42 CFR 422.568", started_at=NOW, due_at=NOW + HOUR)
    noted = submitted(contact, "acme-health", clock)
    standing = ReferralSnapshot(
        stage=Stage.AUTHORIZATION, waiting_for=(WaitingFor.PAYER,), blocked_by=("agreement",), next_due=NOW + HOUR
    )
    entries = (*(Opened(at=NOW, item=item) for item in items), noted)
    await records.record(Batch(referral_id=referral_id, entries=entries, standing=standing))
    why = await reader.why(referral_id)
    assert why is not None
    never, second, first = why.work_items
    assert (first.overdue_by, first.escalates_at) == (None, NOW + HOUR)
    assert (second.level, second.escalates_at) == (1, NOW + 23 * HOUR)
    assert second.overdue_by is not None
    assert second.overdue_by >= HOUR
    assert never.escalates_at is None
    assert why.payer is not None
    assert (why.payer.contact, why.payer.payer) == (contact, "acme-health")
    assert (why.payer.since, why.payer.clock.rule, why.payer.clock.due_at) == (NOW, "Part B drug", NOW + HOUR)
    assert why.closed_gates == ("agreement",)
    assert "patient.weight_kg" in why.missing[BlockedStep.DISPATCH]


async def test_a_request_made_by_hand_is_waited_for_too(
    reader: ReferralReader, records: PostgresRecords, referral_id: str
) -> None:
    standing = ReferralSnapshot(waiting_for=(WaitingFor.PAYER,))
    entries = (submitted("by-hand-1", "acme-health", None),)
    await records.record(Batch(referral_id=referral_id, entries=entries, standing=standing))
    why = await reader.why(referral_id)
    assert why is not None
    assert why.payer is not None
    assert (why.payer.contact, why.payer.payer, why.payer.clock.due_at) == ("by-hand-1", "acme-health", None)


async def test_why_names_no_payer_when_nobody_waits_for_one(
    pool: Pool, vault: Vault, audit: AuditTrail, reader: ReferralReader, referral_id: str
) -> None:
    await answered(PostgresContacts(pool, vault, audit), referral_id)
    why = await reader.why(referral_id)
    assert why is not None
    assert why.payer is None
