"""The same person does a role's work for a referral, unless away."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.staff.staff import StaffDirectory
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import WorkItem, WorkItemKind

AT = datetime(2026, 3, 4, 14, tzinfo=UTC)
LATER = AT + timedelta(days=1)


@pytest.fixture
def staff(pool: Pool) -> StaffDirectory:
    return StaffDirectory(pool)


async def member(pool: Pool, staff: StaffDirectory, referral_id: str, role: Role = Role.NURSE) -> str | None:
    async with pool.acquire() as connection:
        return await staff.team_member(connection, referral_id, role)


async def test_nobody_there_is_nobody(pool: Pool, staff: StaffDirectory, referral_id: str) -> None:
    await staff.seen("pharmacist", [Role.PHARMACIST])
    assert await member(pool, staff, referral_id) is None


async def test_the_same_person_stays_and_work_is_spread(pool: Pool, staff: StaffDirectory, refer: Any) -> None:
    await staff.seen("nurse-1", [Role.NURSE])
    await staff.seen("nurse-2", [Role.NURSE, Role.SUPERVISOR])
    referrals = [await refer() for _ in range(4)]
    chosen = [await member(pool, staff, referral_id) for referral_id in referrals]
    assert sorted(filter(None, chosen)) == ["nurse-1", "nurse-1", "nurse-2", "nurse-2"]
    assert [await member(pool, staff, referral_id) for referral_id in referrals] == chosen


async def test_closed_referrals_are_no_load(pool: Pool, staff: StaffDirectory, refer: Any, referral_id: str) -> None:
    await staff.seen("nurse-1", [Role.NURSE])
    assert await member(pool, staff, referral_id) == "nurse-1"
    await staff.seen("nurse-2", [Role.NURSE])
    await pool.execute("UPDATE referrals SET stage = 'closed'")
    assert await member(pool, staff, await refer()) == "nurse-1"


async def test_somebody_takes_over_from_who_is_away_and_stays(
    pool: Pool, staff: StaffDirectory, referral_id: str
) -> None:
    await staff.seen("nurse-1", [Role.NURSE])
    await staff.seen("nurse-2", [Role.NURSE])
    assert await member(pool, staff, referral_id) == "nurse-1"
    await staff.set_absent("nurse-1", absent=True)
    assert await member(pool, staff, referral_id) == "nurse-2"
    await staff.set_absent("nurse-1", absent=False)
    assert await member(pool, staff, referral_id) == "nurse-2"


async def test_who_is_away_gets_nothing_even_when_nobody_else_is_there(
    pool: Pool, staff: StaffDirectory, referral_id: str
) -> None:
    await staff.seen("nurse-1", [Role.NURSE])
    await staff.set_absent("nurse-1", absent=True)
    assert await member(pool, staff, referral_id) is None


async def test_who_lost_the_role_loses_the_work(pool: Pool, staff: StaffDirectory, referral_id: str) -> None:
    await staff.seen("nurse-1", [Role.NURSE])
    await staff.seen("nurse-2", [Role.NURSE])
    assert await member(pool, staff, referral_id) == "nurse-1"
    await staff.seen("nurse-1", [Role.PHARMACIST])
    assert await member(pool, staff, referral_id) == "nurse-2"


async def test_who_is_seen_again_with_the_same_roles_is_not_written_again(pool: Pool, staff: StaffDirectory) -> None:
    await staff.seen("nurse-1", [Role.NURSE])
    await pool.execute("DELETE FROM staff")
    await staff.seen("nurse-1", [Role.NURSE])
    assert await pool.fetchval("SELECT count(*) FROM staff") == 0
    await staff.seen("nurse-1", [Role.NURSE, Role.SUPERVISOR])
    assert await pool.fetchval("SELECT roles FROM staff") == ["nurse", "supervisor"]


async def test_an_offer_and_the_report_of_a_visit_are_its_nurses(
    pool: Pool, staff: StaffDirectory, referral_id: str
) -> None:
    await staff.seen("on-the-team", [Role.NURSE])
    await pool.execute(
        "INSERT INTO nurses (id, skills, states, login)"
        " VALUES ('rn-1', '{}', '{}', 'visiting'), ('rn-2', '{}', '{}', NULL)"
    )

    async def owner(kind: WorkItemKind, offered_to: str | None = None) -> str | None:
        item = WorkItem(id=f"{referral_id}-1", kind=kind, opened_at=AT, due_at=AT, offered_to=offered_to)
        async with pool.acquire() as connection:
            return await staff.owner(connection, referral_id, item)

    assert await owner(WorkItemKind.CONFIRM_VISIT, "rn-1") == "visiting"
    assert await owner(WorkItemKind.CONFIRM_VISIT, "rn-2") is None
    assert await owner(WorkItemKind.REPORT_VISIT) == "on-the-team"
    await pool.execute(
        "INSERT INTO visit_holds VALUES ('k1', $1, 'rn-2', $3, $2), ('k2', $1, 'rn-1', $2, NULL)",
        referral_id,
        AT,
        LATER,
    )
    assert await owner(WorkItemKind.REPORT_VISIT) == "visiting"
    await pool.execute("UPDATE visit_holds SET nurse = 'rn-2'")
    assert await owner(WorkItemKind.REPORT_VISIT) == "on-the-team"


async def test_nobody_unknown_can_be_away(staff: StaffDirectory) -> None:
    with pytest.raises(LookupError):
        await staff.set_absent("stranger", absent=True)
