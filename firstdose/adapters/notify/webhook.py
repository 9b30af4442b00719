"""A signed webhook (Standard Webhooks 1.0.0) to one address."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx2
import orjson

from firstdose.adapters.postgres.messages.outbox import OutboxMessage
from firstdose.adapters.webhooks import sign
from firstdose.domain.problem import ProblemCode
from firstdose.ports import Impossible, Unavailable

WITHIN: Final = timedelta(seconds=20)
"""The specification asks for 15 to 30 seconds."""
_LONGEST_RETRY_AFTER: Final = timedelta(hours=24)


class SignedWebhook:
    """Posts a delivery's body to `url`, signed with `secret`; the delivery's id is the message's id at each attempt."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        url: str,
        secret: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        within: timedelta = WITHIN,
    ) -> None:
        self._client = client
        self._url = url
        self._secret = secret
        self._now = now
        self._within = within

    async def deliver(self, delivery: OutboxMessage) -> None:
        """Raises Impossible when the receiver wants no more of it (410), Unavailable for every other failure."""
        body = orjson.dumps(delivery.body)
        headers = {"content-type": "application/json", **sign(self._secret, delivery.id, self._now(), body)}
        try:
            # httpx restarts its timeouts with every byte; this one is for the whole call.
            async with (
                asyncio.timeout(self._within.total_seconds()),
                self._client.stream("POST", self._url, content=body, headers=headers, follow_redirects=False) as answer,
            ):
                _judge(answer)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError):
            raise Unavailable(ProblemCode.RECEIVER_AWAY) from None


def _judge(answer: httpx2.Response) -> None:
    if answer.is_success:
        return
    if answer.status_code == httpx2.codes.GONE:
        raise Impossible(ProblemCode.RECEIVER_GONE)
    raise Unavailable(ProblemCode.RECEIVER_REFUSED, _retry_after(answer.headers.get("retry-after", "")))


def _retry_after(seconds: str) -> timedelta | None:
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 10):
        return None
    return min(timedelta(seconds=int(seconds)), _LONGEST_RETRY_AFTER)
