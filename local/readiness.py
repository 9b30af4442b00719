"""Proofs that a server answers: by asking it, never by a pid file."""

import asyncio
import http.client

from local.ports import LOOPBACK


async def accepts_connections(port: int) -> bool:
    """Whether anything listens on this loopback port."""
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True


async def serves(port: int, path: str) -> bool:
    """Whether an HTTP GET of `path` on this loopback port is answered with 200."""
    return await asyncio.to_thread(_status, port, path) == 200


def _status(port: int, path: str) -> int | None:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
