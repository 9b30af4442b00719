"""A simulated payer on a free port, over real HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, NamedTuple

import httpx2
import pytest
import uvicorn
from starlette.types import ASGIApp

from firstdose.adapters.payers.pas.channel import PasChannel
from firstdose.adapters.payers.pas.client import PasClient
from firstdose.adapters.payers.wire import Wire
from firstdose.adapters.payers.x12.channel import X12Channel
from firstdose.adapters.payers.x12.transport import HttpsTransport
from simulator.payer import payer_app
from simulator.payer_book import PayerBook
from tests.contract.cases import US
from tests.contract.memory import MemoryControlNumbers

A_DAY_IN_20_MS = 86_400 / 0.02


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """None: the signals are the test run's."""
        yield


@asynccontextmanager
async def serving(app: ASGIApp, **tls: Any) -> AsyncIterator[str]:
    """Serve on a free port, with uvicorn's `ssl_…` options over TLS; yields the address."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1, **tls)
    server = _Server(config)
    task = asyncio.create_task(server.serve([listening]))
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


class World(NamedTuple):
    """The simulated payer and how to reach it."""

    url: str
    book: PayerBook
    http: httpx2.AsyncClient
    pas: PasChannel
    x12: X12Channel

    async def recorder(self) -> dict[str, Any]:
        witnessed: dict[str, Any] = (await self.http.get(f"{self.url}/recorder")).json()
        return witnessed


@pytest.fixture(scope="session")
async def world() -> AsyncIterator[World]:
    """One for all tests: traces and payers are each test's own."""
    book = PayerBook(speed=A_DAY_IN_20_MS)
    async with httpx2.AsyncClient(trust_env=False) as http, serving(payer_app(book)) as url:
        x12 = X12Channel(HttpsTransport(Wire(http)), US, MemoryControlNumbers())
        yield World(url, book, http, PasChannel(PasClient(Wire(http)), US), x12)
