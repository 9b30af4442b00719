"""The worklist's views: whose work each shows, in what order, how much there is, and how a caller is found."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.paging import BadCursor
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.staff.work_list import MOST_COUNTED, WorkList
from firstdose.adapters.postgres.staff.work_views import WorkQuery, WorkView
from firstdose.domain.work.role import Role

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
ME = "user-1"

Refer = Callable[..., Awaitable[str]]


@pytest.fixture
def worklist(pool: Pool, vault: Vault) -> WorkList:
    return WorkList(pool, vault)


def asking(view: WorkView = WorkView.START, **more: Any) -> WorkQuery:
    asked = {"reader": ME, "roles": {Role.PHARMACIST}, "day_ends": NOW + timedelta(hours=12), **more}
    return WorkQuery.model_validate({"view": view, **asked})


async def put(
    pool: Pool,
    referral_id: str,
    name: str,
    *,
    role: str = "pharmacist",
    assignee: str | None = None,
    due: timedelta = HOUR,
    state: str = "open",
    snoozed: timedelta | None = None,
) -> str:
    await pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, state, assignee, opened_at, due_at, snoozed_until)"
        " VALUES ($1, $2, 'assess_patient', $3, $4, $5, $6, $7, $8)",
        f"{referral_id}-{name}",
        referral_id,
        role,
        state,
        assignee,
        NOW,
        NOW + due,
        NOW + snoozed if snoozed else None,
    )
    return f"{referral_id}-{name}"


async def items(worklist: WorkList, query: WorkQuery) -> list[str | None]:
    return [row.item for row in (await worklist.page(query)).items]


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        (WorkView.START, ["overdue", "mine", "free"]),
        (WorkView.MINE, ["mine"]),
        (WorkView.UNASSIGNED, ["overdue", "free"]),
        (WorkView.ROLE, ["overdue", "mine", "theirs", "free"]),
        (WorkView.ALL, ["overdue", "mine", "other_role", "theirs", "free"]),
        (WorkView.OVERDUE, ["overdue"]),
        (WorkView.DUE_TODAY, ["overdue", "mine", "theirs"]),
    ],
)
async def test_each_view_shows_its_work_the_first_due_first(
    pool: Pool, worklist: WorkList, refer: Refer, view: WorkView, shown: list[str]
) -> None:
    one = await refer()
    await put(pool, one, "free", due=24 * HOUR)
    await put(pool, one, "overdue", due=-HOUR)
    await put(pool, one, "mine", assignee=ME, state="claimed")
    await put(pool, one, "theirs", assignee="user-2", state="claimed", due=3 * HOUR)
    await put(pool, one, "other_role", role="nurse", due=2 * HOUR)
    await put(pool, one, "done", state="resolved")
    await put(pool, one, "snoozed", snoozed=HOUR / 2)
    assert await items(worklist, asking(view)) == [f"{one}-{name}" for name in shown]
    counted = (await worklist.counts(asking())).counts
    if view in counted:
        assert counted[view] == len(shown)


async def test_pages_of_a_merged_view_give_each_item_once(pool: Pool, worklist: WorkList, refer: Refer) -> None:
    one = await refer()
    expected = [
        await put(pool, one, f"{number}", due=HOUR, assignee=ME if number % 3 else None, state="open")
        for number in range(7)
    ]
    seen: list[str | None] = []
    cursor = None
    while True:
        page = await worklist.page(asking(), cursor, limit=2)
        seen += [row.item for row in page.items]
        if (cursor := page.cursor) is None:
            break
    assert seen == sorted(expected)
    with pytest.raises(BadCursor):
        await worklist.page(asking(), "nonsense")


async def test_work_is_narrowed_by_payer_stage_and_therapy(pool: Pool, worklist: WorkList, refer: Refer) -> None:
    one, other = await refer(), await refer(**{"order.therapy": "iron"})
    await put(pool, one, "a")
    iron = await put(pool, other, "b")
    await pool.execute("UPDATE referrals SET stage = 'authorization' WHERE id = $1", other)
    assert await items(worklist, asking(therapy="iron")) == [iron]
    assert await items(worklist, asking(stage="authorization")) == [iron]
    assert await items(worklist, asking(payer="nobody")) == []


async def test_a_row_says_what_the_work_is_about(pool: Pool, worklist: WorkList, refer: Refer) -> None:
    one = await refer(discharge_at="2026-03-04T15:00:00Z")
    await put(pool, one, "a")
    (row,) = (await worklist.page(asking())).items
    assert (row.initials, row.outline.therapy, row.discharge_at) == (
        "ZZ",
        "anti_infective",
        datetime(2026, 3, 4, 15, tzinfo=UTC),
    )
    assert row.number.startswith("FD-")
    await pool.execute("DELETE FROM referral_keys")
    (row,) = (await worklist.page(asking())).items
    assert (row.initials, row.discharge_at) == (None, None)


async def test_referrals_are_listed_by_whom_they_wait_for_and_by_what_ends(
    pool: Pool, worklist: WorkList, refer: Refer
) -> None:
    later, sooner, never = [await refer() for _ in range(3)]
    for one, due, end in ((later, 2, "2026-03-09"), (sooner, 1, _in_days(3)), (never, 3, "2999-01-01")):
        await pool.execute(
            "UPDATE referrals SET waiting_for = $2, next_due = $3, lines = $4 WHERE id = $1",
            one,
            ["payer"],
            NOW + due * HOUR,
            [{"sequence": 1, "kind": "drug", "code": "J0696", "place_of_service": "12", "units": 1, "state": "approved",
              "valid_to": end}],
        )  # fmt: skip
    waiting = await worklist.page(asking(WorkView.WAITING, waiting_for="payer"), limit=2)
    assert [row.referral_id for row in waiting.items] == [sooner, later]
    rest = await worklist.page(asking(WorkView.WAITING, waiting_for="payer"), waiting.cursor, limit=2)
    assert [row.referral_id for row in rest.items] == [never]
    assert (await worklist.page(asking(WorkView.WAITING, waiting_for="patient"))).items == ()
    expiring = await worklist.page(asking(WorkView.EXPIRING))
    assert {row.referral_id for row in expiring.items} == {later, sooner}
    assert (await worklist.counts(asking())).counts[WorkView.EXPIRING] == 2


def _in_days(days: int) -> str:
    return (NOW + timedelta(days=days)).date().isoformat()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Hernandez 1980-01-31", True),
        ("maria hernández 1/31/1980", True),
        ("Hernandez, 01/31/1980", True),
        ("Hernandez 1980-01-30", False),
        ("Hernandez", False),
        ("1980-01-31", False),
        ("(555) 010-0199", True),
        ("+1 555 010 0199", True),
        ("555 010", False),
        ("nsh0012-7", True),
        ("NSH", False),
        ("MRN-9", True),
        ("MRN", False),
        ("%", False),
    ],
)
async def test_a_caller_is_found_by_what_they_can_say(
    worklist: WorkList, refer: Refer, typed: str, found: bool
) -> None:
    await refer()
    one = await refer(
        **{
            "source_referral_id": "MRN-9",
            "patient.family_name": "Hernández",
            "patient.given_name": "Maria",
            "patient.birth_date": "1980-01-31",
            "patient.phones": ["555-010-0199"],
            "coverages[0].member_id": "NSH-00127",
        }
    )
    assert [row.referral_id for row in await worklist.find(typed)] == ([one] if found else [])


async def test_a_referral_is_found_by_its_number_and_the_beginning_of_its_id(worklist: WorkList, refer: Refer) -> None:
    one = await refer()
    (row,) = await worklist.find(one)
    assert (row.referral_id, row.item) == (one, None)
    assert [each.referral_id for each in await worklist.find(row.number.lower())] == [one]
    assert one in [each.referral_id for each in await worklist.find(one[:10])]


async def test_counts_stop_where_nobody_needs_to_know_more(pool: Pool, worklist: WorkList, referral_id: str) -> None:
    await pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, opened_at, due_at)"
        " SELECT n, $1, 'assess_patient', 'pharmacist', now(), now() FROM generate_series(1, 1200) AS n",
        referral_id,
    )
    assert (await worklist.counts(asking())).counts[WorkView.ROLE] == MOST_COUNTED + 1
