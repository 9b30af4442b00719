"""Retry-After, as servers write it, and what an error keeps of a body."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from firstdose.adapters.payers.exchange import LARGEST_ANSWER, Unknown, post, retry_after
from firstdose.payer_ports import MOST_OF_A_BODY, RefusedRequest, UnreadableAnswer
from firstdose.ports import Impossible, Unavailable

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("0", timedelta()),
        ("90", timedelta(seconds=90)),
        ("9" * 30, timedelta(days=1)),
        ("²", None),
        ("Sat, 21 Nov 2026 12:01:00 GMT", timedelta(minutes=1)),
        ("Sat, 21 Nov 2026 11:00:00 GMT", timedelta()),
        ("Sat, 21 Nov 2099 11:00:00 -0000", timedelta(days=1)),
    ],
)
def test_retry_after(value: str | None, expected: timedelta | None) -> None:
    assert retry_after(value, NOW) == expected


BODY = b'{"resourceType": "OperationOutcome", "diagnostics": "Hernandez"}'


async def answered(status: int, body: bytes, length: int | None = None) -> bytes:
    """What comes of a payer's server that answers this, and hangs up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {status} Status\r\ncontent-length: {length or len(body)}\r\n\r\n".encode() + body)
        with suppress(ConnectionError):  # we may have heard enough
            await writer.drain()
        writer.close()

    async with (
        await asyncio.start_server(answer, "127.0.0.1", 0) as server,
        httpx2.AsyncClient(trust_env=False) as http,
    ):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return (await post(http, url, b"", {}, timedelta(seconds=30))).body


@pytest.mark.parametrize(("status", "error"), [(400, RefusedRequest), (422, RefusedRequest), (404, Unknown)])
async def test_a_refusal_carries_its_reasons_and_does_not_tell_them(status: int, error: type[RefusedRequest]) -> None:
    with pytest.raises(error) as refused:
        await answered(status, BODY)
    assert refused.value.body == BODY
    assert "Hernandez" not in f"{refused.value} {refused.value!r} {refused.value.args}"


@pytest.mark.parametrize(
    ("status", "error"), [(401, Impossible), (302, Impossible), (429, Unavailable), (503, Unavailable)]
)
async def test_no_other_failure_carries_a_body(status: int, error: type[Exception]) -> None:
    with pytest.raises(error) as failed:
        await answered(status, BODY)
    assert not hasattr(failed.value, "body")


async def test_a_refusal_that_breaks_off_is_a_refusal() -> None:
    with pytest.raises(RefusedRequest) as refused:
        await answered(400, BODY, 1000)
    assert refused.value.body == BODY


async def test_an_error_keeps_the_beginning_of_a_long_body() -> None:
    with pytest.raises(RefusedRequest) as refused:
        await answered(400, b"a" * 1_000_000)
    with pytest.raises(UnreadableAnswer) as unreadable:
        await answered(200, b"a" * (LARGEST_ANSWER + 1))
    assert len(refused.value.body) == len(unreadable.value.body) == MOST_OF_A_BODY


@pytest.mark.parametrize("url", ["http://payer.example/fhir", "https://user:password@payer.example/fhir"])
async def test_an_address_that_is_not_safe_is_never_called(url: str) -> None:
    """Such as one of a plan that was stored before it had to be."""

    def called(_: httpx2.Request) -> httpx2.Response:
        raise AssertionError

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(called)) as http:
        with pytest.raises(Impossible, match="payer_address_wrong"):
            await post(http, url, b"", {}, timedelta(seconds=5))
