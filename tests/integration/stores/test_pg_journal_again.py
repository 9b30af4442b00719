"""A journal that is told again, by a lost task of the workflow or an older copy of Temporal's state."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.messages import Messages
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.adapters.postgres.referrals.journal_keys import LONGEST_KEY
from firstdose.adapters.postgres.referrals.reconciliation import ProcessStore
from firstdose.adapters.postgres.referrals.records import NOT_OPEN, PostgresRecords
from firstdose.adapters.postgres.staff.staff import StaffDirectory
from firstdose.domain.policy import Policy
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.journal import (
    Amended,
    AnyEntry,
    Batch,
    Escalated,
    Noted,
    Opened,
    ReferralSnapshot,
    Resolved,
    RunPoint,
    Told,
    Withdrawn,
)
from firstdose.domain.work.message import MessageKind
from firstdose.domain.work.role import SOURCE
from firstdose.domain.work.stage import Milestone, Stage
from firstdose.ports import Impossible, Unavailable
from tests.integration.stores.journals import AT, HOUR, item, journal, say

Refer = Callable[..., Awaitable[str]]
Actions = Callable[[str], Awaitable[list[str]]]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def records(pool: Pool, vault: Vault, audit: AuditTrail, outbox: Outbox) -> PostgresRecords:
    boxes = {"supervisor": "supervisors@pharmacy.example"}
    return PostgresRecords(
        pool, vault, audit, outbox, StaffDirectory(pool), PayerTable(pool), Policy(), mailboxes=boxes
    )


class Process:
    """A workflow's side of the journal: which items are open after what it has told so far."""

    def __init__(self, referral_id: str, *, run: str = "run-1") -> None:
        self.referral_id = referral_id
        self.run = run
        self.number = 0
        self.open: dict[str, None] = {}

    def batch(self, *entries: AnyEntry, events: int | None = None, state: str = "", **standing: Any) -> Batch:
        for entry in entries:
            match entry:
                case Opened():
                    self.open[entry.item.id] = None
                case Resolved() | Withdrawn():
                    self.open.pop(entry.item_id, None)
                case _:
                    pass
        self.number += 1
        return Batch(
            referral_id=self.referral_id,
            entries=entries,
            standing=ReferralSnapshot.model_validate(standing),
            number=self.number,
            run=RunPoint(run_id=self.run, events=10 * self.number if events is None else events),
            open_items=tuple(self.open),
            state=state,
        )


def later(entry: AnyEntry, by: timedelta) -> AnyEntry:
    """The entry as the workflow writes it when it comes to it at another time."""
    moved = {"at": entry.at + by}
    if isinstance(entry, Opened):
        shifted = {"opened_at": entry.item.opened_at + by, "due_at": entry.item.due_at + by}
        moved["item"] = entry.item.model_copy(update=shifted)  # type: ignore[assignment]
    return entry.model_copy(update=moved)


def entries_of(referral_id: str) -> list[AnyEntry]:
    one, two = item(referral_id, 1), item(referral_id, 2)
    return [
        Opened(key="o1", at=AT, item=one),
        Told(key="created", at=AT, milestone=Milestone.CREATED),
        Opened(key="o2", at=AT, item=two),
        Resolved(key="r1", at=AT, item_id=one.id, resolution={"outcome": "supplied"}),
        Told(key="accepted", at=AT, milestone=Milestone.ACCEPTED),
        Escalated(key="e2:1", at=AT, item_id=two.id, level=1),
        Noted(key="n1", at=AT, action="noted"),
    ]


async def test_a_lost_task_is_told_again_in_another_order_and_at_other_times(
    pool: Pool, records: PostgresRecords, referral_id: str, actions: Actions
) -> None:
    entries = entries_of(referral_id)
    lost = Process(referral_id)
    await records.record(lost.batch(*entries[:3], events=20))
    await records.record(lost.batch(*entries[3:], events=20))
    before = await actions(referral_id)
    again = Process(referral_id)
    o1, created, o2, r1, accepted, raised, noted = (later(entry, MINUTE) for entry in entries)
    for some in ((o1, o2), (noted, created), (raised,), (accepted, r1)):
        await records.record(again.batch(*some, events=20, stage=Stage.PREPARATION))
    assert (await actions(referral_id)) == before
    rows = await pool.fetch("SELECT state, level, due_at FROM work_items ORDER BY id")
    assert [tuple(row) for row in rows] == [("resolved", 0, AT + HOUR), ("open", 1, AT + HOUR + MINUTE)]
    sent = await pool.fetch("SELECT key FROM outbox ORDER BY ordinal")
    assert [row["key"].partition(":")[2] for row in sent] == ["told:created", "told:accepted", "escalated:e2:1"]
    state = await pool.fetchrow("SELECT number, events FROM referral_states")
    assert tuple(state or ()) == (4, 20)


async def test_the_same_entry_twice_in_one_batch_is_recorded_once(
    records: PostgresRecords, referral_id: str, actions: Actions
) -> None:
    noted = Noted(key="n", at=AT, action="noted")
    await records.record(Process(referral_id).batch(noted, later(noted, HOUR)))
    assert await actions(referral_id) == ["received", "noted"]


async def test_keys_are_those_of_one_referral(records: PostgresRecords, refer: Refer, actions: Actions) -> None:
    for referral_id in (await refer(), await refer()):
        await records.record(Process(referral_id).batch(Told(key="t", at=AT, milestone=Milestone.CREATED)))
        assert await actions(referral_id) == ["received", "source.told"]


async def test_an_older_word_of_the_same_run_changes_nothing(
    pool: Pool, records: PostgresRecords, referral_id: str, actions: Actions
) -> None:
    newest = Process(referral_id).batch(Noted(key="a", at=AT, action="a"), events=30, stage=Stage.PREPARATION)
    await records.record(newest)
    older = Process(referral_id).batch(Opened(key="o", at=AT, item=item(referral_id, 1)), events=29)
    with pytest.raises(Unavailable, match="store_is_ahead"):
        await records.record(older)
    assert await actions(referral_id) == ["received", "a"]
    assert await pool.fetchval("SELECT stage FROM referrals") == "preparation"
    assert await pool.fetchval("SELECT count(*) FROM work_items") == 0
    await records.record(older.model_copy(update={"run": newest.run}))
    assert await actions(referral_id) == ["received", "a", "work_item.opened"], "refused, its keys were not kept"


async def test_a_new_run_takes_over_and_the_one_before_is_heard_no_more(
    pool: Pool, records: PostgresRecords, referral_id: str
) -> None:
    for run in ("run-1", "run-2", "run-3"):
        await records.record(Process(referral_id, run=run).batch(events=5))
    for retired in ("run-1", "run-2"):
        with pytest.raises(Unavailable, match="store_is_ahead"):
            await records.record(Process(referral_id, run=retired).batch(events=5000))
    await records.record(Process(referral_id, run="run-3").batch(events=6))
    row = await pool.fetchrow("SELECT run_id, events, retired FROM referral_states")
    assert tuple(row or ()) == ("run-3", 6, ["run-1", "run-2"])


async def test_an_item_of_a_lost_task_is_withdrawn_and_comes_back_when_the_process_opens_it_after_all(
    pool: Pool, records: PostgresRecords, referral_id: str, actions: Actions
) -> None:
    opened = [Opened(key=f"o{number}", at=AT, item=item(referral_id, number)) for number in (1, 2)]
    await records.record(Process(referral_id).batch(*opened, events=20))
    await pool.execute("UPDATE work_items SET state = 'claimed', assignee = 'user-7' WHERE id LIKE '%-2'")
    again = Process(referral_id)
    await records.record(again.batch(opened[0], events=20))
    states = "SELECT state FROM work_items ORDER BY id"
    assert [row["state"] for row in await pool.fetch(states)] == ["open", "withdrawn"]
    why = await pool.fetchval("SELECT details ->> 'why' FROM audit WHERE action = 'work_item.withdrawn'")
    assert why == NOT_OPEN
    await records.record(again.batch(later(opened[1], HOUR), events=24))
    assert [row["state"] for row in await pool.fetch(states)] == ["open", "open"]
    assert (await actions(referral_id))[-2:] == ["work_item.withdrawn", "work_item.reopened"]
    assert await pool.fetchval("SELECT due_at FROM work_items WHERE id LIKE '%-2'") == AT + 2 * HOUR


async def test_an_item_of_a_lost_task_is_raised_and_answered_as_the_process_says(
    pool: Pool, records: PostgresRecords, outbox: Outbox, referral_id: str
) -> None:
    opened = [Opened(key=f"o{number}", at=AT, item=item(referral_id, number)) for number in (1, 2)]
    await records.record(Process(referral_id).batch(*opened, events=20))
    again = Process(referral_id)
    await records.record(again.batch(events=20))
    raised = Escalated(key="e1", at=AT, item_id=f"{referral_id}-1", level=1)
    answered = Resolved(key="r2", at=AT, item_id=f"{referral_id}-2", resolution={"outcome": "supplied"})
    await records.record(again.batch(*opened, raised, answered, events=20))
    rows = await pool.fetch("SELECT state, level, closed_at, resolution FROM work_items ORDER BY id")
    assert [tuple(row) for row in rows] == [("open", 1, None, None), ("resolved", 0, AT, {"outcome": "supplied"})]
    assert await pool.fetchval("SELECT count(*) FROM outbox") == 1


async def test_another_referrals_items_are_left_alone(pool: Pool, records: PostgresRecords, refer: Refer) -> None:
    mine, other = await refer(), await refer()
    await records.record(Process(other).batch(Opened(key="o", at=AT, item=item(other, 1))))
    taken = Opened(key="o", at=AT, item=item(other, 1, due_at=AT + 9 * HOUR))
    await records.record(Process(mine).batch(taken))
    row = await pool.fetchrow("SELECT referral_id, state, due_at FROM work_items")
    assert tuple(row or ()) == (other, "open", AT + HOUR)
    problem = await pool.fetchval("SELECT details ->> 'problem' FROM audit WHERE action = 'entry_refused'")
    assert problem == "item_of_another_referral"


def a_bad(referral_id: str) -> dict[str, AnyEntry]:
    """Entries that no statement would take, by what is wrong with them."""
    naive = AT.replace(tzinfo=None)
    return {
        "message_id": Noted(at=AT, action="x", message_id="no-uuid"),
        "null_character": Noted(at=AT, action="x", details={"why": "a\0b"}),
        "not_storable": Noted(at=AT, action="x", details={"number": 2**70}),
        "time_without_zone": Noted(at=naive, action="x"),
        "item_id": Opened(at=AT, item=item("x" * 4000, 1)),
        "level": Escalated(at=AT, item_id=f"{referral_id}-1", level=2**40),
    }


@pytest.mark.parametrize("problem", list(a_bad("")))
@pytest.mark.parametrize("key", ["bad", "bad\0key", "long" * LONGEST_KEY, ""])
async def test_an_entry_that_cannot_be_applied_is_refused_and_the_rest_is_kept(
    pool: Pool, records: PostgresRecords, referral_id: str, actions: Actions, problem: str, key: str
) -> None:
    bad = a_bad(referral_id)[problem].model_copy(update={"key": key})
    told = [Noted(key="before", at=AT, action="before"), bad, Noted(key="after", at=AT, action="after")]
    for _ in range(2):
        await records.record(Process(referral_id).batch(*told))
    assert await actions(referral_id) == ["received", "before", "entry_refused", "after"]
    details = await pool.fetchval("SELECT details FROM audit WHERE action = 'entry_refused'")
    assert details["problem"] == problem
    assert details["key"] == key or details["key"].startswith("sha256:")


async def test_what_a_person_typed_is_no_null_character(records: PostgresRecords, referral_id: str) -> None:
    await records.record(Process(referral_id).batch(Noted(key="n", at=AT, action="x", details={"said": r"\u0000"})))


async def test_the_message_of_another_referral_brings_no_facts(
    pool: Pool, records: PostgresRecords, messages: Messages, refer: Refer
) -> None:
    mine, other = await refer(), await refer()
    message = await say(messages, other, MessageKind.AMEND, {"facts": {"patient.weight_kg": 12.0}})
    recorded = await records.record(Process(mine).batch(Amended(key="a", at=AT, actor=SOURCE, message_id=message)))
    assert recorded.changes == frozenset()
    assert await pool.fetchval("SELECT max(revision) FROM referral_revisions") == 1


async def test_the_state_is_what_a_workflow_goes_on_with(
    pool: Pool, vault: Vault, audit: AuditTrail, records: PostgresRecords, referral_id: str
) -> None:
    store = ProcessStore(pool, vault, audit, "operator")
    assert await store.saved_state(referral_id) == ""
    process = Process(referral_id)
    for state in ('{"step": 1}', '{"step": "ü"}'):
        await records.record(process.batch(state=state))
    assert await store.saved_state(referral_id) == '{"step": "ü"}'


async def test_the_state_is_sealed_and_gone_with_the_referrals_key(
    pool: Pool,
    records: PostgresRecords,
    vault: Vault,
    audit: AuditTrail,
    referral_id: str,
    in_the_clear: Callable[[], Awaitable[list[str]]],
) -> None:
    state = '{"canary": "Zkanarivogel"}'
    process = Process(referral_id)
    await records.record(process.batch(state=state))
    assert await in_the_clear() == []
    async with transaction(pool) as connection:
        await vault.shred(connection, referral_id)
    store = ProcessStore(pool, vault, audit, "operator")
    for attempt in (store.saved_state(referral_id), records.record(process.batch(state=state))):
        with pytest.raises(Impossible, match="referral_shredded"):
            await attempt


LENGTH = 9
TELLINGS = st.lists(st.tuples(st.integers(0, LENGTH), st.integers(0, LENGTH), st.integers(0, 90)), max_size=5)
"""How far back a task of the workflow begins again, how many entries it tells at once, and how much later."""


@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each attempt at a smaller example takes a second
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(tellings=TELLINGS, data=st.data())
async def test_however_a_journal_is_told_it_is_recorded_once(
    pool: Pool,
    records: PostgresRecords,
    messages: Messages,
    refer: Refer,
    tellings: list[tuple[int, int, int]],
    data: st.DataObject,
) -> None:
    whole, parts = await refer(), await refer()
    straight = Process(whole)
    at_once = await records.record(straight.batch(*await journal(messages, whole), stage=Stage.FIRST_VISIT))
    entries = await journal(messages, parts)
    changes: set[Change] = set()
    for back, number, minutes in [*tellings, (LENGTH, LENGTH, 5)]:
        again = Process(parts)
        told = [later(entry, minutes * MINUTE) for entry in _shuffled(data, entries)]
        known = max(0, LENGTH - back)
        for some in filter(None, (told[:known], told[known : known + number])):
            recorded = await records.record(again.batch(*some, events=20, stage=Stage.FIRST_VISIT))
            changes |= recorded.changes
    assert changes == at_once.changes == {Change.WEIGHT, Change.DOSE}
    assert await all_of(pool, parts) == await all_of(pool, whole)


def _shuffled(data: st.DataObject, entries: tuple[AnyEntry, ...]) -> list[AnyEntry]:
    """The entries in another order; those about one item keep theirs."""
    open_1, open_2, resolved, told, raised, amended, withdrawn, noted, billed = entries
    strands = data.draw(
        st.permutations([[open_1, resolved], [open_2, raised, withdrawn], [told], [amended], [noted], [billed]])
    )
    return [entry for strand in strands for entry in strand]


async def all_of(pool: Pool, referral_id: str) -> list[object]:
    """What is stored about a referral, without its ids, its times, and what an interruption adds to the audit."""
    queries = (
        "SELECT revision, outline, stage, lines FROM referrals WHERE id = $1::uuid",
        "SELECT state, level, resolution FROM work_items WHERE referral_id = $1 ORDER BY id",
        "SELECT channel, recipient, substr(key, 37) FROM outbox WHERE referral_id = $1 ORDER BY key",
        "SELECT revision FROM referral_revisions WHERE referral_id = $1 ORDER BY revision",
        "SELECT key FROM journal_keys WHERE referral_id = $1 ORDER BY key",
        (
            "SELECT actor, action FROM audit WHERE chain = $1::uuid::text AND action <> 'work_item.reopened' AND "
            "details ->> 'why' IS DISTINCT FROM 'not open in the process' ORDER BY actor, action"
        ),
    )
    return [[tuple(row) for row in await pool.fetch(query, referral_id)] for query in queries]
