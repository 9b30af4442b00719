"""Deliveries on their way out: signed, tried again by the schedule, given up, or only logged where nobody listens."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from desk.delivery.outbox import SCHEDULE, OutboxRelay, Sender, Senders
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.notify.webhook import SignedWebhook
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.outbox import Outbox, OutboxMessage
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.webhooks import WebhookVerifier
from firstdose.ports import Unavailable
from firstdose.settings import Settings
from tests.served_desk import SECRET, served

NOW: Final = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
BODY: Final = {"type": "referral.milestone", "data": {"business_status": "2.0"}}


class Receiver:
    """A source's own server: answers with the statuses in turn, then 200, and keeps what it got."""

    def __init__(self, *statuses: int, retry_after: str | None = None) -> None:
        self._statuses = list(statuses)
        self._headers = {"retry-after": retry_after} if retry_after else {}
        self.got: list[tuple[bytes, dict[str, str]]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        self.got.append((await request.body(), dict(request.headers)))
        status = self._statuses.pop(0) if self._statuses else 200
        await Response(status_code=status, headers=self._headers)(scope, receive, send)


@asynccontextmanager
async def relay_to(
    pool: Pool, keyring: Keyring, receiver: Receiver | None, clock: Callable[[], datetime] = lambda: NOW
) -> AsyncIterator[OutboxRelay]:
    async with httpx2.AsyncClient() as client:
        if receiver is None:
            yield OutboxRelay(pool, Outbox(Vault(keyring), AuditTrail(keyring)), Senders(Settings(), client), now=clock)
            return
        async with served(receiver) as url:
            told: dict[str, Any] = {"sources": {"mercy": SECRET}, "source_callbacks": {"mercy": f"{url}/hook"}}
            senders = Senders(Settings.model_validate(told), client)
            yield OutboxRelay(pool, Outbox(Vault(keyring), AuditTrail(keyring)), senders, now=clock)


async def put(pool: Pool, keyring: Keyring, referral_id: str, *, channel: str = "source") -> None:
    async with pool.acquire() as connection, connection.transaction():
        await Outbox(Vault(keyring), AuditTrail(keyring)).put(
            connection,
            key=f"{referral_id}:{channel}",
            referral_id=referral_id,
            channel=channel,
            recipient="mercy",
            body=BODY,
            at=NOW,
        )


async def deliver_due(relay: OutboxRelay) -> OutboxMessage:
    [delivery] = await relay.claim(10)
    await relay.deliver(delivery)
    return delivery


async def stands(pool: Pool) -> dict[str, Any]:
    [row] = await pool.fetch("SELECT state, last_problem, next_attempt_at FROM outbox")
    return dict(row)


async def test_a_receiver_that_fails_first_gets_the_same_signed_message_again(
    pool: Pool, keyring: Keyring, referral_id: str
) -> None:
    clock, receiver = [datetime.now(UTC)], Receiver(500, 302)
    await put(pool, keyring, referral_id)
    async with relay_to(pool, keyring, receiver, lambda: clock[0]) as relay:
        for wait in (*SCHEDULE[1:3], timedelta(0)):
            delivery = await deliver_due(relay)
            assert await relay.claim(10) == []
            clock[0] += wait
    assert (await stands(pool))["state"] == "delivered"
    assert [headers["webhook-id"] for _, headers in receiver.got] == [delivery.id] * 3
    body, headers = receiver.got[0]
    proven = WebhookVerifier([SECRET]).verify(body, headers, now=datetime.now(UTC))
    assert proven.message_id == delivery.id


async def test_a_receiver_that_is_gone_is_not_asked_again(pool: Pool, keyring: Keyring, referral_id: str) -> None:
    await put(pool, keyring, referral_id)
    async with relay_to(pool, keyring, Receiver(410)) as relay:
        await deliver_due(relay)
    found = await stands(pool)
    assert (found["state"], found["last_problem"]) == ("failed", "receiver_gone")


async def test_a_receiver_says_when_to_come_again(pool: Pool, keyring: Keyring, referral_id: str) -> None:
    await put(pool, keyring, referral_id)
    async with relay_to(pool, keyring, Receiver(503, retry_after="7200")) as relay:
        await deliver_due(relay)
    assert (await stands(pool))["next_attempt_at"] == NOW + timedelta(hours=2)


async def test_after_the_whole_schedule_it_is_given_up(pool: Pool, keyring: Keyring, referral_id: str) -> None:
    clock, receiver = [NOW], Receiver(*[500] * 20)
    await put(pool, keyring, referral_id)
    async with relay_to(pool, keyring, receiver, lambda: clock[0]) as relay:
        for _ in SCHEDULE:
            await deliver_due(relay)
            clock[0] += timedelta(hours=24)
        assert await relay.claim(10) == []
    assert (await stands(pool))["state"] == "failed"
    assert clock[0] - NOW == timedelta(hours=24) * 10
    assert len(receiver.got) == 10
    assert sum(SCHEDULE, timedelta()) == timedelta(hours=75, minutes=35, seconds=5)


async def test_what_a_sender_cannot_handle_is_given_up_as_well(pool: Pool, keyring: Keyring, referral_id: str) -> None:
    class Broken(Senders):
        def of(self, delivery: OutboxMessage) -> Sender:
            raise KeyError("to")

    clock = [NOW]
    await put(pool, keyring, referral_id)
    async with httpx2.AsyncClient() as client:
        outbox = Outbox(Vault(keyring), AuditTrail(keyring))
        relay = OutboxRelay(pool, outbox, Broken(Settings(), client), now=lambda: clock[0])
        for _ in SCHEDULE:
            await deliver_due(relay)
            clock[0] += timedelta(hours=24)
    assert (await stands(pool))["state"] == "failed"


@pytest.mark.parametrize("channel", ["source", "billing", "mail"])
async def test_where_nobody_listens_the_log_has_to_do(
    pool: Pool, keyring: Keyring, referral_id: str, channel: str
) -> None:
    await put(pool, keyring, referral_id, channel=channel)
    async with relay_to(pool, keyring, None) as relay:
        await deliver_due(relay)
    assert (await stands(pool))["state"] == "delivered"


async def test_a_receiver_that_drips_its_answer_is_left(keyring: Keyring) -> None:
    delivery = OutboxMessage(
        id="p", key="k", referral_id="r", channel="source", recipient="mercy", body=BODY, attempts=1, created_at=NOW
    )
    asked: list[Request] = []

    async def never_answers(scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(Request(scope))
        await receive()
        await receive()

    async with served(never_answers) as url, httpx2.AsyncClient() as client:
        webhook = SignedWebhook(client, url, SECRET, within=timedelta(milliseconds=200))
        with pytest.raises(Unavailable, match="receiver_away"):
            await webhook.deliver(delivery)
    assert len(asked) == 1
    assert urlsplit(url).path == ""
