"""What payers know us by, against real servers: signed assertions for access tokens, and client certificates."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey, RSAKey
from starlette.responses import HTMLResponse, JSONResponse, Response

from firstdose.adapters.payers.credentials import Login, UnfitCredential, read_credentials
from firstdose.adapters.payers.pas.channel import PasChannel
from firstdose.adapters.payers.pas.client import PasClient
from firstdose.adapters.payers.wire import open_wire
from firstdose.domain.authorization.lines import LineState
from firstdose.payer_ports import PayerCase
from firstdose.ports import Impossible, PortError, Unavailable
from firstdose.settings import PayerCredential
from simulator.payer import payer_app
from simulator.payer_book import PayerBook
from tests.contract.authority import Authority, private_pem
from tests.contract.cases import US, case, endpoint
from tests.contract.conftest import serving
from tests.contract.token_server import CLIENT, KEY_ID, Door, jwk


class Clock:
    ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Guarded(NamedTuple):
    """A payer behind its door, and our channel to it."""

    url: str
    door: Door
    channel: PasChannel
    clock: Clock

    def case(self, credential: str = "ours") -> PayerCase:
        auth = {
            "token_url": f"{self.url}/token",
            "client_id": CLIENT,
            "credential": credential,
            "key_id": KEY_ID,
            "scope": "system/Claim.c",
        }
        return case(endpoint(f"{self.url}/fhir/northstar", auth=auth))

    async def submit(self, credential: str = "ours") -> set[LineState]:
        received = await self.channel.submit(self.case(credential))
        return {line.state for line in received.answer.lines}


@asynccontextmanager
async def guarded(key: RSAKey | ECKey, file: Path) -> AsyncIterator[Guarded]:
    clock = Clock()
    door = Door(payer_app(PayerBook()), key, clock)
    files = {"ours": PayerCredential(private_key_file=file)}
    async with serving(door) as url, open_wire(files, clock) as wire:
        yield Guarded(url, door, PasChannel(PasClient(wire), US), clock)


@pytest.fixture
async def payer(tmp_path: Path) -> AsyncIterator[Guarded]:
    key, file = ECKey.generate_key("P-384"), tmp_path / "key.json"
    file.write_text(jwk(key))
    async with guarded(key, file) as opened:
        yield opened


@pytest.mark.parametrize("written", ["pem", "jwk"])
@pytest.mark.parametrize("kind", ["RS384", "ES384"])
async def test_a_signed_assertion_opens_the_door(tmp_path: Path, kind: str, written: str) -> None:
    key: RSAKey | ECKey = RSAKey.generate_key(2048) if kind == "RS384" else ECKey.generate_key("P-384")
    file = tmp_path / "key"
    file.write_bytes(key.as_pem(private=True) if written == "pem" else jwk(key).encode())
    async with guarded(key, file) as payer:
        assert await payer.submit() == {LineState.APPROVED}
        assert payer.door.algorithm == kind


async def test_one_token_serves_many_until_shortly_before_it_expires(payer: Guarded) -> None:
    await asyncio.gather(*(payer.submit() for _ in range(10)))
    payer.clock.ahead = timedelta(seconds=260)
    await payer.submit()
    assert payer.door.granted == 1
    payer.clock.ahead = timedelta(seconds=275)
    payer.door.valid.clear()
    await asyncio.gather(*(payer.submit() for _ in range(10)))
    assert (payer.door.granted, payer.door.refused) == (2, 0)


async def test_a_token_withdrawn_before_its_time_is_renewed_once_for_all(payer: Guarded) -> None:
    await payer.submit()
    payer.door.valid.clear()
    for states in await asyncio.gather(*(payer.submit() for _ in range(10))):
        assert states == {LineState.APPROVED}
    assert payer.door.granted == 2


async def test_a_payer_that_refuses_every_token_is_asked_twice_and_no_more(payer: Guarded) -> None:
    payer.door.instead = JSONResponse({"access_token": "of-another-payer", "expires_in": 300})
    with pytest.raises(Impossible, match="payer_refused_credentials"):
        await payer.submit()
    assert payer.door.refused == 2


@pytest.mark.parametrize(
    ("answer", "error", "problem"),
    [
        (JSONResponse({"error": "invalid_client"}, status_code=401), Impossible, "payer_refused_credentials"),
        (JSONResponse({"error": "invalid_scope"}, status_code=400), Impossible, "payer_refused_credentials"),
        (Response(status_code=503), Unavailable, "payer_failed"),
        (HTMLResponse("<html>Sign in</html>"), Unavailable, "unreadable_answer"),
        (JSONResponse(["token"]), Unavailable, "unreadable_answer"),
        (JSONResponse({"access_token": "a\r\nb"}), Unavailable, "unreadable_answer"),
        (JSONResponse({"access_token": "a", "expires_in": "soon"}), Unavailable, "unreadable_answer"),
    ],
)
async def test_no_token_no_request(payer: Guarded, answer: Response, error: type[PortError], problem: str) -> None:
    payer.door.instead = answer
    with pytest.raises(error, match=problem):
        await payer.submit()
    assert payer.door.refused == 0


async def test_a_credential_that_nobody_gave_us_is_a_matter_for_people(payer: Guarded) -> None:
    with pytest.raises(Impossible, match="payer_credential_missing"):
        await payer.submit("theirs")
    with pytest.raises(Impossible, match="payer_credential_missing"):
        await payer.channel.submit(case(endpoint(f"{payer.url}/fhir/northstar", client_certificate="theirs")))


async def test_a_client_certificate_proves_us_to_the_payer(tmp_path: Path) -> None:
    theirs, strangers = Authority(tmp_path, "theirs"), Authority(tmp_path, "strangers")
    server, ours, forged = theirs.issue("server"), theirs.issue("ours"), strangers.issue("ours")
    files = {
        name: PayerCredential(certificate_file=issued.certificate, key_file=issued.key, authority_file=trusted.file)
        for name, issued, trusted in (("ours", ours, theirs), ("forged", forged, theirs), ("fooled", ours, strangers))
    }
    tls = {
        "ssl_certfile": server.certificate,
        "ssl_keyfile": server.key,
        "ssl_ca_certs": str(theirs.file),
        "ssl_cert_reqs": 2,  # ssl.CERT_REQUIRED
    }
    async with serving(payer_app(PayerBook()), **tls) as url, open_wire(files, Clock()) as wire:
        channel = PasChannel(PasClient(wire), US)

        async def submit(certificate: str | None) -> set[LineState]:
            reached = endpoint(f"{url}/fhir/northstar", client_certificate=certificate)
            return {line.state for line in (await channel.submit(case(reached))).answer.lines}

        assert await submit("ours") == {LineState.APPROVED}
        # In TLS 1.3 a server judges our certificate after the handshake, when the request may be on its way.
        for certificate, problem in (
            ("forged", "payer_unreachable"),
            ("fooled", "payer_not_connected"),
            (None, "payer_not_connected"),
        ):
            with pytest.raises(Unavailable, match=problem):
                await submit(certificate)


def test_a_credential_that_cannot_be_used_is_named_and_not_shown(tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ours")
    issued, other = authority.issue("one"), authority.issue("other")
    small, locked, public = tmp_path / "small", tmp_path / "locked", tmp_path / "public"
    small.write_bytes(private_pem(ec.generate_private_key(ec.SECP256R1())))
    locked.write_bytes(private_pem(ec.generate_private_key(ec.SECP384R1()), b"password"))
    public.write_bytes(ECKey.generate_key("P-384").as_pem(private=False))
    secret, lines, bytes_ = tmp_path / "secret", tmp_path / "lines", tmp_path / "bytes"
    secret.write_text("CANARY\n")
    lines.write_text("CANARY\nCANARY\n")
    bytes_.write_bytes(b"CANARY\xff")
    empty = tmp_path / "empty"
    empty.touch()
    for unfit in (
        PayerCredential(user="firstdose"),
        PayerCredential(password_file=secret),
        PayerCredential(user="CANARY:firstdose", password_file=secret),
        PayerCredential(user="CANARY\n", password_file=secret),
        *(PayerCredential(user="us", password_file=file) for file in (lines, bytes_, empty, tmp_path / "nowhere")),
        PayerCredential(private_key_file=tmp_path / "nowhere"),
        PayerCredential(private_key_file=issued.certificate),
        *(PayerCredential(private_key_file=file) for file in (small, locked, public)),
        PayerCredential(certificate_file=issued.certificate, key_file=other.key),
        PayerCredential(certificate_file=issued.certificate, key_file=locked),
        PayerCredential(certificate_file=tmp_path / "nowhere", key_file=issued.key),
        PayerCredential(certificate_file=issued.certificate, key_file=issued.key, authority_file=locked),
    ):
        with pytest.raises(UnfitCredential, match=r"^credential northstar: [a-zA-Z0-9_, -]+$") as told:
            read_credentials({"northstar": unfit})
        assert "CANARY" not in str(told.value)
        assert told.value.__cause__ is None


def test_a_password_is_its_files_only_line_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "password"
    for written in ("CANARY é", "CANARY é\n", "CANARY é\r\n"):
        file.write_bytes(written.encode())
        credentials = read_credentials({"clearinghouse": PayerCredential(user="us", password_file=file)})
        assert credentials.logins["clearinghouse"] == Login("us", "CANARY é")
        assert "CANARY" not in repr(credentials)
