"""What uvicorn does not limit before a request is parsed: time and size of headers, and the number of connections.

A request with both Content-Length and Transfer-Encoding is refused by httptools itself.
"""

import asyncio
from datetime import timedelta
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from desk.http.connections import MOST_CONNECTIONS, idle_to_give_up
from desk.http.problems import problem
from firstdose.adapters.networks import peer_of

GIVEN_UP: Final = "given_up"
"""Set in the state of a revoked request until its 408 is sent."""


class GuardedProtocol(HttpToolsProtocol):
    """Headers are complete within `headers_within` and `most_header_bytes`, or the connection ends: 408, 431.

    Over `most_connections` an idle one ends for each new one.
    """

    headers_within = timedelta(seconds=5)
    most_header_bytes = 32 * 1024
    most_connections = MOST_CONNECTIONS

    opened_at = 0.0
    _timer: asyncio.TimerHandle | None = None
    _in_body = False
    _header_bytes = 0
    _unparsed_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.opened_at = self.loop.time()
        self._start_timer()
        if len(self.connections) > self.most_connections:
            given_up = idle_to_give_up(each for each in self.connections if isinstance(each, GuardedProtocol))
            (given_up or self).transport.abort()

    @property
    def peer(self) -> str:
        return peer_of(self.client[0]) if self.client else ""

    @property
    def is_idle(self) -> bool:
        """No request is in work: none has begun, the last one was answered, or it was revoked."""
        cycle = self.cycle
        return cycle is None or cycle.response_complete or GIVEN_UP in self.scope.get("state", ())

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
