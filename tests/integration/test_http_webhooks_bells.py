"""Notifications that carry no answer, over a real socket: what waits at that payer is asked about at once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import orjson
import pytest

from firstdose.adapters.payers.subscribing import KnownSubscription
from firstdose.adapters.payers.webhook_secret import webhook_secret
from firstdose.adapters.postgres.payers.subscriptions import PostgresSubscriptions
from firstdose.adapters.postgres.pool import Pool
from firstdose.domain.authorization.answer_match import Named
from firstdose.domain.authorization.lines import LineAnswer, LineState, PayerAnswer
from firstdose.domain.payer.channel import Channel
from firstdose.payer_ports import Contact, ContactPurpose, ReceivedAnswer, Via
from tests.served_desk import ServedDesk, served_desk, settings_for

PAYERS: Final = [
    {"id": payer, "name": payer, "authorization": "pas", "base_url": "http://127.0.0.1:9/fhir"}
    for payer in ("summit", "valley")
]
AT: Final = datetime(2026, 3, 2, tzinfo=UTC)
EVENT: Final = [
    {"name": "event-number", "valueString": "1"},
    {"name": "focus", "valueReference": {"reference": "https://payer.example/fhir/ClaimResponse/r1"}},
]


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        await served.desk.payers.import_payers(PAYERS)
        yield served


@pytest.fixture
async def ours(desk: ServedDesk, pool: Pool) -> PostgresSubscriptions:
    subscriptions = PostgresSubscriptions(pool, desk.desk.audit)
    await subscriptions.registered("summit", "ours", "https://desk.example/hook", "orgIdentifier", AT, None)
    return subscriptions


async def asked(desk: ServedDesk, payer: str = "summit", *, says: LineState | None = None) -> Contact:
    """A request that the payer has, and what it said to it."""
    intended = Contact(
        id=str(uuid4()),
        referral_id=await desk.refer(),
        payer=payer,
        purpose=ContactPurpose.AUTHORIZATION,
        trace=uuid4().hex,
        created_at=datetime.now(UTC),
    )
    contact = await desk.desk.contacts.begin(intended)
    await desk.desk.contacts.mark_attempted(contact, Channel.PAS)
    if says:
        answer = PayerAnswer(lines=(LineAnswer(sequence=1, state=says),), received_at=datetime.now(UTC))
        named = Named(requests=frozenset([contact.trace]))
        received = ReceivedAnswer(raw=b"{}", named=named, answer=answer)
        await desk.desk.contacts.keep_answer(contact.id, Via.RESPONSE, received)
    return contact


async def rings(desk: ServedDesk, kind: str = "event-notification", *more: dict[str, Any]) -> None:
    """`more` are parameters of the status."""
    status = {"resourceType": "Parameters", "parameter": [{"name": "type", "valueCode": kind}, *more]}
    body = {"resourceType": "Bundle", "type": "history", "entry": [{"resource": status}]}
    secret = webhook_secret(desk.desk.keyring, "summit")
    headers = {"authorization": f"Bearer {secret}", "content-type": "application/fhir+json"}
    answer = await desk.post("/webhooks/payers/summit/pas", orjson.dumps(body), headers)
    assert (answer.status_code, answer.json()) == (200, {"received": 0})


def standing(status: str, name: str) -> tuple[dict[str, Any], ...]:
    reference = {"reference": f"https://payer.example/fhir/Subscription/{name}"}
    return {"name": "status", "valueCode": status}, {"name": "subscription", "valueReference": reference}


async def asked_about(pool: Pool) -> list[str]:
    rows = [row["body"] for row in await pool.fetch("SELECT body FROM messages WHERE kind = 'payer_answered'")]
    assert all(row["ask"] for row in rows)
    return sorted(row["contact_id"] for row in rows)


async def noted(pool: Pool) -> list[str]:
    return [row["action"] for row in await pool.fetch("SELECT action FROM audit WHERE chain = 'system' ORDER BY seq")]


@pytest.mark.parametrize("more", [[{"name": "notification-event", "part": EVENT}], []], ids=["ids only", "empty"])
async def test_what_waits_at_that_payer_is_asked_about_and_nothing_else(
    desk: ServedDesk, pool: Pool, more: list[dict[str, Any]]
) -> None:
    waiting = [await asked(desk, says=says) for says in (None, LineState.PENDED, LineState.INFO_REQUESTED)]
    await asked(desk, says=LineState.APPROVED)
    await asked(desk, "valley", says=LineState.PENDED)
    await rings(desk, "event-notification", *more)
    assert await asked_about(pool) == sorted(contact.id for contact in waiting)
    assert await noted(pool) == ["payer_notification_without_answer"]


async def test_a_referral_that_has_ended_is_not_asked_about(desk: ServedDesk, pool: Pool) -> None:
    contact = await asked(desk, says=LineState.PENDED)
    await pool.execute("UPDATE referrals SET stage = 'closed' WHERE id = $1", contact.referral_id)
    await rings(desk)
    assert await asked_about(pool) == []


@pytest.mark.parametrize("kind", ["handshake", "heartbeat"])
async def test_a_handshake_is_no_news(desk: ServedDesk, pool: Pool, kind: str) -> None:
    await asked(desk, says=LineState.PENDED)
    await rings(desk, kind, *standing("active", "ours"))
    assert await asked_about(pool) == []


@pytest.mark.parametrize("status", ["error", "off"])
@pytest.mark.parametrize("kind", ["event-notification", "heartbeat"])
async def test_a_subscription_that_ended_is_lost_and_what_waits_is_asked_about(
    desk: ServedDesk, pool: Pool, ours: PostgresSubscriptions, status: str, kind: str
) -> None:
    waiting = await asked(desk, says=LineState.PENDED)
    await rings(desk, kind, *standing(status, "ours"))
    known = await ours.known("summit")
    assert known == KnownSubscription("ours", "https://desk.example/hook", "orgIdentifier", AT, AT, lost=True)
    assert await asked_about(pool) == [waiting.id]
    assert await noted(pool) == ["payer_subscription_lost"]


async def test_the_end_of_one_that_we_replaced_is_no_loss(desk: ServedDesk, ours: PostgresSubscriptions) -> None:
    await rings(desk, "event-notification", *standing("off", "former"))
    known = await ours.known("summit")
    assert known is not None
    assert not known.lost
