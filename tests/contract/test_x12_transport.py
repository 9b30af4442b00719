"""The X12 transport over real HTTP: where it goes, who it says it is, and what becomes of hostile answers."""

import asyncio
from base64 import b64encode
from datetime import timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from firstdose.adapters.payers.wire import Wire
from firstdose.adapters.payers.x12.channel import X12Channel
from firstdose.adapters.payers.x12.core_envelope import Login
from firstdose.adapters.payers.x12.transport import HttpsTransport
from firstdose.ports import Impossible, PayerEndpoint, Unavailable, X12Envelope
from tests.contract.cases import US, case, endpoint
from tests.contract.conftest import World, serving
from tests.contract.memory import MemoryControlNumbers


def channel(world: World, login: Login | None = None) -> X12Channel:
    return X12Channel(HttpsTransport(Wire(world.http), lambda _: login), US, MemoryControlNumbers())


def behind(url: str, **changes: object) -> PayerEndpoint:
    return endpoint("https://payer.example.org/fhir", x12_url=url, **changes)


@pytest.mark.parametrize("envelope", list(X12Envelope))
async def test_a_clearinghouse_hears_who_we_are(world: World, envelope: X12Envelope) -> None:
    heard: list[tuple[str, str | None, bytes]] = []

    async def clearinghouse(request: Request) -> Response:
        headers = request.headers
        heard.append((headers["content-type"], headers.get("authorization"), await request.body()))
        return Response(status_code=503)

    async with serving(Starlette(routes=[Route("/realtime", clearinghouse, methods=["POST"])])) as url:
        reached = behind(f"{url}/realtime", x12_envelope=envelope)
        with pytest.raises(Unavailable):
            await channel(world, Login("firstdose", "s3cret")).submit(case(reached))
    content_type, authorization, body = heard[0]
    if envelope is X12Envelope.PLAIN:
        basic = "Basic " + b64encode(b"firstdose:s3cret").decode()
        assert (content_type, authorization, body[:3]) == ("application/edi-x12", basic, b"ISA")
    else:
        assert (content_type.partition(";")[0], authorization) == ("multipart/form-data", None)
        assert b'name="Password"\r\n\r\ns3cret\r\n' in body


async def test_an_interchange_that_the_payer_cannot_work_on_is_final(world: World) -> None:
    asked = case(behind(f"{world.url}/x12/northstar"))
    with pytest.raises(Impossible):
        await world.x12.submit(asked.model_copy(update={"lines": ()}))
    nonsense = await world.http.post(f"{world.url}/x12/northstar", content=b"nonsense")
    assert b"IK5*R" in nonsense.content


async def test_nobody_listens(world: World) -> None:
    with pytest.raises(Unavailable) as away:
        await world.x12.verify_benefits(case(behind("http://127.0.0.1:1/x12")))
    assert away.value.problem == "payer_unreachable"


@pytest.mark.parametrize(
    ("answer", "error", "problem"),
    [
        (b"HTTP/1.1 302 Found\r\nlocation: http://[::1]/\r\ncontent-length: 0\r\n\r\n", Impossible, "payer_moved"),
        (b"HTTP/1.1 404 Nothing\r\ncontent-length: 0\r\n\r\n", Impossible, "payer_refused_request"),
        (b"HTTP/1.1 429 Busy\r\nretry-after: 120\r\ncontent-length: 0\r\n\r\n", Unavailable, "payer_busy"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 5_000_001, Unavailable, "unreadable_answer"),
        (b"HTTP/1.1 200 OK\r\n\r\nISA*00*", Unavailable, "unreadable_answer"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nISA", Unavailable, "payer_timed_out"),
    ],
)
@pytest.mark.parametrize("envelope", list(X12Envelope))
async def test_hostile_servers(
    world: World, answer: bytes, error: type[Exception], problem: str, envelope: X12Envelope
) -> None:
    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if problem == "payer_timed_out":  # the rest of it never comes
            await reader.read(-1)
        writer.close()

    async with await asyncio.start_server(answering, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        reached = behind(url, x12_envelope=envelope, timeout=timedelta(seconds=0.5))
        with pytest.raises(error) as failed:
            await world.x12.inquire(case(reached))
    assert str(failed.value) == problem
