"""A client that costs next to nothing: requests made beforehand, written to connections that stay open."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from time import perf_counter

from local.ports import LOOPBACK


def request(path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A POST as it goes over the wire."""
    lines = [f"POST {path} HTTP/1.1", "host: bench", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


async def call_all(port: int, requests: Iterable[bytes], *, at_once: int, expect: int) -> list[float]:
    """Send all, `at_once` on as many connections; how long each took, in seconds. Raises AssertionError."""
    waiting, took = iter(requests), list[float]()
    await asyncio.gather(*(_call_in_turn(port, waiting, took, expect) for _ in range(at_once)))
    return took


async def _call_in_turn(port: int, waiting: Iterator[bytes], took: list[float], expect: int) -> None:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    for each in waiting:
        begun = perf_counter()
        writer.write(each)
        status = await _answer(reader)
        took.append(perf_counter() - begun)
        assert status == expect, status
    writer.close()
    await writer.wait_closed()


async def _answer(reader: asyncio.StreamReader) -> int:
    """The status, once the whole answer is here."""
    status, *headers = (await reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
    length = next(int(line.partition(":")[2]) for line in headers if line.startswith("content-length:"))
    await reader.readexactly(length)
    return int(status.split()[1])
