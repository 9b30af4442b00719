"""The desk judges an answer by the item and the time, before anything is stored."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from desk.http import actions
from firstdose.domain.work.role import Role
from tests.served_desk import ServedDesk, served_desk, settings_for


@pytest.fixture
async def desk(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServedDesk]:
    # Without a relay no outcome comes; nobody needs to wait for it.
    monkeypatch.setattr(actions, "PATIENCE", timedelta(milliseconds=20))
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        yield served


async def with_item(desk: ServedDesk, kind: str, role: str) -> tuple[str, str]:
    referral_id = await desk.refer()
    row = (f"{referral_id}-1", referral_id, kind, role)
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, opened_at, due_at) VALUES ($1, $2, $3, $4, now(), now())",
        *row,
    )
    return referral_id, row[0]


@pytest.mark.parametrize(
    ("kind", "role", "answer", "path", "why"),
    [
        (
            "confirm_visit",
            "nurse_coordinator",
            {"outcome": "accepted", "visit_at": "2020-01-01T10:00:00Z", "patient_confirmed": True},
            "visit_at",
            "possible after ",
        ),
        (
            "verify_benefits",
            "reimbursement_specialist",
            {"outcome": "answered", "benefits": {"status": "active", "channel": "pas"}},
            "benefits.channel",
            "the system sets this field",
        ),
    ],
)
async def test_an_answer_that_is_not_possible_is_refused_with_what_is(
    desk: ServedDesk, kind: str, role: str, answer: dict[str, Any], path: str, why: str
) -> None:
    _, item_id = await with_item(desk, kind, role)
    async with desk.as_staff(Role(role)) as somebody:
        refused = await somebody.post(f"/api/work-items/{item_id}/resolve", json=answer)
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["path"]) == (422, path)
    assert error["problem"].startswith(why)
    assert "2020-01-01" not in refused.text


async def test_an_answer_that_was_possible_is_known_again_by_its_key(desk: ServedDesk) -> None:
    _, item_id = await with_item(desk, "confirm_visit", "nurse_coordinator")
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    answer = {"outcome": "accepted", "visit_at": soon, "patient_confirmed": True}
    path, key = f"/api/work-items/{item_id}/resolve", {"idempotency-key": "once"}
    async with desk.as_staff(Role.NURSE_COORDINATOR) as coordinator:
        first = await coordinator.post(path, json=answer, headers=key)
        await desk.desk.pool.execute("UPDATE work_items SET state = 'resolved'")
        again = await coordinator.post(path, json=answer, headers=key)
    assert first.json()["message_id"] == again.json()["message_id"]


@pytest.mark.parametrize("state", ["resolved", "withdrawn", "claimed"])
async def test_a_key_of_its_own_answers_nothing_that_is_anothers_or_over(desk: ServedDesk, state: str) -> None:
    _, item_id = await with_item(desk, "find_assistance", "reimbursement_specialist")
    await desk.desk.pool.execute("UPDATE work_items SET state = $1, assignee = 'another' WHERE id = $2", state, item_id)
    path, key = f"/api/work-items/{item_id}/resolve", {"idempotency-key": "once"}
    async with desk.as_staff(Role.REIMBURSEMENT_SPECIALIST) as specialist:
        refused = await specialist.post(path, json={"outcome": "none"}, headers=key)
    assert refused.status_code == 409
    assert refused.json()["work_item"]["assignee"] == "another"
    assert await desk.desk.pool.fetchval("SELECT count(*) FROM messages WHERE kind = 'resolve_work_item'") == 0


async def test_a_nurse_whom_the_roster_does_not_know_is_named_at_once(desk: ServedDesk) -> None:
    _, item_id = await with_item(desk, "place_visit", "nurse_coordinator")
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    answer = {"outcome": "placed", "visit_at": soon, "patient_confirmed": True, "nurse": "rn-typo"}
    async with desk.as_staff(Role.NURSE_COORDINATOR) as coordinator:
        refused = await coordinator.post(f"/api/work-items/{item_id}/resolve", json=answer)
    assert refused.status_code == 422
    assert refused.json()["errors"] == [{"path": "nurse", "problem": "the roster has no nurse of this id"}]
    assert "rn-typo" not in refused.text
