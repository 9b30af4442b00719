"""What uvicorn leaves open: deadlines for headers and body, caps for both, and a bound on requests at once.

Two layers: a protocol that watches the bytes before a request is known, and an ASGI wrapper that reads its body.
A request with both Content-Length and Transfer-Encoding is refused by httptools itself.
"""

import asyncio
from datetime import timedelta
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from desk.http.problems import problem

MOST_BODY_BYTES: Final = 1024 * 1024
BODY_WITHIN: Final = timedelta(seconds=15)
_DRAINED: Final = 8
"""How many times the cap is read and thrown away, so that a sender who is still writing sees our answer."""


class GuardedProtocol(HttpToolsProtocol):
    """Headers are complete within `headers_within` and `most_header_bytes`, or the connection ends: 408, 431."""

    headers_within = timedelta(seconds=5)
    most_header_bytes = 32 * 1024

    _timer: asyncio.TimerHandle | None = None
    _in_body = False
    _header_bytes = 0
    _unparsed_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        before_headers = not self._in_body
        if before_headers and self._timer is None:
            self._start_timer()
        super().data_received(data)
        if before_headers and not self._in_body and self._timer is not None:
            self._unparsed_bytes += len(data)
            if self._unparsed_bytes > self.most_header_bytes:
                self._refuse(431)

    def on_message_begin(self) -> None:
        self._header_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stop_timer()
        self._in_body, self._unparsed_bytes = True, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(431 if self._header_bytes > self.most_header_bytes else 400)

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > self.most_header_bytes:
            # httptools makes an HttpParserError of it, which ends in send_400_response.
            raise ValueError("the headers are too large")

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.headers_within.total_seconds(), self._refuse, 408)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: int) -> None:
        self._stop_timer()
        if self.transport.is_closing():
            return
        answer = problem(status)
        head = [f"HTTP/1.1 {status} Refused", "connection: close"]
        head += [f"{name.decode()}: {value.decode()}" for name, value in answer.raw_headers]
        self.transport.write("\r\n".join([*head, "", ""]).encode() + bytes(answer.body))
        self.transport.close()


class _TooLarge(Exception):
    pass


class _Gone(Exception):
    pass


class BodyGuard:
    """Reads the whole body before the application sees the request: 408, 413, and 503 when too many are in work."""

    def __init__(
        self, app: ASGIApp, *, most: int = MOST_BODY_BYTES, within: timedelta = BODY_WITHIN, at_once: int = 200
    ) -> None:
        self._app = app
        self._most = most
        self._within = within
        self._at_once = at_once
        self._in_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._in_work >= self._at_once:
            await _answer(503, scope, receive, send)
        else:
            self._in_work += 1
            try:
                await self._guarded(scope, receive, send)
            finally:
                self._in_work -= 1

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                body = await self._read(receive)
        except _TooLarge:
            await _answer(413, scope, receive, send)
        except TimeoutError:
            await _answer(408, scope, receive, send)
        except _Gone:
            return
        else:
            await self._app(scope, _once(body, receive), send)

    async def _read(self, receive: Receive) -> bytes:
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
            elif size > self._most * _DRAINED:
                break
        if size > self._most:
            raise _TooLarge
        return b"".join(parts)


def _once(body: bytes, receive: Receive) -> Receive:
    pending = [body]

    async def replay() -> Message:
        if pending:
            return {"type": "http.request", "body": pending.pop(), "more_body": False}
        return await receive()

    return replay


async def _answer(status: int, scope: Scope, receive: Receive, send: Send) -> None:
    await problem(status, headers={"connection": "close"})(scope, receive, send)
