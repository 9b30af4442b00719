"""The desk as a process: one server, and the relays beside it."""

import asyncio
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NoReturn

import structlog
import uvicorn
from starlette.types import ASGIApp

from desk.delivery.run import relays
from desk.http.app import create_app
from desk.http.app_context import open_desk
from desk.http.protocol import GuardedProtocol
from firstdose.adapters.logs import configure_logs
from firstdose.adapters.policy_file import UnfitPolicy
from firstdose.adapters.postgres.keys.check import UnfitKeys
from firstdose.adapters.postgres.pool import UnfitServer
from firstdose.adapters.process import one_shot
from firstdose.settings import Settings

log = structlog.get_logger(__name__)

_KEEP_ALIVE_S: Final = 30
_LAST_REQUESTS_S: Final = 15


class Server(uvicorn.Server):
    """uvicorn, leaving signals to us: if both of us listened, the first Ctrl-C would count as the second."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(settings: Settings) -> NoReturn:
    """Run the desk until SIGTERM or Ctrl-C; a second one does not wait for what is still running."""
    configure_logs(settings.log_level, settings.log_format)
    one_shot(_serve(settings))


async def _serve(settings: Settings) -> int:
    """Exit code 0 after a clean stop, 1 with one clear line when it cannot start."""
    try:
        return await _served(settings)
    except (UnfitPolicy, UnfitServer, UnfitKeys) as problem:
        print(problem, file=sys.stderr)
        return 1


async def _served(settings: Settings) -> int:
    async with open_desk(settings) as desk, relays(desk):
        server = http_server(create_app(desk), settings.host, settings.port, trusted_proxies=settings.trusted_proxies)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.handle_exit, number, None)
        log.info("desk_starts", host=settings.host, port=settings.port)
        try:
            await server.serve()
        except SystemExit:
            log.error("desk_cannot_listen", host=settings.host, port=settings.port)
            return 1
    return 0


def http_server(
    app: ASGIApp,
    host: str,
    port: int,
    protocol: type[GuardedProtocol] = GuardedProtocol,
    *,
    trusted_proxies: Sequence[str] = (),
) -> Server:
    """uvicorn as we run it: guarded, silent about addresses and paths, without WebSockets.

    From a trusted proxy's network `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    """
    return Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http=protocol,
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=bool(trusted_proxies),
            forwarded_allow_ips=list(trusted_proxies),
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_LAST_REQUESTS_S,
        )
    )
