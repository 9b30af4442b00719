"""Sends the deliveries in the outbox, retried by the schedule of Standard Webhooks, then given up."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import httpx2
import structlog

from desk.metrics import DELIVERIES
from firstdose.adapters.notify.console import Console
from firstdose.adapters.notify.mail import Mail
from firstdose.adapters.notify.webhook import SignedWebhook
from firstdose.adapters.postgres.messages.outbox import Outbox, OutboxMessage
from firstdose.adapters.postgres.pool import Pool
from firstdose.domain.problem import ProblemCode
from firstdose.ports import Impossible, Unavailable
from firstdose.settings import Settings

log = structlog.get_logger(__name__)

LEASE: Final = timedelta(seconds=40)
"""Longer than any attempt, so that only one process at a time has a delivery."""
TO_ONE_RECEIVER: Final = 8
"""The most concurrent deliveries to one receiver, so that a slow receiver does not block the others."""

SCHEDULE: Final = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long to wait before each attempt (Standard Webhooks 1.0.0, "Deliverability and reliability")."""


class Sender(Protocol):
    async def deliver(self, delivery: OutboxMessage) -> None:
        """Raises Impossible when trying again is of no use, Unavailable otherwise."""


class Senders:
    """The sender of each delivery, by channel and recipient; without a configured address it is the console."""

    def __init__(self, settings: Settings, client: httpx2.AsyncClient) -> None:
        self._console = Console()
        self._mail: Sender = self._console
        if settings.smtp_url is not None:
            self._mail = Mail(settings.smtp_url.get_secret_value(), settings.mail_from)
        self._billing: Sender = self._console
        if settings.billing_url and settings.billing_secret:
            self._billing = SignedWebhook(client, settings.billing_url, settings.billing_secret.get_secret_value())
        self._sources = _source_webhooks(settings, client)

    def of(self, delivery: OutboxMessage) -> Sender:
        match delivery.channel:
            case "mail":
                return self._mail
            case "billing":
                return self._billing
            case _:
                return self._sources.get(delivery.recipient, self._console)


def _source_webhooks(settings: Settings, client: httpx2.AsyncClient) -> Mapping[str, Sender]:
    """Milestones are signed with the first of a source's secrets."""
    return {
        source: SignedWebhook(client, url, settings.sources[source][0].get_secret_value())
        for source, url in settings.source_callbacks.items()
        if source in settings.sources
    }


class OutboxRelay:
    """Delivers deliveries and records what became of each."""

    def __init__(
        self, pool: Pool, outbox: Outbox, senders: Senders, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._pool = pool
        self._outbox = outbox
        self._senders = senders
        self._now = now

    async def claim(self, limit: int) -> list[OutboxMessage]:
        """Deliveries that are due. Raises Unavailable."""
        return await self._outbox.claim(self._pool, limit, LEASE, self._now(), to_one_receiver=TO_ONE_RECEIVER)

    async def deliver(self, delivery: OutboxMessage) -> None:
        """Try once. Raises Unavailable when the database is away."""
        try:
            await self._senders.of(delivery).deliver(delivery)
        except Impossible as error:
            await self._give_up(delivery, error.problem)
        except Unavailable as error:
            await self._try_later(delivery, error)
        except Exception:
            log.exception(
                "delivery_failed", outbox_id=delivery.id, referral_id=delivery.referral_id, channel=delivery.channel
            )
            await self._try_later(delivery, Unavailable(ProblemCode.FAILED))
        else:
            await self._outbox.delivered(self._pool, delivery.id, at=self._now())
            DELIVERIES.labels(delivery.channel, "delivered").inc()

    async def _try_later(self, delivery: OutboxMessage, error: Unavailable) -> None:
        if delivery.attempts >= len(SCHEDULE):
            await self._give_up(delivery, error.problem)
            return
        delay = max(SCHEDULE[delivery.attempts], error.retry_after or timedelta(0))
        await self._outbox.postpone(self._pool, delivery.id, at=self._now() + delay, problem=error.problem)
        DELIVERIES.labels(delivery.channel, "postponed").inc()

    async def _give_up(self, delivery: OutboxMessage, problem: ProblemCode) -> None:
        log.error(
            "delivery_given_up",
            outbox_id=delivery.id,
            referral_id=delivery.referral_id,
            channel=delivery.channel,
            code=problem,
        )
        await self._outbox.give_up(self._pool, delivery.id, problem=problem)
        DELIVERIES.labels(delivery.channel, "given_up").inc()
