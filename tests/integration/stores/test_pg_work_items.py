"""The worklist: what waits, whose it is, and that nobody takes what is not theirs."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.messages import Conflict
from firstdose.adapters.postgres.paging import BadCursor
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.staff.work_items import StaleView, WorkItemView, WorklistStore
from firstdose.domain.work.resolutions import Refused
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.work_item import WorkItemState

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
PHARMACIST = Actor(id="user-1", roles=(Role.PHARMACIST,))
COLLEAGUE = Actor(id="user-2", roles=(Role.PHARMACIST,))
NURSE = Actor(id="user-3", roles=(Role.NURSE,), nurses=("rn-1",))
SUPERVISOR = Actor(id="user-4", roles=(Role.SUPERVISOR,))

Actions = Callable[[str], Awaitable[list[str]]]
Refer = Callable[..., Awaitable[str]]
UntilWaiting = Callable[..., Awaitable[None]]


@pytest.fixture
def worklist(pool: Pool, vault: Vault, audit: AuditTrail) -> WorklistStore:
    return WorklistStore(pool, vault, audit)


@pytest.fixture
async def item(pool: Pool, referral_id: str) -> str:
    return await put(pool, referral_id, 1)


async def put(
    pool: Pool,
    referral_id: str,
    number: int,
    *,
    kind: str = "assess_patient",
    role: str = "pharmacist",
    state: str = "open",
    due: timedelta = HOUR,
    offered_to: str | None = None,
) -> str:
    item_id = f"{referral_id}-{number}"
    await pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, state, opened_at, due_at, offered_to)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        item_id,
        referral_id,
        kind,
        role,
        state,
        NOW - HOUR,
        NOW + due,
        offered_to,
    )
    return item_id


async def test_the_list_shows_what_is_open_the_first_due_first(
    pool: Pool, worklist: WorklistStore, referral_id: str, refer: Refer
) -> None:
    later = await put(pool, referral_id, 1, due=2 * HOUR)
    overdue = await put(pool, referral_id, 2, due=-HOUR)
    await put(pool, referral_id, 3, state="resolved")
    nurses = await put(pool, await refer(), 1, kind="report_visit", role="nurse")

    async def ids(**filters: object) -> list[str]:
        return [item.id for item in (await worklist.list(**filters)).items]  # type: ignore[arg-type]

    assert await ids() == [overdue, nurses, later]
    assert await ids(role=Role.NURSE) == [nurses]
    assert await ids(overdue=True) == [overdue]
    assert await ids(overdue=False, referral=referral_id) == [later]
    assert await ids(referral="no-id") == []
    assert await ids(assignee="user-1") == []
    await worklist.claim(later, PHARMACIST)
    assert await ids(assignee="user-1") == [later]


async def test_pages_give_each_item_once(pool: Pool, worklist: WorklistStore, referral_id: str) -> None:
    # Three at the same moment: the id decides where a page ends.
    expected = [await put(pool, referral_id, number) for number in range(1, 6)]
    read: list[WorkItemView] = []
    cursor = None
    while True:
        page = await worklist.list(cursor=cursor, limit=2)
        read += page.items
        if (cursor := page.cursor) is None:
            break
    assert [item.id for item in read] == expected


@pytest.mark.parametrize("cursor", ["", "x", "bm90IGEgY3Vyc29y", "é", "MjAyNi0wMS0wMQ=="])
async def test_a_cursor_that_is_none_of_ours_is_refused(worklist: WorklistStore, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await worklist.list(cursor=cursor)


async def test_who_claims_has_it_and_joins_the_team(
    pool: Pool, worklist: WorklistStore, item: str, referral_id: str, actions: Actions
) -> None:
    claimed = await worklist.claim(item, PHARMACIST)
    assert (claimed.state, claimed.assignee) == (WorkItemState.CLAIMED, "user-1")
    assert await worklist.get(item) == claimed
    assert await worklist.claim(item, PHARMACIST) == claimed, "once more is no conflict"
    assert await pool.fetchval("SELECT member FROM teams WHERE role = 'pharmacist'") == "user-1"
    assert await actions(referral_id) == ["received", "work_item.claimed"]


async def test_the_team_stays_as_it_is_when_somebody_else_helps_out(
    pool: Pool, worklist: WorklistStore, item: str, referral_id: str
) -> None:
    await pool.execute("INSERT INTO teams VALUES ($1, 'pharmacist', 'user-2')", referral_id)
    await worklist.claim(item, PHARMACIST)
    assert await pool.fetchval("SELECT member FROM teams") == "user-2"


async def test_a_supervisor_who_does_it_is_not_on_the_team(
    pool: Pool, worklist: WorklistStore, referral_id: str
) -> None:
    call = await put(pool, referral_id, 1, kind="contact_patient", role="customer_service")
    await worklist.claim(call, SUPERVISOR)
    assert await pool.fetchval("SELECT count(*) FROM teams") == 0


async def test_of_many_who_claim_at_once_one_has_it(worklist: WorklistStore, item: str) -> None:
    people = [Actor(id=f"user-{number}", roles=(Role.PHARMACIST,)) for number in range(8)]
    outcomes = await asyncio.gather(*(worklist.claim(item, each) for each in people), return_exceptions=True)
    claimed = [each for each in outcomes if isinstance(each, WorkItemView)]
    assert len(claimed) == 1
    assert all(isinstance(each, StaleView) for each in outcomes if each not in claimed)


async def test_a_conflict_tells_how_the_item_stands(worklist: WorklistStore, item: str) -> None:
    claimed = await worklist.claim(item, PHARMACIST)
    for act in (worklist.claim, worklist.release):
        with pytest.raises(Conflict) as conflict:
            await act(item, COLLEAGUE)
        assert isinstance(conflict.value, StaleView)
        assert conflict.value.item == claimed
    with pytest.raises(Conflict):
        await worklist.snooze(item, NOW + HOUR, COLLEAGUE)


async def test_a_closed_item_can_be_neither_claimed_released_nor_snoozed(
    pool: Pool, worklist: WorklistStore, referral_id: str, actions: Actions
) -> None:
    closed = await put(pool, referral_id, 1, state="withdrawn")
    with pytest.raises(StaleView):
        await worklist.claim(closed, PHARMACIST)
    with pytest.raises(StaleView):
        await worklist.release(closed, PHARMACIST)
    with pytest.raises(StaleView):
        await worklist.snooze(closed, NOW + HOUR, PHARMACIST)
    assert await actions(referral_id) == ["received"]


async def test_another_roles_work_is_refused_and_an_unknown_item_not_found(worklist: WorklistStore, item: str) -> None:
    with pytest.raises(Refused):
        await worklist.claim(item, NURSE)
    with pytest.raises(LookupError):
        await worklist.claim("nothing-1", PHARMACIST)
    assert await worklist.get("nothing-1") is None


async def test_an_offered_visit_is_for_the_person_behind_the_nurse_of_the_roster(
    pool: Pool, worklist: WorklistStore, referral_id: str
) -> None:
    offered = await put(pool, referral_id, 1, kind="confirm_visit", role="nurse", offered_to="rn-1")
    other = Actor(id="user-5", roles=(Role.NURSE,), nurses=("rn-2",))
    unknown = Actor(id="user-6", roles=(Role.NURSE,))
    for stranger in (other, unknown, PHARMACIST):
        with pytest.raises(Refused):
            await worklist.claim(offered, stranger)
    assert (await worklist.claim(offered, NURSE)).assignee == "user-3"


async def test_a_supervisor_gives_back_a_pharmacists_work_but_does_not_do_it(
    worklist: WorklistStore, item: str
) -> None:
    with pytest.raises(Refused):
        await worklist.claim(item, SUPERVISOR)
    await worklist.claim(item, PHARMACIST)
    assert (await worklist.release(item, SUPERVISOR)).assignee is None


@pytest.mark.parametrize("actor", [PHARMACIST, SUPERVISOR])
async def test_a_released_item_is_everybodys_again(
    worklist: WorklistStore, item: str, referral_id: str, actor: Actor, actions: Actions
) -> None:
    await worklist.claim(item, PHARMACIST)
    released = await worklist.release(item, actor)
    assert (released.state, released.assignee) == (WorkItemState.OPEN, None)
    assert await worklist.release(item, actor) == released
    assert (await actions(referral_id))[1:] == ["work_item.claimed", "work_item.released"]
    assert (await worklist.claim(item, COLLEAGUE)).assignee == "user-2"


async def test_a_snoozed_item_is_off_the_list_until_then_or_until_it_is_due(
    pool: Pool, worklist: WorklistStore, referral_id: str, actions: Actions
) -> None:
    asleep = await put(pool, referral_id, 1)
    woken = await put(pool, referral_id, 2)
    overdue = await put(pool, referral_id, 3, due=-HOUR)
    await worklist.snooze(asleep, NOW + HOUR, PHARMACIST)
    await worklist.snooze(woken, NOW - HOUR, PHARMACIST)
    await worklist.snooze(overdue, NOW + HOUR, PHARMACIST)
    assert [item.id for item in (await worklist.list()).items] == [overdue, woken]
    assert (await actions(referral_id))[1:] == ["work_item.snoozed"] * 3


async def test_a_claim_and_the_journal_do_not_wait_for_each_other_for_ever(
    pool: Pool, worklist: WorklistStore, item: str, referral_id: str, audit: AuditTrail, until_waiting: UntilWaiting
) -> None:
    """The journal holds the referral and its audit when it comes to the item; a claim must queue before that."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM referrals WHERE id = $1 FOR NO KEY UPDATE", referral_id)
        claim = asyncio.create_task(worklist.claim(item, PHARMACIST))
        await until_waiting(claim)
        await audit.write(connection, referral_id, at=NOW, actor="system", action="noted")
        await connection.execute("UPDATE work_items SET level = 1 WHERE id = $1", item)
    assert (await claim).level == 1


async def test_work_is_given_to_somebody_of_its_role_who_keeps_the_referral(
    pool: Pool, worklist: WorklistStore, item: str, actions: Actions
) -> None:
    await pool.execute("INSERT INTO staff (subject, roles, seen_at) VALUES ('user-2', '{pharmacist}', now())")
    assigned = await worklist.assign(item, "user-2", PHARMACIST)
    assert (assigned.state, assigned.assignee) == (WorkItemState.CLAIMED, "user-2")
    assert await pool.fetchval("SELECT member FROM teams WHERE role = 'pharmacist'") == "user-2"
    assert "work_item.assigned" in await actions(assigned.referral_id)
    with pytest.raises(StaleView):
        await worklist.assign(item, "user-2", PHARMACIST)
    assert (await worklist.assign(item, "user-2", SUPERVISOR)).assignee == "user-2"


async def test_work_is_given_to_nobody_who_may_not_do_it(pool: Pool, worklist: WorklistStore, item: str) -> None:
    await pool.execute("INSERT INTO staff (subject, roles, seen_at) VALUES ('user-3', '{nurse}', now())")
    for person in ("user-3", "unheard-of"):
        with pytest.raises(Refused, match="nobody of this id has signed in as pharmacist"):
            await worklist.assign(item, person, PHARMACIST)
    with pytest.raises(Refused):
        await worklist.assign(item, "user-3", NURSE)
    with pytest.raises(LookupError):
        await worklist.assign("no-such-item", "user-3", SUPERVISOR)
