"""Reading a patient's facts: by a part in the referral, by break-glass for an hour, and by nobody else."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.pool import Pool
from firstdose.domain.work.role import Role
from firstdose.payer_ports import Contact, ContactPurpose
from tests.served_desk import ServedDesk, served_desk, settings_for

CANARY: Final = "CANARY-Hernandez"
PATIENT: Final = {
    "family_name": CANARY,
    "phones": ["555 CANARY"],
    "address": {"line": ["1 CANARY Street"], "city": "Peoria", "state": "IL", "postal_code": "61602"},
}
ORDER: Final = {"drug": {"name": "ceftriaxone"}, "duration_days": 14, "requested_start": "2026-12-01"}


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        await served.desk.pool.execute(
            "INSERT INTO nurses (id, skills, states, login) VALUES"
            " ('rn-1', '{}', '{}', 'test-nurse'), ('rn-2', '{}', '{}', 'stranger')"
        )
        yield served


@pytest.fixture
async def referral_id(desk: ServedDesk) -> str:
    return await desk.refer(patient=PATIENT, order=ORDER)


async def put(pool: Pool, referral_id: str, kind: str, role: str, **more: Any) -> str:
    item_id = f"{referral_id}-{kind}-1"
    await pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, state, assignee, offered_to, asks, opened_at, due_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now(), now())",
        item_id,
        referral_id,
        kind,
        role,
        more.get("state", "open"),
        more.get("assignee"),
        more.get("offered_to"),
        more.get("asks", {}),
    )
    return item_id


async def reads(desk: ServedDesk, referral_id: str, role: Role, subject: str | None = None) -> bool:
    async with desk.as_staff(role, subject=subject) as person:
        answer = await person.get(f"/api/referrals/{referral_id}")
    assert (CANARY in answer.text) is (answer.status_code == 200)
    return answer.status_code == 200


async def test_at_first_only_supervisors_read(desk: ServedDesk, referral_id: str) -> None:
    working = [role for role in Role if role is not Role.AUDITOR]
    assert [role for role in working if await reads(desk, referral_id, role)] == [Role.SUPERVISOR]


@pytest.mark.parametrize("state", ["open", "claimed", "resolved", "withdrawn"])
async def test_a_role_with_an_item_open_or_past_reads(
    desk: ServedDesk, pool: Pool, referral_id: str, state: str
) -> None:
    await put(pool, referral_id, "assess_patient", "pharmacist", state=state)
    assert await reads(desk, referral_id, Role.PHARMACIST)
    assert not await reads(desk, referral_id, Role.REIMBURSEMENT_SPECIALIST)
    assert not await reads(desk, await desk.refer(patient=PATIENT), Role.PHARMACIST)


async def test_the_team_and_whose_an_item_was_read(desk: ServedDesk, pool: Pool, referral_id: str) -> None:
    await put(pool, referral_id, "assess_patient", "pharmacist", assignee="rosa")
    await pool.execute("INSERT INTO teams VALUES ($1, 'reimbursement_specialist', 'max')", referral_id)
    for subject in ("rosa", "max"):
        assert await reads(desk, referral_id, Role.CUSTOMER_SERVICE, subject)
    assert not await reads(desk, referral_id, Role.CUSTOMER_SERVICE, "somebody")


async def test_a_nurse_reads_once_the_visit_is_held_and_a_stranger_never(
    desk: ServedDesk, pool: Pool, referral_id: str
) -> None:
    await put(pool, referral_id, "confirm_visit", "nurse", offered_to="rn-1", assignee="test-nurse")
    assert not await reads(desk, referral_id, Role.NURSE)
    held = "INSERT INTO visit_holds (key, referral_id, nurse, visit_at) VALUES ('k1', $1, 'rn-1', now())"
    await pool.execute(held, referral_id)
    assert await reads(desk, referral_id, Role.NURSE)
    assert not await reads(desk, referral_id, Role.NURSE, "stranger")
    await pool.execute("UPDATE visit_holds SET released_at = now()")
    assert not await reads(desk, referral_id, Role.NURSE)
    await put(pool, referral_id, "report_visit", "nurse", offered_to="rn-1", state="resolved")
    assert await reads(desk, referral_id, Role.NURSE)
    assert not await reads(desk, referral_id, Role.NURSE, "stranger")


async def test_an_offer_shows_what_a_nurse_decides_by_and_no_name(
    desk: ServedDesk, pool: Pool, referral_id: str
) -> None:
    item_id = await put(pool, referral_id, "confirm_visit", "nurse", offered_to="rn-1")
    async with desk.as_staff(Role.NURSE) as nurse, desk.as_staff(Role.NURSE, subject="stranger") as stranger:
        shown, hidden = [await person.get(f"/api/work-items/{item_id}") for person in (nurse, stranger)]
    assert shown.json()["shown"]["offer"] == {
        "area": "Peoria, IL 616",
        "drugs": ["ceftriaxone"],
        "duration_days": 14,
        "requested_start": "2026-12-01",
        "discharge_at": None,
    }
    assert "CANARY" not in shown.text
    assert hidden.json()["shown"]["offer"] is None


async def test_every_door_to_facts_is_closed_and_says_how_it_opens(
    desk: ServedDesk, pool: Pool, referral_id: str
) -> None:
    contact = new_id()
    await desk.desk.contacts.begin(
        Contact(
            id=contact,
            referral_id=referral_id,
            payer="summit",
            purpose=ContactPurpose.AUTHORIZATION,
            trace="T1",
            created_at=datetime.now(UTC),
        )
    )
    one = f"/api/referrals/{referral_id}"
    doors = [one, f"{one}/timeline", f"{one}/documents", f"{one}/documents/1", f"/api/payer-answers/{contact}"]
    async with desk.as_staff(Role.CUSTOMER_SERVICE) as stranger:
        for door in doors:
            answer = await stranger.get(door)
            assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json"), door
            assert "CANARY" not in answer.text
            assert answer.json()["break_glass"]["path"] == f"{one}/break-glass"
            assert "break-glass" in answer.json()["detail"]
        assert (await stranger.get(f"{one}/why")).status_code == 200
        assert CANARY not in (await stranger.get("/api/referrals")).text
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE chain = $1 AND action LIKE '%read%'", referral_id) == 0


async def test_a_guessed_id_reads_nothing(desk: ServedDesk) -> None:
    for role in Role:
        async with desk.as_staff(role) as person:
            for path in ("", "/timeline", "/documents", "/documents/1"):
                answer = await person.get(f"/api/referrals/{uuid4()}{path}")
                assert answer.status_code in (403, 404)
            assert (await person.get(f"/api/payer-answers/{uuid4()}")).status_code in (403, 404)


async def test_questions_of_an_item_are_not_shown_to_who_has_no_part(
    desk: ServedDesk, pool: Pool, referral_id: str
) -> None:
    item_id = await put(pool, referral_id, "complete_referral", "intake_coordinator")
    async with desk.as_staff(Role.REIMBURSEMENT_SPECIALIST) as stranger:
        answer = await stranger.get(f"/api/work-items/{item_id}")
    assert answer.status_code == 200
    assert (answer.json()["shown"]["questions"], answer.json()["unreadable"]) == ([], None)


async def test_who_breaks_the_glass_reads_for_an_hour_and_is_audited(
    desk: ServedDesk, pool: Pool, referral_id: str
) -> None:
    path, said = f"/api/referrals/{referral_id}/break-glass", {"reason": "patient_called", "note": f"{CANARY} called"}
    async with desk.as_staff(Role.CUSTOMER_SERVICE, subject="rosa") as rosa:
        granted = await rosa.post(path, json=said)
    assert granted.status_code == 200
    lasts = datetime.fromisoformat(granted.json()["until"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < lasts <= timedelta(minutes=60)
    assert await reads(desk, referral_id, Role.CUSTOMER_SERVICE, "rosa")
    assert not await reads(desk, referral_id, Role.CUSTOMER_SERVICE, "max")
    assert not await reads(desk, await desk.refer(patient=PATIENT), Role.CUSTOMER_SERVICE, "rosa")

    [row] = await pool.fetch(
        "SELECT actor, details FROM audit WHERE chain = $1 AND action = 'break_glass'", referral_id
    )
    assert (row["actor"], row["details"]["reason"]) == ("staff:rosa", "patient_called")
    assert row["details"]["roles"] == ["customer_service"]
    assert CANARY not in str(row["details"])
    assert CANARY.encode() not in await pool.fetchval("SELECT sealed FROM break_glass")
    async with desk.as_staff(Role.SUPERVISOR) as supervisor:
        entries = (await supervisor.get(f"/api/referrals/{referral_id}/timeline")).json()
    assert [each["note"] for each in entries if each["what"] == "break_glass"] == [f"{CANARY} called"]


async def test_a_grant_ends_after_60_minutes_by_the_databases_time(
    desk: ServedDesk, pool: Pool, referral_id: str
) -> None:
    async with desk.as_staff(Role.NURSE) as nurse:
        await nurse.post(f"/api/referrals/{referral_id}/break-glass", json={"reason": "emergency"})
    assert await pool.fetchval("SELECT ends_at - granted_at FROM break_glass") == timedelta(minutes=60)
    earlier = "UPDATE break_glass SET granted_at = granted_at - $1::interval, ends_at = ends_at - $1::interval"
    await pool.execute(earlier, timedelta(minutes=59))
    assert await reads(desk, referral_id, Role.NURSE)
    await pool.execute(earlier, timedelta(minutes=1))
    assert not await reads(desk, referral_id, Role.NURSE)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "reason"),
        ({"reason": "curiosity"}, "reason"),
        ({"reason": "other"}, ""),
        ({"reason": "emergency", "note": ""}, "note"),
        ({"reason": "emergency", "minutes": 600}, "<unknown field>"),
    ],
)
async def test_the_glass_is_not_broken_without_a_reason(
    desk: ServedDesk, referral_id: str, body: dict[str, Any], path: str
) -> None:
    async with desk.as_staff(Role.CUSTOMER_SERVICE) as person:
        answer = await person.post(f"/api/referrals/{referral_id}/break-glass", json=body)
    assert (answer.status_code, [each["path"] for each in answer.json()["errors"]]) == (422, [path])
    assert not await reads(desk, referral_id, Role.CUSTOMER_SERVICE)


async def test_an_auditor_breaks_no_glass_and_what_is_not_there_is_not_found(
    desk: ServedDesk, referral_id: str
) -> None:
    async with desk.as_staff(Role.AUDITOR) as auditor, desk.as_staff(Role.PHARMACIST) as pharmacist:
        refused = await auditor.post(f"/api/referrals/{referral_id}/break-glass", json={"reason": "emergency"})
        missing = await pharmacist.post(f"/api/referrals/{uuid4()}/break-glass", json={"reason": "emergency"})
    assert (refused.status_code, missing.status_code) == (403, 404)
