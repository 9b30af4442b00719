"""The whole body before the application sees a request, within its cap and time, and each request in its budget."""

import asyncio
from datetime import timedelta
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desk.http.budgets import Budgets, BudgetSlot, Full
from desk.http.problems import problem
from desk.http.protocol import GIVEN_UP
from firstdose.adapters.networks import peer_of
from firstdose.adapters.postgres.deadline import database_within

EXEMPT: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Without a budget: they must answer under any load."""
MOST_BODY_BYTES: Final = 1024 * 1024
BODY_WITHIN: Final = timedelta(seconds=15)
ANSWERED_WITHIN: Final = timedelta(seconds=2)
"""How long a request may use the database, from its last byte on; a caller must get an answer within 3 seconds."""
_DRAINED: Final = 8
"""How many times the cap is read and thrown away, so that a sender who is still writing sees our answer."""
_LINGERS_S: Final = 1.0
"""The delay of the 408 after a revocation, so that clients do not reconnect at once."""


class _TooLarge(Exception):
    pass


class _Gone(Exception):
    pass


class BodyGuard:
    """Answers 408 for a slow body, 413 for a large one, and 503 if a budget is full."""

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
                with self._budgets.slot(_peer(scope)) as slot:
                    await self._guarded(slot, scope, receive, send)
            except Full:
                await _answer(503, scope, receive, send)

    async def _guarded(self, slot: BudgetSlot, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with slot.revocable(self._within):
                body = await self._read(slot, receive)
        except _TooLarge:
            await _answer(413, scope, receive, send)
        except TimeoutError:
            if slot.revoked:
                # With an answer at once, an attacker would be back at once, and cost more than before.
                scope["state"][GIVEN_UP] = True
                await asyncio.sleep(_LINGERS_S)
            await _answer(408, scope, receive, send)
        except _Gone:
            return
        else:
            slot.received = True
            await self._answered(slot, body, scope, receive, send)

    async def _answered(self, slot: BudgetSlot, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer(message: Message) -> None:
            slot.secure()
            await send(message)

        try:
            async with slot.revocable():
                with database_within(ANSWERED_WITHIN.total_seconds()):
                    await self._app(scope, _once(body, receive), answer)
        except TimeoutError:
            if not slot.revoked:
                raise
            await _answer(503, scope, receive, send)

    async def _read(self, slot: BudgetSlot, receive: Receive) -> bytes:
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
                self._budgets.grow(slot, len(part))
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
    """Close the connection after the answer, without waiting for the rest of the body."""

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
