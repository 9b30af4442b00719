"""The whole body before the application sees a request, within its cap and time, and each request in its budget."""

import asyncio
from datetime import timedelta
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desk.http.budgets import BudgetPlace, Budgets, Full
from desk.http.problems import problem
from desk.http.protocol import GIVEN_UP
from firstdose.adapters.networks import peer_of
from firstdose.adapters.postgres.deadline import database_within

EXEMPT: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""In no budget: they must answer whatever else goes on."""
MOST_BODY_BYTES: Final = 1024 * 1024
BODY_WITHIN: Final = timedelta(seconds=15)
ANSWERED_WITHIN: Final = timedelta(seconds=2)
"""How long a request may use the database, from its last byte on; a caller is to have an answer within 3 seconds."""
_DRAINED: Final = 8
"""How many times the cap is read and thrown away, so that a sender who is still writing sees our answer."""
_LINGERS_S: Final = 1.0
"""How long whoever lost their place waits for the answer that says so."""


class _TooLarge(Exception):
    pass


class _Gone(Exception):
    pass


class BodyGuard:
    """Answers 408 and 413 for what does not come in time or is too large, 503 where a budget is full."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        most: int = MOST_BODY_BYTES,
        within: timedelta = BODY_WITHIN,
        budgets: Budgets | None = None,
    ) -> None:
        self._app = app
        self._most = most
        self._within = within.total_seconds()
        self._budgets = budgets or Budgets()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] in EXEMPT:
            await self._app(scope, _once(b"", receive), _closing(send) if _has_body(scope) else send)
        else:
            try:
                with self._budgets.place(_peer(scope)) as place:
                    await self._guarded(place, scope, receive, send)
            except Full:
                await _answer(503, scope, receive, send)

    async def _guarded(self, place: BudgetPlace, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with place.revocable(self._within):
                body = await self._read(place, receive)
        except _TooLarge:
            await _answer(413, scope, receive, send)
        except TimeoutError:
            if place.revoked:
                # Told at once, a caller who means no good would be back at once, and cost more than before.
                scope["state"][GIVEN_UP] = True
                await asyncio.sleep(_LINGERS_S)
            await _answer(408, scope, receive, send)
        except _Gone:
            return
        else:
            place.received = True
            await self._answered(place, body, scope, receive, send)

    async def _answered(self, place: BudgetPlace, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            place.secure()
            await send(message)

        try:
            async with place.revocable():
                with database_within(ANSWERED_WITHIN.total_seconds()):
                    await self._app(scope, _once(body, receive), answer)
        except TimeoutError:
            if not place.revoked:
                raise
            await _answer(503, scope, receive, send)

    async def _read(self, place: BudgetPlace, receive: Receive) -> bytes:
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            part, more = message.get("body", b""), message.get("more_body", False)
            size += len(part)
            if size <= self._most:
                parts.append(part)
                self._budgets.grow(place, len(part))
            elif size > self._most * _DRAINED:
                break
        if size > self._most:
            raise _TooLarge
        return b"".join(parts)


def _peer(scope: Scope) -> str:
    return peer_of(scope["client"][0]) if scope.get("client") else ""


def _has_body(scope: Scope) -> bool:
    return any(name in (b"content-length", b"transfer-encoding") and value != b"0" for name, value in scope["headers"])


def _closing(send: Send) -> Send:
    """The connection ends with the answer: nobody waits for the rest of what was announced."""

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], (b"connection", b"close")]
        await send(message)

    return answer


def _once(body: bytes, receive: Receive) -> Receive:
    pending = [body]

    async def replay() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return replay


async def _answer(status: int, scope: Scope, receive: Receive, send: Send) -> None:
    await problem(status, headers={"connection": "close"})(scope, receive, send)
