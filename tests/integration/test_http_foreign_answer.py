"""A payer's notification about another patient: kept apart, told to people, and no line of ours changes."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from prometheus_client import REGISTRY

from desk.delivery.run import count_once
from firstdose.adapters.payers.webhook_secret import webhook_secret
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.domain.work.role import Role
from firstdose.payer_ports import Contact, ContactPurpose
from tests.integration.test_http_webhooks import PAYER, decision, notification
from tests.served_desk import ServedDesk, served_desk, settings_for

OURS, THEIRS = "W-123456", "W-654321"
CANARY = "Zkanarivogel"
MB = {"coding": [{"code": "MB"}]}
PATIENT: dict[str, Any] = {"family_name": "Sample", "given_name": "Avery", "birth_date": "1961-04-17"}
SHAPES = ["nested", "inlined", "flattened"]


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        await served.desk.payers.import_payers([PAYER])
        yield served


@pytest.fixture
async def contact(desk: ServedDesk) -> Contact:
    """A request for a patient whom we know well."""
    coverage = {"payer": {"id": "summit"}, "member_id": OURS}
    asked = Contact(
        id=str(uuid4()),
        referral_id=await desk.refer(patient=PATIENT, coverages=[coverage]),
        payer="summit",
        purpose=ContactPurpose.AUTHORIZATION,
        trace=uuid4().hex,
        created_at=datetime.now(UTC),
    )
    return await desk.desk.contacts.begin(asked)


def told(contact: Contact, shape: str, patient: dict[str, Any], event: int | None = None) -> dict[str, Any]:
    response = {"resource": {**decision(contact.trace), "patient": {"reference": "urn:uuid:p"}}}
    about = {"fullUrl": "urn:uuid:p", "resource": {"resourceType": "Patient", **patient}}
    body = notification("event-notification", event=event)
    if shape == "inlined":
        body["entry"][0]["resource"]["parameter"].append(
            {"name": "subscription", "resource": {"resourceType": "Subscription", "id": "1"}}
        )
    if shape == "flattened":
        body["entry"] += [response, about]
    else:
        body["entry"].append({"resource": {"resourceType": "Bundle", "entry": [response, about]}})
    return body


def member(number: str, **said: Any) -> dict[str, Any]:
    return {"identifier": [{"type": MB, "value": number}], **said}


ANOTHER = member(THEIRS, name=[{"family": CANARY, "given": ["Other"]}], birthDate="1959-09-02")


async def notify(desk: ServedDesk, body: object) -> httpx2.Response:
    headers = {"authorization": f"Bearer {webhook_secret(desk.desk.keyring, 'summit')}"}
    return await desk.post("/webhooks/payers/summit/pas", json.dumps(body).encode(), headers)


async def heard(pool: Pool) -> list[Any]:
    return [row["body"] for row in await pool.fetch("SELECT body FROM messages WHERE kind = 'payer_answered'")]


async def audited(pool: Pool, contact: Contact) -> list[str]:
    rows = await pool.fetch("SELECT action FROM audit WHERE chain = $1", contact.referral_id)
    return [row["action"] for row in rows if row["action"].startswith("payer_contact.")]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("event", [None, 7])
async def test_an_answer_about_another_is_kept_apart_and_told(
    desk: ServedDesk, pool: Pool, contact: Contact, shape: str, event: int | None
) -> None:
    for _ in range(2):
        answer = await notify(desk, told(contact, shape, ANOTHER, event))
        assert (answer.status_code, answer.json()) == (200, {"received": 1}), "as if it were ours"
    assert await desk.desk.contacts.latest_answer(contact.id) is None
    assert await heard(pool) == [{"contact_id": contact.id, "refused": "answer_for_another_patient"}]
    assert await audited(pool, contact) == ["payer_contact.begun", "payer_contact.foreign_answer"]
    assert await pool.fetchval("SELECT count(*) FROM payer_events") == 0


@pytest.mark.parametrize("shape", SHAPES)
async def test_ours_still_counts_after_it(desk: ServedDesk, pool: Pool, contact: Contact, shape: str) -> None:
    await notify(desk, told(contact, shape, ANOTHER, 7))
    await notify(desk, told(contact, shape, member(OURS, birthDate="1961-04-17"), 7))
    answer = await desk.desk.contacts.latest_answer(contact.id)
    assert answer is not None
    assert [line.state for line in answer.lines] == ["approved"]
    assert len(await heard(pool)) == 2


async def test_nothing_of_the_other_patient_can_be_read(desk: ServedDesk, pool: Pool, contact: Contact) -> None:
    await notify(desk, told(contact, "nested", ANOTHER))
    tables = await pool.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    for table in tables:
        for row in await pool.fetch(f'SELECT t::text AS shown FROM "{table["tablename"]}" t'):  # noqa: S608
            assert CANARY not in row["shown"]
            assert THEIRS not in row["shown"]
    assert (
        await pool.fetchval("SELECT count(*) FROM payer_unreadable WHERE problem = 'answer_for_another_patient'") == 1
    )


async def test_a_person_sees_that_it_came_and_not_what(desk: ServedDesk, pool: Pool, contact: Contact) -> None:
    await notify(desk, told(contact, "nested", ANOTHER))
    await pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, opened_at, due_at, asks) "
        "VALUES ('1', $1, 'follow_up_payer', 'reimbursement_specialist', now(), now(), $2)",
        contact.referral_id,
        {"problem": "answer_for_another_patient"},
    )
    async with desk.as_staff(Role.REIMBURSEMENT_SPECIALIST) as staff:
        shown = (await staff.get("/api/work-items/1")).json()["unreadable"]
        timeline = (await staff.get(f"/api/referrals/{contact.referral_id}/timeline")).text
    assert (shown["problem"], shown["excerpt"]) == ("answer_for_another_patient", "")
    assert shown["bytes"] > 100
    assert "payer_contact.foreign_answer" in timeline
    assert CANARY not in timeline


async def test_it_is_counted(desk: ServedDesk, contact: Contact) -> None:
    await notify(desk, told(contact, "nested", ANOTHER))
    await count_once(desk.desk)
    name, labels = "firstdose_payer_answers_refused", {"problem": "answer_for_another_patient"}
    assert REGISTRY.get_sample_value(name, labels) == 1
    assert REGISTRY.get_sample_value(name, {"problem": "answer_for_another_request"}) == 0


async def test_an_answer_about_another_for_a_shredded_referral_is_audited(
    desk: ServedDesk, pool: Pool, contact: Contact
) -> None:
    async with transaction(pool) as connection:
        await desk.desk.vault.shred(connection, contact.referral_id)
    assert (await notify(desk, told(contact, "nested", ANOTHER))).status_code == 200
    actions = await pool.fetch("SELECT action FROM audit WHERE chain = 'system'")
    assert "payer_notification_shredded" in {row["action"] for row in actions}
    assert await heard(pool) == []
