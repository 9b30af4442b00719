"""What a payer sent instead of an answer, as the person sees it who has to look."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from firstdose.domain.work.role import Role
from firstdose.payer_ports import Contact, ContactPurpose
from tests.served_desk import ServedDesk, served_desk, settings_for

PAGE = b"<html><body>We are upgrading our system. Hernandez, 1961-07-23</body></html>"
SHOWN = "<html><body>xx are upgrading our system. xxxxxxxxx, 9999-99-99</body></html>"


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        yield served


@pytest.fixture
async def referral_id(desk: ServedDesk) -> str:
    """A referral whose payer answered with a page for people, twice."""
    referral_id = await desk.refer()
    for body in (b"<p>", PAGE):
        contact = Contact(
            id=str(uuid4()),
            referral_id=referral_id,
            payer="summit",
            purpose=ContactPurpose.AUTHORIZATION,
            trace=uuid4().hex,
            created_at=datetime.now(UTC),
        )
        await desk.desk.contacts.begin(contact)
        await desk.desk.contacts.keep_unreadable(contact.id, body)
    return referral_id


async def seen(desk: ServedDesk, referral_id: str, **asks: Any) -> Any:
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, opened_at, due_at, asks) "
        "VALUES ($1, $2, 'submit_authorization', 'reimbursement_specialist', now(), now(), $3)",
        f"{referral_id}-1",
        referral_id,
        asks,
    )
    async with desk.as_staff(Role.REIMBURSEMENT_SPECIALIST) as staff:
        answer = await staff.get(f"/api/work-items/{referral_id}-1")
    assert answer.status_code == 200
    assert "Hernandez" not in answer.text
    return answer.json()["unreadable"]


@pytest.mark.parametrize("problem", ["unreadable_answer", "payer_refused_request"])
async def test_the_newest_is_shown_masked(desk: ServedDesk, referral_id: str, problem: str) -> None:
    shown = await seen(desk, referral_id, problem=problem)
    assert (shown["excerpt"], shown["bytes"]) == (SHOWN, len(PAGE))
    assert datetime.fromisoformat(shown["at"]) <= datetime.now(UTC)


@pytest.mark.parametrize("asks", [{}, {"problem": None}, {"problem": "payer_timed_out"}])
async def test_items_of_other_problems_show_none(desk: ServedDesk, referral_id: str, asks: dict[str, Any]) -> None:
    assert await seen(desk, referral_id, **asks) is None


async def test_where_nothing_came_nothing_is_shown(desk: ServedDesk) -> None:
    assert await seen(desk, await desk.refer(), problem="unreadable_answer") is None
