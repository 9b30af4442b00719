"""The guard, over raw sockets: slow, endless, oversized and ambiguous requests end, and quickly."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from desk.http.budgets import SIZES, Budget, Budgets, Size
from desk.http.guard import BodyGuard
from desk.http.protocol import GuardedProtocol
from tests.served_desk import served

WITHIN: Final = timedelta(milliseconds=300)
MOST: Final = 4096
HEADERS: Final = b"POST /x HTTP/1.1\r\nhost: desk\r\n"


class Hurried(GuardedProtocol):
    headers_within = WITHIN


async def count_bytes(scope: Scope, receive: Receive, send: Send) -> None:
    """The application behind the guard: answers how many bytes it got."""
    message = await receive()
    await Response(str(len(message["body"])))(scope, receive, send)


def few_strangers() -> Budgets:
    return Budgets({**SIZES, Budget.STRANGERS: Size(2, 2)})


@pytest.fixture
async def address() -> AsyncIterator[tuple[str, int]]:
    async with served(BodyGuard(count_bytes, most=MOST, within=WITHIN, budgets=few_strangers()), Hurried) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        yield host, int(port)


async def exchange(address: tuple[str, int], *parts: bytes, pause: float = 0) -> bytes:
    """All that comes back until the desk closes the connection, while the parts are sent with pauses between them."""
    reader, writer = await asyncio.open_connection(*address)

    async def send() -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    sending = asyncio.create_task(send())
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        sending.cancel()
        await asyncio.wait([sending])
        writer.close()


def status(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


async def test_a_body_comes_whole_to_the_application(address: tuple[str, int]) -> None:
    chunks = b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n", b"3\r\nabc\r\n", b"2\r\nde\r\n0\r\n\r\n"
    answer = await exchange(address, HEADERS, *chunks)
    assert status(answer) == 200
    assert answer.endswith(b"5")


async def test_headers_that_drip_end_in_408(address: tuple[str, int]) -> None:
    drips = [b"x-%d: a\r\n" % number for number in range(100)]
    answer = await exchange(address, HEADERS, *drips, pause=0.02)
    assert status(answer) == 408
    assert b"application/problem+json" in answer


async def test_blank_lines_between_requests_buy_no_time(address: tuple[str, int]) -> None:
    whole = HEADERS + b"content-length: 1\r\n\r\nx"
    answer = await exchange(address, whole, *[b"\r\n"] * 100, pause=0.05)
    assert answer.count(b"HTTP/1.1 ") == 2
    assert b"HTTP/1.1 408" in answer


async def test_a_body_that_drips_ends_in_408(address: tuple[str, int]) -> None:
    answer = await exchange(address, HEADERS + b"content-length: 2000\r\n\r\n", *[b"x"] * 200, pause=0.02)
    assert status(answer) == 408


async def test_a_connection_that_says_nothing_is_closed(address: tuple[str, int]) -> None:
    assert status(await exchange(address)) == 408


@pytest.mark.parametrize(
    "announced", [b"content-length: 20000\r\n\r\n" + b"x" * 20000, b"transfer-encoding: chunked\r\n\r\n"]
)
async def test_a_body_over_the_cap_ends_in_413(address: tuple[str, int], announced: bytes) -> None:
    chunk = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
    chunks = [*[chunk] * 6, b"0\r\n\r\n"] if b"chunked" in announced else []
    answer = await exchange(address, HEADERS + announced, *chunks)
    assert status(answer) == 413


async def test_a_body_without_end_is_cut_off(address: tuple[str, int]) -> None:
    chunk = b"1000\r\n" + b"x" * 0x1000 + b"\r\n"
    try:
        answer = await exchange(address, HEADERS + b"transfer-encoding: chunked\r\n\r\n", *[chunk] * 5000)
    except ConnectionError:
        return
    assert status(answer) == 413


@pytest.mark.parametrize("shape", [b"x-long: " + b"a" * 40_000 + b"\r\n", b"x-many: a\r\n" * 4_000])
@pytest.mark.parametrize("ended", [b"\r\n", b""])
async def test_headers_over_the_cap_end_in_431(address: tuple[str, int], shape: bytes, ended: bytes) -> None:
    assert status(await exchange(address, HEADERS + shape + ended)) == 431


@pytest.mark.parametrize(
    "ambiguous",
    [
        b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"transfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n0\r\n\r\n",
        b"content-length: 4\r\ncontent-length: 5\r\n\r\nabcde",
        b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"content-length: +4\r\n\r\nabcd",
        b"content-length : 4\r\n\r\nabcd",
        b"x: a\r\n folded: b\r\ncontent-length: 4\r\n\r\nabcd",
    ],
)
async def test_a_request_with_two_meanings_is_refused(address: tuple[str, int], ambiguous: bytes) -> None:
    answer = await exchange(address, HEADERS + ambiguous)
    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1


async def test_bodies_that_drip_keep_nobody_out(address: tuple[str, int]) -> None:
    slow = HEADERS + b"connection: close\r\ncontent-length: 2\r\n\r\nx"
    dripping = [asyncio.create_task(exchange(address, slow)) for _ in range(3)]
    whole = await exchange(address, HEADERS + b"connection: close\r\ncontent-length: 1\r\n\r\nx")
    assert status(whole) == 200
    assert [status(answer) for answer in await asyncio.gather(*dripping)] == [408, 408, 408]
