"""Callers who mean no good, over raw sockets on loopback: bodies of which one byte comes at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

_DRIPS: Final = b"POST /webhooks/referrals/mercy HTTP/1.1\r\nhost: desk\r\ncontent-length: 1000\r\n\r\nx"
_PAUSE_S: Final = 0.3


@asynccontextmanager
async def dripping(url: str, number: int, *, source: str = "127.0.0.1") -> AsyncIterator[list[bytes]]:
    """So many connections with a body under way, as long as this lasts: one that is ended is opened again.

    The answers that they got so far.
    """
    address = urlsplit(url)
    answers: list[bytes] = []
    under_way = [asyncio.Event() for _ in range(number)]

    async def drip(begun: asyncio.Event) -> None:
        while True:
            reader, writer = await asyncio.open_connection(address.hostname, address.port, local_addr=(source, 0))
            try:
                writer.write(_DRIPS)
                begun.set()
                answers.append(await _until_ended(reader, writer))
            except ConnectionError:
                answers.append(b"")
            finally:
                writer.close()

    callers = [asyncio.create_task(drip(begun)) for begun in under_way]
    try:
        for begun in under_way:
            await begun.wait()
        yield answers
    finally:
        for caller in callers:
            caller.cancel()
        await asyncio.wait(callers)


async def _until_ended(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    ended = asyncio.create_task(reader.read())
    try:
        while not (await asyncio.wait([ended], timeout=_PAUSE_S))[0]:
            writer.write(b"x")
        return await ended
    finally:
        ended.cancel()


async def exchange(url: str, sent: bytes) -> bytes:
    """All that comes back until the desk closes the connection."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(sent)
    try:
        async with asyncio.timeout(30):
            return await reader.read()
    finally:
        writer.close()
