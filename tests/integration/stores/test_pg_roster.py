"""The roster: the right nurses, the least busy first, and never two patients at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.staff.imports import Importer, ImportReport
from firstdose.adapters.postgres.staff.roster import APART, PostgresRoster
from firstdose.domain.care.visit import HeldVisit, Visit, VisitProblem
from firstdose.ports import EffectRequest, Impossible, NurseSearch, VisitHold

AT = datetime(2026, 3, 4, 14, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BUSY = VisitProblem.NURSE_HAS_ANOTHER_VISIT

Actions = Callable[[str], Awaitable[list[str]]]
Refer = Callable[..., Awaitable[str]]
UntilWaiting = Callable[..., Awaitable[None]]


def nurse(name: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "skills": ["anti_infective"], "states": ["OH"], **more}


def hold(referral_id: str, key: str, nurse: str | None = "rn-1", at: datetime = AT) -> VisitHold:
    return VisitHold(referral_id=referral_id, key=key, visit=Visit(visit_at=at, nurse=nurse))


@pytest.fixture
async def roster(pool: Pool, vault: Vault, audit: AuditTrail) -> PostgresRoster:
    roster = PostgresRoster(pool, vault, audit)
    await roster.import_nurses([nurse("rn-1"), nurse("rn-2", position=-1), nurse("rn-3", position=5)])
    return roster


async def found(roster: PostgresRoster, referral_id: str, limit: int = 9) -> tuple[str, ...]:
    return await roster.find(NurseSearch(referral_id=referral_id, key="k", limit=limit))


async def test_the_least_busy_come_first_then_the_pharmacys_order(
    roster: PostgresRoster, referral_id: str, refer: Refer
) -> None:
    assert await found(roster, referral_id) == ("rn-2", "rn-1", "rn-3")
    assert await found(roster, referral_id, limit=2) == ("rn-2", "rn-1")
    await roster.hold(hold(await refer(), "k1", "rn-2"))
    assert await found(roster, referral_id) == ("rn-1", "rn-3", "rn-2")
    await roster.release(EffectRequest(referral_id=referral_id, key="k1"))
    assert await found(roster, referral_id) == ("rn-2", "rn-1", "rn-3")


async def test_one_nurse_is_looked_at_again(roster: PostgresRoster, referral_id: str) -> None:
    async def fit(nurse_id: str) -> tuple[str, ...]:
        return await roster.find(NurseSearch(referral_id=referral_id, key="k", limit=1, only=nurse_id))

    assert [await fit("rn-1"), await fit("rn-3"), await fit("rn-4")] == [("rn-1",), ("rn-3",), ()]
    await roster.import_nurses([nurse("rn-3", active=False)])
    assert await fit("rn-3") == ()


async def test_only_nurses_with_skill_license_and_area_who_are_there(
    pool: Pool, vault: Vault, audit: AuditTrail, referral_id: str, refer: Refer
) -> None:
    roster = PostgresRoster(pool, vault, audit)
    await roster.import_nurses(
        [
            nurse("rn-skill", skills=["iron"]),
            nurse("rn-state", states=["IN"]),
            nurse("rn-away", active=False),
            nurse("rn-far", areas=["430", "45"]),
            nurse("rn-near", areas=["450", "441"]),
        ]
    )
    assert await found(roster, referral_id) == ("rn-near",)
    assert await found(roster, await refer(**{"patient.address.postal_code": None})) == ()
    assert await found(roster, await refer(**{"patient.address.state": None})) == ()
    assert await found(roster, await refer(**{"order.therapy": None})) == ()


async def test_a_nurse_is_not_held_for_two_patients_too_close_to_each_other(
    roster: PostgresRoster, referral_id: str, refer: Refer
) -> None:
    other = await refer()
    assert (await roster.hold(hold(referral_id, "k1"))).held
    assert (await roster.hold(hold(other, "k2", at=AT + APART - MINUTE))).problem is BUSY
    assert (await roster.hold(hold(other, "k3", at=AT - APART + MINUTE))).problem is BUSY
    assert (await roster.hold(hold(other, "k4", at=AT + APART))).held
    assert (await roster.hold(hold(other, "k5", "rn-2"))).held
    assert (await roster.hold(hold(other, "k6", None))).held, "a visit in the suite holds nobody"


async def test_a_visit_of_the_same_patient_may_move(roster: PostgresRoster, referral_id: str) -> None:
    assert (await roster.hold(hold(referral_id, "k1"))).held
    assert (await roster.hold(hold(referral_id, "k2", at=AT + 30 * MINUTE))).held


async def test_a_hold_is_made_once_per_key(pool: Pool, roster: PostgresRoster, referral_id: str) -> None:
    assert [await roster.hold(hold(referral_id, "k1")) for _ in range(3)] == [HeldVisit(held=True)] * 3
    assert await pool.fetchval("SELECT count(*) FROM visit_holds") == 1
    with pytest.raises(Impossible, match="key_holds_another_visit"):
        await roster.hold(hold(referral_id, "k1", at=AT + 5 * APART))


async def test_what_was_released_is_free_for_others_and_gone_for_its_key(
    roster: PostgresRoster, referral_id: str, refer: Refer
) -> None:
    await roster.hold(hold(referral_id, "k1"))
    for _ in range(2):
        await roster.release(EffectRequest(referral_id=referral_id, key="k1"))
    await roster.release(EffectRequest(referral_id=referral_id, key="never"))
    assert (await roster.hold(hold(await refer(), "k2"))).held
    assert await roster.hold(hold(referral_id, "k1")) == HeldVisit(held=False)


async def test_of_twenty_patients_at_once_one_gets_the_nurse(pool: Pool, roster: PostgresRoster, refer: Refer) -> None:
    patients = [await refer() for _ in range(20)]
    holds = [hold(each, f"k-{each}", at=AT + number * MINUTE) for number, each in enumerate(patients)]
    assert sum(made.held for made in await asyncio.gather(*(roster.hold(each) for each in holds))) == 1
    assert await pool.fetchval("SELECT count(*) FROM visit_holds") == 1


async def test_a_hold_sees_what_was_held_while_it_waited(
    pool: Pool, roster: PostgresRoster, referral_id: str, refer: Refer, until_waiting: UntilWaiting
) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM nurses WHERE id = 'rn-1' FOR NO KEY UPDATE")
        late = asyncio.create_task(roster.hold(hold(await refer(), "k2")))
        await until_waiting(late)
        await connection.execute("INSERT INTO visit_holds VALUES ('k1', $1, 'rn-1', $2)", referral_id, AT)
    assert (await late).problem is BUSY


async def test_a_nurse_who_is_not_on_the_roster_or_away_is_not_held(roster: PostgresRoster, referral_id: str) -> None:
    assert (await roster.hold(hold(referral_id, "k1", "rn-9"))).problem is VisitProblem.UNKNOWN_NURSE
    with pytest.raises(Impossible, match="unknown_referral"):
        await roster.hold(hold(new_id(), "k1"))
    await roster.import_nurses([nurse("rn-1", active=False)])
    assert (await roster.hold(hold(referral_id, "k1"))).problem is VisitProblem.NURSE_AWAY


async def test_an_import_counts_what_it_changed_and_refuses_bad_rows(roster: PostgresRoster) -> None:
    same, changed = nurse("rn-1"), nurse("rn-2", position=7)
    assert await roster.import_nurses([same, changed]) == ImportReport(changed=1, unchanged=1)
    report = await roster.import_nurses([nurse("rn-1", skills=["magic"]), nurse("rn-5", states=["Nowhere"]), same])
    assert [problem.line for problem in report.problems] == [1, 2]
    assert await roster.import_nurses([nurse("rn-2", states=["Ohio"], position=7)]) == ImportReport(unchanged=1)
    assert not any("magic" in problem.problem.split("Input should be")[0] for problem in report.problems)


async def test_what_is_held_and_released_is_audited_once(
    pool: Pool, roster: PostgresRoster, audit: AuditTrail, referral_id: str, actions: Actions
) -> None:
    for _ in range(2):
        await roster.hold(hold(referral_id, "k1"))
    for _ in range(2):
        await roster.release(EffectRequest(referral_id=referral_id, key="k1"))
    assert await actions(referral_id) == ["received", "visit.held", "visit.released"]
    details = await pool.fetch("SELECT details FROM audit WHERE action LIKE 'visit.%'")
    assert [row["details"] for row in details] == [{"nurse": "rn-1", "visit_at": AT.isoformat(), "key": "k1"}] * 2
    assert (await audit.verify(pool)).intact


async def test_an_import_is_audited_with_the_file_and_what_it_changed(
    pool: Pool, roster: PostgresRoster, audit: AuditTrail
) -> None:
    by = Importer(audit, actor="operator:1000", sha256="ab" * 32)
    await roster.import_nurses([nurse("rn-1", login="user-3"), nurse("rn-2", position=-1)], by)
    await roster.import_nurses([nurse("rn-1", skills=["magic"])], by)
    [record] = await pool.fetch("SELECT actor, action, details FROM audit WHERE chain = 'system'")
    assert (record["actor"], record["action"]) == ("operator:1000", "nurses_imported")
    assert record["details"] == {"sha256": "ab" * 32, "changed": 1, "unchanged": 1}
    assert await pool.fetchval("SELECT login FROM nurses WHERE id = 'rn-1'") == "user-3"


async def test_a_license_holds_to_its_last_day(roster: PostgresRoster, referral_id: str) -> None:
    await roster.import_nurses(
        [
            nurse("rn-1", states=[], licenses={"OH": AT.date().isoformat()}),
            nurse("rn-2", licenses={"OH": (AT - timedelta(days=1)).date().isoformat()}),
            nurse("rn-3", licenses={"IN": "2020-01-01"}),
        ]
    )
    on_the_day = NurseSearch(referral_id=referral_id, key="k", limit=9, day=AT.date())
    assert set(await roster.find(on_the_day)) == {"rn-1", "rn-3"}
    assert (await roster.hold(hold(referral_id, "k1"))).held
    tomorrow = hold(referral_id, "k2", at=AT + timedelta(days=1))
    over = HeldVisit(held=False, problem=VisitProblem.LICENSE_OVER_BY_VISIT, possible_to=AT.date())
    assert await roster.hold(tomorrow) == over
    assert (await roster.hold(hold(referral_id, "k3", "rn-2"))).problem is VisitProblem.LICENSE_OVER_BY_VISIT
    assert (await roster.hold(hold(referral_id, "k4", "rn-3"))).held, "a license without a day has no known end"


async def test_without_a_day_the_license_must_hold_today(roster: PostgresRoster, referral_id: str) -> None:
    today = datetime.now(UTC).date()
    expiry = {"rn-1": today, "rn-2": today - timedelta(days=2)}
    await roster.import_nurses([nurse(name, licenses={"OH": str(day)}) for name, day in expiry.items()])
    assert set(await found(roster, referral_id)) == {"rn-1", "rn-3"}


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"skills": ["iron"]}, VisitProblem.NURSE_LACKS_SKILL),
        ({"states": ["IN"]}, VisitProblem.NURSE_NOT_LICENSED),
        ({"areas": ["430"]}, VisitProblem.NURSE_NOT_IN_AREA),
        ({"areas": ["441"]}, None),
    ],
)
async def test_a_nurse_whom_a_person_names_is_judged_by_the_roster(
    roster: PostgresRoster, referral_id: str, more: dict[str, Any], problem: VisitProblem | None
) -> None:
    await roster.import_nurses([nurse("rn-4", **more)])
    assert (await roster.hold(hold(referral_id, "k1", "rn-4"))).problem is problem


async def test_what_is_held_stays_held_when_it_is_asked_again(roster: PostgresRoster, referral_id: str) -> None:
    await roster.hold(hold(referral_id, "k1"))
    await roster.import_nurses([nurse("rn-1", active=False)])
    assert (await roster.hold(hold(referral_id, "k1"))).held


async def test_a_csv_row_holds_several_values_in_a_cell(roster: PostgresRoster, referral_id: str) -> None:
    cells = {"id": "rn-5", "skills": "iron anti_infective", "licenses": "OH:2027-04-30 IN:2026-12-31", "areas": ""}
    assert await roster.import_nurses([cells]) == ImportReport(changed=1)
    assert await roster.import_nurses([cells]) == ImportReport(unchanged=1)
    assert "rn-5" in await found(roster, referral_id)
    assert (await roster.import_nurses([{**cells, "licenses": "OH:soon"}])).problems
    assert (await roster.import_nurses([{"id": "rn-6", "skills": "iron"}])).problems


@pytest.mark.parametrize("nurse", ["rn-1", None])
async def test_no_visit_is_held_before_the_day_that_the_order_says(
    roster: PostgresRoster, refer: Refer, nurse: str | None
) -> None:
    referral_id = await refer(**{"order.requested_start": str(AT.date())})
    early = await roster.hold(hold(referral_id, "k1", nurse, at=AT - timedelta(days=1)))
    assert early == HeldVisit(held=False, problem=VisitProblem.BEFORE_ORDERED_START, possible_from=AT.date())
    assert (await roster.hold(hold(referral_id, "k2", nurse))).held
