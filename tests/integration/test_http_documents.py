"""Documents, questions and possible duplicates over the API: who sees them, how they come, and who saw them."""

from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from desk.http import actions
from firstdose.adapters.postgres.pool import Pool
from firstdose.domain.work.role import Role
from tests.served_desk import ServedDesk, received, served_desk, settings_for

FAX: Final = b"%PDF-1.7 a synthetic fax"
TITLE: Final = "CANARY-Hernandez order"


@pytest.fixture
async def desk(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServedDesk]:
    monkeypatch.setattr(actions, "PATIENCE", timedelta(milliseconds=20))
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        yield served


def document(content: bytes = FAX, content_type: str | None = "application/pdf") -> dict[str, Any]:
    return {"content_type": content_type, "title": TITLE, "data": b64encode(content).decode()}


async def fax(desk: ServedDesk, *documents: dict[str, Any]) -> str:
    """The id of a referral that is only documents."""
    message = received()
    message["data"] = {"source_referral_id": message["data"]["source_referral_id"], "documents": [*documents]}
    answer = await desk.send(message)
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    return str(answer.json()["referral_id"])


async def audited(pool: Pool, referral_id: str) -> list[tuple[str, str, Any]]:
    wanted = ("documents_listed", "document_opened", "item_facts_read")
    rows = await pool.fetch(
        "SELECT actor, action, details FROM audit WHERE chain = $1 AND action = ANY ($2) ORDER BY seq",
        referral_id,
        wanted,
    )
    return [(row["actor"], row["action"], row["details"]) for row in rows]


async def with_item(pool: Pool, referral_id: str, kind: str, role: str, **asks: Any) -> str:
    await pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, asks, opened_at, due_at)"
        " VALUES ($1, $2, $3, $4, $5, now(), now())",
        f"{referral_id}-{kind}-1",
        referral_id,
        kind,
        role,
        asks,
    )
    return f"{referral_id}-{kind}-1"


async def test_a_fax_is_taken_listed_and_opened(desk: ServedDesk, pool: Pool) -> None:
    elsewhere = {"url": "https://records.example/1"}
    referral_id = await fax(desk, document(), elsewhere, {"kind": "lab_result"})
    async with desk.as_staff(Role.INTAKE_COORDINATOR, subject="ann") as staff:
        listed = (await staff.get(f"/api/referrals/{referral_id}/documents")).json()
        opened = await staff.get(f"/api/referrals/{referral_id}/documents/1")
        why = (await staff.get(f"/api/referrals/{referral_id}/why")).json()
        refused = [(await staff.get(f"/api/referrals/{referral_id}/documents/{n}")).status_code for n in (2, 3, 4, 0)]
    assert [(one["number"], one["kind"], one["held"], one["size"]) for one in listed] == [
        (1, "other", "content", len(FAX)),
        (2, "other", "address", None),
        (3, "lab_result", "nothing", None),
    ]
    assert (listed[0]["title"], listed[1]["url"]) == (TITLE, elsewhere["url"])
    assert "data" not in listed[0]
    assert opened.content == FAX
    assert set(why["missing"]) == {"contact", "eligibility", "authorization", "dispatch"}
    assert refused == [409, 404, 404, 422]
    assert await audited(pool, referral_id) == [
        ("staff:ann", "documents_listed", {"documents": 3}),
        ("staff:ann", "document_opened", {"document": 1, "kind": "other", "size": len(FAX)}),
    ]


@pytest.mark.parametrize(
    ("told", "comes_as", "shown"),
    [
        ("application/pdf", "application/pdf", 'inline; filename="document-1.pdf"'),
        ("IMAGE/PNG; x=1", "image/png", 'inline; filename="document-1.png"'),
        ("text/plain; charset=latin-1", "text/plain; charset=utf-8", 'inline; filename="document-1.txt"'),
        ("text/html", "application/octet-stream", 'attachment; filename="document-1.bin"'),
        ("image/svg+xml", "application/octet-stream", 'attachment; filename="document-1.bin"'),
        ("application/xhtml+xml", "application/octet-stream", 'attachment; filename="document-1.bin"'),
        ("image/png\r\nset-cookie: a=b", "application/octet-stream", 'attachment; filename="document-1.bin"'),
        (None, "application/octet-stream", 'attachment; filename="document-1.bin"'),
    ],
)
async def test_what_a_stranger_sent_can_do_no_harm(
    desk: ServedDesk, told: str | None, comes_as: str, shown: str
) -> None:
    referral_id = await fax(desk, document(b"<script>alert(1)</script>", told))
    async with desk.as_staff(Role.NURSE) as staff:
        headers = (await staff.get(f"/api/referrals/{referral_id}/documents/1")).headers
    assert (headers["content-type"], headers["content-disposition"]) == (comes_as, shown)
    assert headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")
    assert "set-cookie" not in headers


@pytest.mark.parametrize("path", ["documents", "documents/1"])
async def test_an_auditor_opens_nothing(desk: ServedDesk, pool: Pool, path: str) -> None:
    referral_id = await fax(desk, document())
    async with desk.as_staff(Role.AUDITOR) as auditor:
        answer = await auditor.get(f"/api/referrals/{referral_id}/{path}")
    assert answer.status_code == 403
    assert TITLE not in answer.text
    assert await audited(pool, referral_id) == []


@pytest.mark.parametrize("path", ["documents", "documents/1"])
async def test_what_was_shredded_or_never_was_is_not_there(desk: ServedDesk, pool: Pool, path: str) -> None:
    referral_id = await fax(desk, document())
    await pool.execute("DELETE FROM referral_keys WHERE referral_id = $1", referral_id)
    async with desk.as_staff(Role.NURSE) as staff:
        for each in (referral_id, "0190d0d0-0000-7000-8000-00000000000f"):
            assert (await staff.get(f"/api/referrals/{each}/{path}")).status_code == 404


UNCLEAR: Final = {"order": {"drug": {"name": "Ceftriaxone"}, "frequency": "CANARY now and then"}}


async def test_a_question_is_shown_to_whoever_must_answer(desk: ServedDesk, pool: Pool) -> None:
    referral_id = await desk.refer(**UNCLEAR)
    item = await with_item(
        pool, referral_id, "complete_referral", "intake_coordinator", missing=["order.frequency", "order.dose"]
    )
    elsewhere = await with_item(pool, referral_id, "contact_patient", "customer_service")
    async with desk.as_staff(Role.INTAKE_COORDINATOR, subject="ann") as staff, desk.as_staff(Role.AUDITOR) as auditor:
        asked = (await staff.get(f"/api/work-items/{item}")).json()["shown"]["questions"]
        whole = (await staff.get(f"/api/referrals/{referral_id}")).json()["questions"]
        other = (await staff.get(f"/api/work-items/{elsewhere}")).json()["shown"]
        hidden = [
            (await auditor.get(path)).text for path in (f"/api/work-items/{item}", f"/api/referrals/{referral_id}")
        ]
    assert (
        asked
        == whole
        == [
            {
                "path": "order.frequency",
                "fact": "frequency of the order",
                "reason": "not_understood",
                "meaning": "What the message says cannot be read.",
                "values": ["CANARY now and then"],
            }
        ]
    )
    assert other == {"questions": [], "alike": [], "wanted": [], "remarks": []}
    assert not any("CANARY" in text for text in hidden)
    assert await audited(pool, referral_id) == [("staff:ann", "item_facts_read", {"item": item})]


@pytest.mark.parametrize("facts", [{"order.frequency": "q8h"}, {"patient.email": None}])
async def test_a_fact_is_answered_with_a_value_or_with_none(desk: ServedDesk, pool: Pool, facts: Any) -> None:
    referral_id = await desk.refer(**UNCLEAR)
    item = await with_item(pool, referral_id, "complete_referral", "intake_coordinator", missing=["order.frequency"])
    async with desk.as_staff(Role.INTAKE_COORDINATOR) as staff:
        answer = await staff.post(f"/api/work-items/{item}/resolve", json={"outcome": "supplied", "facts": facts})
    assert answer.status_code == 202


async def test_two_that_may_be_the_same_order_are_shown_side_by_side(desk: ServedDesk, pool: Pool) -> None:
    order = {"drug": {"name": "Ceftriaxone"}, "requested_start": "2026-12-03"}
    one = await desk.refer(source_referral_id="R-ONE", order=order)
    two = await desk.refer(source_referral_id="R-TWO", order=order)
    item = await with_item(
        pool, two, "reconcile", "intake_coordinator", reason="possible_duplicate", other=one, options=["duplicate"]
    )
    async with desk.as_staff(Role.INTAKE_COORDINATOR, subject="ann") as staff, desk.as_staff(Role.AUDITOR) as auditor:
        alike = (await staff.get(f"/api/work-items/{item}")).json()["shown"]["alike"]
        hidden = (await auditor.get(f"/api/work-items/{item}")).json()["shown"]["alike"]
    assert [(each["referral_id"], each["number"], each["drugs"], each["requested_start"]) for each in alike] == [
        (two, "R-TWO", ["Ceftriaxone"], "2026-12-03"),
        (one, "R-ONE", ["Ceftriaxone"], "2026-12-03"),
    ]
    assert hidden == []
    for each in (one, two):
        assert await audited(pool, each) == [("staff:ann", "item_facts_read", {"item": item})]
