"""The orders of the worklist, page by page, and what its rows say of holds, calls and units."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.paging import BadCursor
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.staff.work_list import WorkList
from firstdose.adapters.postgres.staff.work_views import HoldShown, WorkQuery, WorkSort, WorkView
from firstdose.domain.work.role import Role

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)

Refer = Callable[..., Awaitable[str]]


@pytest.fixture
def worklist(pool: Pool, vault: Vault) -> WorkList:
    return WorkList(pool, vault, attempts=5)


def asking(**more: Any) -> WorkQuery:
    asked = {"reader": "user-1", "roles": {Role.PHARMACIST}, "day_ends": NOW + 12 * HOUR, **more}
    return WorkQuery.model_validate(asked)


async def put(
    pool: Pool, referral_id: str, name: str, *, due: int = 1, opened: int = 0, kind: str = "assess_patient", **more: Any
) -> str:
    """`due` and `opened` in hours from now."""
    await pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, assignee, opened_at, due_at, asks)"
        " VALUES ($1, $2, $3, 'pharmacist', $4, $5, $6, $7)",
        f"{referral_id}-{name}",
        referral_id,
        kind,
        more.get("assignee"),
        NOW + opened * HOUR,
        NOW + due * HOUR,
        more.get("asks", {}),
    )
    return f"{referral_id}-{name}"


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        (WorkSort.DUE, ["stat", "urgent", "early", "late"]),
        (WorkSort.DUE_LAST, ["late", "early", "urgent", "stat"]),
        (WorkSort.AGE, ["late", "urgent", "stat", "early"]),
        (WorkSort.URGENCY, ["stat", "urgent", "early", "late"]),
    ],
)
@pytest.mark.parametrize("view", [WorkView.START, WorkView.ROLE, WorkView.ALL])
async def test_work_is_in_the_order_that_was_asked_for(
    pool: Pool, worklist: WorkList, refer: Refer, view: WorkView, sort: WorkSort, order: list[str]
) -> None:
    routine, urgent, stat = await refer(), await refer(urgency="urgent"), await refer(urgency="stat")
    found = {
        await put(pool, routine, "early", due=3, opened=0): "early",
        await put(pool, routine, "late", due=4, opened=-9, assignee="user-1"): "late",
        await put(pool, urgent, "urgent", due=2, opened=-8): "urgent",
        await put(pool, stat, "stat", due=1, opened=-7, assignee="user-1"): "stat",
    }
    page = await worklist.page(asking(view=view, sort=sort))
    assert [found[str(row.item)] for row in page.items] == order


@pytest.mark.parametrize("sort", WorkSort)
async def test_pages_of_each_order_give_each_item_once(
    pool: Pool, worklist: WorkList, refer: Refer, sort: WorkSort
) -> None:
    """Also where several have the same due time, and one of another urgency lies between two pages."""
    referrals = [await refer(urgency=urgency) for urgency in ("routine", "urgent", "stat")]
    items = [
        await put(pool, referrals[number % 3], str(number), due=number % 2, assignee="user-1" if number % 4 else None)
        for number in range(11)
    ]
    seen: list[str | None] = []
    cursor = None
    for _ in items:
        page = await worklist.page(asking(sort=sort), cursor, limit=2)
        seen += [row.item for row in page.items]
        if (cursor := page.cursor) is None:
            break
    assert sorted(map(str, seen)) == sorted(items)
    whole = await worklist.page(asking(sort=sort))
    assert seen == [row.item for row in whole.items]


async def test_a_cursor_of_another_order_is_refused(pool: Pool, worklist: WorkList, refer: Refer) -> None:
    one = await refer()
    for number in range(3):
        await put(pool, one, str(number))
    cursor = (await worklist.page(asking(), limit=1)).cursor
    with pytest.raises(BadCursor):
        await worklist.page(asking(sort="urgency"), cursor)


async def test_open_work_follows_the_urgency_of_its_referral(pool: Pool, worklist: WorkList, refer: Refer) -> None:
    first, second = await refer(), await refer()
    await put(pool, first, "a", due=1)
    raised = await put(pool, second, "b", due=2)
    await pool.execute('UPDATE referrals SET outline = outline || \'{"urgency": "stat"}\' WHERE id = $1', second)
    page = await worklist.page(asking(sort="urgency"))
    assert page.items[0].item == raised


async def test_a_row_says_why_it_is_on_hold_and_until_when(pool: Pool, worklist: WorkList, refer: Refer) -> None:
    one = await refer()
    await put(pool, one, "a")
    for seq, (action, reason) in enumerate((("held", "supply"), ("resumed", "x"), ("held", "hospitalized")), start=100):
        await pool.execute(
            "INSERT INTO audit (chain, seq, at, actor, action, details, mac) VALUES ($1, $2, now(), 'x', $3, $4, '')",
            one,
            seq,
            action,
            {"reason": reason, "until": "2026-12-24T15:00:00Z"},
        )
    (row,) = (await worklist.page(asking())).items
    assert row.hold is None
    await pool.execute("UPDATE referrals SET on_hold = true")
    (row,) = (await worklist.page(asking())).items
    assert row.hold == HoldShown.model_validate({"reason": "hospitalized", "until": "2026-12-24T15:00:00Z"})


async def test_a_row_says_which_call_to_the_patient_it_is(pool: Pool, worklist: WorkList, refer: Refer) -> None:
    one = await refer()
    await put(pool, one, "a", kind="contact_patient", asks={"attempt": 2})
    await put(pool, one, "b", due=2, asks={"attempt": 2})
    call, other = (await worklist.page(asking())).items
    assert (call.attempt, call.attempts) == (2, 5)
    assert (other.attempt, other.attempts) == (None, None)


async def test_a_row_says_how_many_units_are_left(pool: Pool, worklist: WorkList, refer: Refer) -> None:
    one = await refer()
    await put(pool, one, "a")
    line = {"kind": "drug", "place_of_service": "12", "units": 9, "state": "approved"}
    lines = [
        {**line, "sequence": 1, "code": "J0696", "authorized_units": 40},
        {**line, "sequence": 2, "code": "J1644", "authorized_units": 12},
        {**line, "sequence": 3, "code": "S9500", "kind": "per_diem", "authorized_units": 1},
        {**line, "sequence": 4, "code": "J2785", "state": "denied", "authorized_units": 0},
    ]
    await pool.execute("UPDATE referrals SET lines = $2 WHERE id = $1", one, lines)
    (row,) = (await worklist.page(asking())).items
    assert row.authorized is not None
    assert (row.authorized.code, row.authorized.units) == ("J1644", 12)
