"""Webhooks over a real socket: what senders are answered, and what is stored for them."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx2
import pytest

from firstdose.adapters.payers.webhook_secret import webhook_secret
from firstdose.adapters.postgres.messages.messages import Messages
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import Contact, ContactPurpose
from firstdose.ports import Unavailable
from tests.served_desk import ServedDesk, received, served_desk, settings_for

CANARY: Final = "CANARY-Hernandez"
OTHER_SECRET: Final = "whsec_" + "B" * 32
PAYER: Final = {"id": "summit", "name": "Summit Health", "authorization": "pas", "base_url": "http://127.0.0.1:9/fhir"}
REVIEW: Final = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewAction"


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        await served.desk.payers.import_payers([PAYER])
        yield served


def refused(answer: httpx2.Response, status: int) -> Any:
    """The problem, which never says what was sent."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert CANARY not in answer.text
    return answer.json()


async def test_a_referral_is_taken_while_temporal_is_away(desk: ServedDesk, pool: Pool) -> None:
    answer = await desk.send(received())
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    stored = await pool.fetch("SELECT kind FROM messages WHERE referral_id = $1", answer.json()["referral_id"])
    assert [row["kind"] for row in stored] == ["start"]


async def test_the_same_referral_again_is_a_duplicate_under_any_webhook_id(desk: ServedDesk) -> None:
    message = received()
    answers = [await desk.send(message, webhook_id=name) for name in ("a", "a", "b")]
    assert [answer.json()["status"] for answer in answers] == ["accepted", "duplicate", "duplicate"]
    assert len({answer.json()["referral_id"] for answer in answers}) == 1


async def test_the_same_webhook_id_with_another_body_is_refused(desk: ServedDesk) -> None:
    await desk.send(received(), webhook_id="a")
    refused(await desk.send(received(), webhook_id="a"), 409)


@pytest.mark.parametrize(
    "how",
    [
        {"source": "unknown"},
        {"secret": OTHER_SECRET},
        {"sent_at": datetime.now(UTC) - timedelta(minutes=6)},
    ],
)
async def test_who_is_not_proven_is_refused(desk: ServedDesk, how: dict[str, Any]) -> None:
    refused(await desk.send(received(), **how), 401)


@pytest.mark.parametrize(
    ("message", "content_type", "status"),
    [
        (b"{" + CANARY.encode(), "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (CANARY.encode(), "application/hl7-v2", 400),
        (CANARY.encode(), "application/fhir+json", 400),
        (CANARY.encode(), "text/plain", 415),
        (b"{}", "", 415),
        (b"x" * (1024 * 1024 + 1), "application/json", 413),
    ],
)
async def test_what_cannot_be_read_is_refused(desk: ServedDesk, message: bytes, content_type: str, status: int) -> None:
    refused(await desk.send(message, content_type=content_type), status)


async def test_impossible_values_are_named_by_path_and_not_repeated(desk: ServedDesk) -> None:
    problem = refused(await desk.send(received(prescriber={"npi": CANARY}, order={"therapy": CANARY})), 422)
    assert {each["path"] for each in problem["errors"]} == {"data.prescriber.npi", "data.order.therapy"}


async def test_the_end_of_an_unknown_referral_is_refused(desk: ServedDesk) -> None:
    message = {"type": "referral.cancelled", "data": {"source_referral_id": CANARY, "reason": "withdrawn"}}
    refused(await desk.send(message), 422)


async def notify(desk: ServedDesk, body: object, *, secret: str | None = None) -> httpx2.Response:
    secret = webhook_secret(desk.desk.keyring, "summit") if secret is None else secret
    headers = {"authorization": f"Bearer {secret}", "content-type": "application/fhir+json"}
    return await desk.post("/webhooks/payers/summit/pas", json.dumps(body).encode(), headers)


def notification(kind: str, *resources: dict[str, Any], event: int | None = None) -> dict[str, Any]:
    told: list[dict[str, Any]] = [{"name": "type", "valueCode": kind}]
    if event is not None:
        number = {"name": "event-number", "valueString": str(event)}
        told.append({"name": "subscription", "valueReference": {"reference": "Subscription/1"}})
        told.append({"name": "notification-event", "part": [number]})
    status = {"resourceType": "Parameters", "parameter": told}
    return {"resourceType": "Bundle", "type": "history", "entry": [{"resource": each} for each in (status, *resources)]}


def decision(trace: str, code: str = "A1") -> dict[str, Any]:
    coded = {"coding": [{"system": "https://codesystem.x12.org/005010/306", "code": code}]}
    action = {"url": REVIEW, "extension": [{"url": f"{REVIEW}Code", "valueCodeableConcept": coded}]}
    return {
        "resourceType": "ClaimResponse",
        "status": "active",
        "request": {"identifier": {"value": trace}},
        "item": [{"itemSequence": 1, "adjudication": [{"extension": [action]}]}],
    }


async def test_a_payer_that_sends_no_header_has_its_secret_in_the_address(desk: ServedDesk) -> None:
    told, headers = json.dumps(notification("handshake")).encode(), {"content-type": "application/fhir+json"}
    for payer, status in {"summit": 200, "another": 401}.items():
        secret = webhook_secret(desk.desk.keyring, payer)
        response = await desk.post(f"/webhooks/payers/summit/pas/{secret}", told, headers)
        assert response.status_code == status
        assert secret not in response.text


@pytest.mark.parametrize("secret", ["x", "0" * 64])
async def test_a_payer_without_its_secret_is_refused(desk: ServedDesk, secret: str) -> None:
    refused(await notify(desk, notification("handshake"), secret=secret), 401)


async def test_a_secret_is_good_for_one_payer_alone(desk: ServedDesk) -> None:
    secret = webhook_secret(desk.desk.keyring, "another")
    refused(await notify(desk, notification("handshake"), secret=secret), 401)


async def test_a_handshake_is_answered(desk: ServedDesk) -> None:
    assert (await notify(desk, notification("handshake"))).status_code == 200


async def test_what_is_no_notification_is_refused(desk: ServedDesk) -> None:
    refused(await notify(desk, {"resourceType": CANARY}), 400)


@pytest.fixture
async def contact(desk: ServedDesk) -> Contact:
    """A request that the payer has."""
    asked = Contact(
        id=str(uuid4()),
        referral_id=await desk.refer(),
        payer="summit",
        purpose=ContactPurpose.AUTHORIZATION,
        trace=f"T{uuid4().hex}",
        created_at=datetime.now(UTC),
    )
    return await desk.desk.contacts.begin(asked)


async def told(desk: ServedDesk, contact: Contact, code: str, event: int | None = None) -> None:
    body = notification("event-notification", decision(contact.trace, code), event=event)
    assert (await notify(desk, body)).status_code == 200


async def stands(desk: ServedDesk, contact: Contact) -> list[str]:
    answer = await desk.desk.contacts.latest_answer(contact.id)
    return [line.state for line in answer.lines] if answer else []


async def heard_by_workflow(pool: Pool) -> list[Any]:
    return [row["body"] for row in await pool.fetch("SELECT body FROM messages WHERE kind = 'payer_answered'")]


@pytest.mark.parametrize("event", [None, 7])
async def test_an_answer_is_kept_and_the_workflow_is_told_once(
    desk: ServedDesk, pool: Pool, contact: Contact, event: int | None
) -> None:
    for _ in range(2):
        await told(desk, contact, "A1", event)
    assert await heard_by_workflow(pool) == [{"contact_id": contact.id}]
    assert await stands(desk, contact) == ["approved"]


async def test_an_event_that_comes_again_after_another_undoes_nothing(desk: ServedDesk, contact: Contact) -> None:
    for code, event in (("CT", 1), ("A3", 2), ("CT", 1)):
        await told(desk, contact, code, event)
    assert await stands(desk, contact) == ["denied"]


async def test_news_is_heard_although_the_payer_counts_anew(desk: ServedDesk, pool: Pool, contact: Contact) -> None:
    for code, event in (("A4", 1), ("A1", 1)):
        await told(desk, contact, code, event)
    assert await stands(desk, contact) == ["approved"]
    assert len(await heard_by_workflow(pool)) == 2
    actions = await pool.fetch("SELECT action FROM audit WHERE chain = $1", contact.referral_id)
    assert "payer_contact.event_number_used_before" in {row["action"] for row in actions}


async def test_a_crash_before_the_workflow_is_told_loses_nothing(
    desk: ServedDesk, pool: Pool, contact: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dies(*_: object, **__: object) -> None:
        raise Unavailable(ProblemCode.DATABASE_UNAVAILABLE)

    body = notification("event-notification", decision(contact.trace), event=1)
    with monkeypatch.context() as dying:
        dying.setattr(Messages, "post", dies)
        refused(await notify(desk, body), 503)
    assert (await stands(desk, contact), await heard_by_workflow(pool)) == (["approved"], [])
    assert (await notify(desk, body)).status_code == 200
    assert await heard_by_workflow(pool) == [{"contact_id": contact.id}]


async def test_an_answer_for_a_shredded_referral_is_audited(desk: ServedDesk, pool: Pool, contact: Contact) -> None:
    async with transaction(pool) as connection:
        await desk.desk.vault.shred(connection, contact.referral_id)
    await told(desk, contact, "A1", 1)
    actions = await pool.fetch("SELECT action FROM audit WHERE chain = 'system'")
    assert [row["action"] for row in actions] == ["payer_notification_shredded"]
    assert (await stands(desk, contact), await heard_by_workflow(pool)) == ([], [])


async def test_an_answer_to_nothing_of_ours_is_audited(desk: ServedDesk, pool: Pool) -> None:
    assert (await notify(desk, notification("event-notification", decision("T-unknown")))).status_code == 200
    actions = await pool.fetch("SELECT action FROM audit WHERE chain = 'system'")
    assert [row["action"] for row in actions] == ["payer_notification_unmatched"]
