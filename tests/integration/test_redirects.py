"""Whoever we call cannot send us elsewhere: what we say and prove is for the address that was configured."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from desk.cli.client import DeskClient
from desk.cli.failure import Failure
from desk.http.issuer_keys import IssuerKeys
from firstdose.adapters.notify.webhook import SignedWebhook
from firstdose.adapters.payers.exchange import post
from firstdose.adapters.postgres.messages.outbox import OutboxMessage
from firstdose.ports import Impossible, Unavailable
from tests.served_desk import served

SECRET = "whsec_" + "A" * 32
DELIVERY = OutboxMessage(
    id="0190",
    key="k",
    referral_id="r",
    channel="source",
    recipient="mercy",
    body={},
    attempts=1,
    created_at=datetime(2026, 3, 2, tzinfo=UTC),
)


async def payer(url: str) -> None:
    """And a token endpoint, which is asked by the same function."""
    async with httpx2.AsyncClient() as http:
        await post(http, url, b"{}", {}, timedelta(seconds=5))


async def callback(url: str) -> None:
    async with httpx2.AsyncClient() as http:
        await SignedWebhook(http, url, SECRET).deliver(DELIVERY)


async def keys(url: str) -> None:
    await IssuerKeys(file=None, url=url, now=lambda: datetime.now(UTC)).find("k")


@pytest.mark.parametrize(
    ("call", "error"),
    [(payer, Impossible), (callback, Unavailable), (keys, Unavailable)],
    ids=["payer", "hook", "keys"],
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(
    call: Callable[[str], Awaitable[None]], error: type[Exception], status: int
) -> None:
    visited: list[str] = []

    async def answer(request: Request) -> Response:
        visited.append(request.url.path)
        return RedirectResponse("/elsewhere", status)

    async with served(Starlette(routes=[Route("/{path}", answer, methods=["GET", "POST"])])) as url:
        with pytest.raises(error):
            await call(f"{url}/asked")
    assert visited == ["/asked"]


def test_the_command_line_takes_its_token_nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    visited: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        visited.append(request.url.path)
        return httpx2.Response(307, headers={"location": "http://127.0.0.1:1/elsewhere"})

    made = httpx2.Client.__init__

    def over_nothing(self: httpx2.Client, **given: Any) -> None:
        made(self, transport=httpx2.MockTransport(answer), **given)

    monkeypatch.setattr(httpx2.Client, "__init__", over_nothing)
    with DeskClient("http://127.0.0.1:1", "token") as desk, pytest.raises(Failure):
        desk.get("api", "referrals")
    assert visited == ["/api/referrals"]
