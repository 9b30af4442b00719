"""The X12 transport over real HTTP: where it goes, who it says it is, and what becomes of hostile answers."""

import asyncio
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from firstdose.adapters.payers.credentials import Login
from firstdose.adapters.payers.wire import Wire, open_wire
from firstdose.adapters.payers.x12.channel import X12Channel
from firstdose.adapters.payers.x12.transport import HttpsTransport
from firstdose.domain.authorization.lines import LineState
from firstdose.payer_ports import BackendServices, PayerEndpoint, X12Envelope
from firstdose.ports import Impossible, Unavailable
from firstdose.settings import PayerCredential
from simulator.payer import payer_app
from simulator.payer_book import PayerBook
from tests.contract.cases import US, case, endpoint
from tests.contract.conftest import World, serving
from tests.contract.memory import MemoryControlNumbers

OURS = Login("firstdose", "s3cret: é")
TOKENS = BackendServices(token_url="http://127.0.0.1:1/token", client_id="firstdose", credential="ours")


class Door:
    """A clearinghouse's door: it opens to our name and password alone, wherever its envelope has them."""

    def __init__(self, behind: ASGIApp) -> None:
        self._behind = behind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._behind(scope, receive, send)
        request = Request(scope, receive)
        body = await request.body()

        async def again() -> dict[str, object]:
            return {"type": "http.request", "body": body}

        opens = _basic(OURS) == request.headers.get("authorization") or _in_form(body, OURS)
        inside: ASGIApp = self._behind if opens else _refusal(request)
        return await inside(scope, again, send)


def _basic(login: Login) -> str:
    return "Basic " + b64encode(":".join(login).encode()).decode()


def _in_form(body: bytes, login: Login) -> bool:
    told = {"UserName": login.user, "Password": login.password}
    return all(f'form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() in body for name, value in told.items())


def _refusal(request: Request) -> Response:
    if not request.headers["content-type"].startswith("multipart/"):
        return Response(status_code=401)
    refused = b'--b\r\nContent-Disposition: form-data; name="ErrorCode"\r\n\r\nUnAuthorized\r\n--b--\r\n'
    return Response(refused, media_type="multipart/form-data; boundary=b")


def channel(world: World) -> X12Channel:
    return X12Channel(HttpsTransport(Wire(world.http, logins={"ours": OURS})), US, MemoryControlNumbers())


def behind(url: str, **changes: object) -> PayerEndpoint:
    return endpoint("https://payer.example.org/fhir", x12_url=url, **changes)


@pytest.mark.parametrize("envelope", list(X12Envelope))
async def test_a_clearinghouse_hears_who_we_are_by_its_login_and_nothing_else(
    world: World, envelope: X12Envelope
) -> None:
    heard: list[tuple[str, str | None, bytes]] = []

    async def clearinghouse(request: Request) -> Response:
        headers = request.headers
        heard.append((headers["content-type"], headers.get("authorization"), await request.body()))
        return Response(status_code=503)

    async with serving(Starlette(routes=[Route("/realtime", clearinghouse, methods=["POST"])])) as url:
        reached = behind(f"{url}/realtime", x12_envelope=envelope, x12_login="ours", auth=TOKENS)
        with pytest.raises(Unavailable):
            await channel(world).submit(case(reached))
    content_type, authorization, body = heard[0]
    if envelope is X12Envelope.PLAIN:
        assert (content_type, authorization, body[:3]) == ("application/edi-x12", _basic(OURS), b"ISA")
    else:
        assert (content_type.partition(";")[0], authorization) == ("multipart/form-data", None)
        assert _in_form(body, OURS)


@pytest.mark.parametrize("envelope", list(X12Envelope))
async def test_a_password_from_its_file_opens_the_clearinghouse(tmp_path: Path, envelope: X12Envelope) -> None:
    right, wrong = tmp_path / "right", tmp_path / "wrong"
    right.write_text(OURS.password + "\n")
    wrong.write_text("guess")
    files = {
        "ours": PayerCredential(user=OURS.user, password_file=right),
        "old": PayerCredential(user=OURS.user, password_file=wrong),
    }
    async with serving(Door(payer_app(PayerBook()))) as url, open_wire(files, lambda: datetime.now(UTC)) as wire:
        x12 = X12Channel(HttpsTransport(wire), US, MemoryControlNumbers())

        async def submit(login: str | None) -> set[LineState]:
            reached = behind(f"{url}/x12/northstar", x12_envelope=envelope, x12_login=login)
            return {line.state for line in (await x12.submit(case(reached))).answer.lines}

        assert await submit("ours") == {LineState.APPROVED}
        for login in ("old", None):
            with pytest.raises(Impossible, match="payer_refused_credentials"):
                await submit(login)
        with pytest.raises(Impossible, match="payer_credential_missing"):
            await submit("theirs")


async def test_an_interchange_that_the_payer_cannot_work_on_is_final(world: World) -> None:
    asked = case(behind(f"{world.url}/x12/northstar"))
    with pytest.raises(Impossible):
        await world.x12.submit(asked.model_copy(update={"lines": ()}))
    nonsense = await world.http.post(f"{world.url}/x12/northstar", content=b"nonsense")
    assert b"IK5*R" in nonsense.content


async def test_nobody_listens(world: World) -> None:
    with pytest.raises(Unavailable) as away:
        await world.x12.verify_benefits(case(behind("http://127.0.0.1:1/x12")))
    assert away.value.problem == "payer_not_connected"


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
