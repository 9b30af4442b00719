"""Mail as a real server receives it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.message import Message
from pathlib import Path

import pytest

from firstdose.adapters.notify.mail import Mail
from firstdose.adapters.postgres.messages.outbox import OutboxMessage
from firstdose.ports import Unavailable
from tests.contract.authority import Authority, Issued

DELIVERY = OutboxMessage(
    id="0190",
    key="k",
    referral_id="r",
    channel="mail",
    recipient="nurse",
    body={"to": "nurses@pharmacy.example", "subject": "A visit is offered", "text": "Please sign in.\n"},
    attempts=1,
    created_at=datetime(2026, 3, 2, tzinfo=UTC),
)


@asynccontextmanager
async def mail_server(
    letters: list[Message],
    greeting: bytes = b"220 ready",
    *,
    scheme: str = "smtp+plain",
    issued: Issued | None = None,
    heard: list[bytes] | None = None,
) -> AsyncIterator[str]:
    """Speaks just enough SMTP to take letters; its URL. With a certificate it offers TLS, as the scheme says."""
    tls = None
    if issued:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(issued.certificate, issued.key)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting + b"\r\n")
        while line := await reader.readline():
            command = line.strip().upper()
            if heard is not None:
                heard.append(command)
            if command.startswith(b"EHLO"):
                writer.write(b"250-here\r\n250-STARTTLS\r\n" if tls and scheme == "smtp" else b"250-here\r\n")
                writer.write(b"250 AUTH PLAIN\r\n")
                continue
            if command == b"STARTTLS" and tls:
                writer.write(b"220 go on\r\n")
                await writer.start_tls(tls)
                continue
            if command.startswith(b"AUTH"):
                writer.write(b"235 welcome\r\n")
                continue
            if command == b"DATA":
                writer.write(b"354 go on\r\n")
                letters.append(message_from_string((await reader.readuntil(b"\r\n.\r\n")).decode()))
            writer.write(b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n")
            if command == b"QUIT":
                break
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls if scheme == "smtps" else None)
    async with server:
        yield f"{scheme}://firstdose:CANARY@127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_letter_arrives_with_the_deliveries_id() -> None:
    letters: list[Message] = []
    async with mail_server(letters) as url:
        await Mail(url, "firstdose@pharmacy.example").deliver(DELIVERY)
    [letter] = letters
    assert (letter["To"], letter["Subject"]) == ("nurses@pharmacy.example", "A visit is offered")
    assert letter["Message-ID"] == "<0190@firstdose>"


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """The only authority that this machine trusts."""
    ours = Authority(tmp_path, "ours")
    monkeypatch.setenv("SSL_CERT_FILE", str(ours.file))
    return ours


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_letters_go_within_tls(authority: Authority, scheme: str) -> None:
    letters: list[Message] = []
    heard: list[bytes] = []
    async with mail_server(letters, scheme=scheme, issued=authority.issue("mail"), heard=heard) as url:
        await Mail(url, "firstdose@pharmacy.example").deliver(DELIVERY)
    assert len(letters) == 1
    if scheme == "smtp":
        said = [command.split()[0] for command in heard]
        assert said.index(b"STARTTLS") < said.index(b"AUTH") < said.index(b"MAIL")


async def test_a_server_without_starttls_hears_neither_password_nor_letter() -> None:
    letters: list[Message] = []
    heard: list[bytes] = []
    async with mail_server(letters, scheme="smtp", heard=heard) as url:
        with pytest.raises(Unavailable, match="mail_server_away"):
            await Mail(url, "firstdose@pharmacy.example", within=timedelta(seconds=5)).deliver(DELIVERY)
    assert letters == []
    assert not [command for command in heard if command.startswith((b"AUTH", b"MAIL", b"DATA"))]


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_a_server_whose_certificate_nobody_vouches_for_hears_nothing(
    authority: Authority, tmp_path: Path, scheme: str
) -> None:
    (tmp_path / "other").mkdir()
    issued, letters = Authority(tmp_path / "other", "other").issue("mail"), list[Message]()
    heard: list[bytes] = []
    async with mail_server(letters, scheme=scheme, issued=issued, heard=heard) as url:
        with pytest.raises(Unavailable, match="mail_server_away"):
            await Mail(url, "firstdose@pharmacy.example", within=timedelta(seconds=5)).deliver(DELIVERY)
    assert letters == []
    assert not [command for command in heard if command.startswith((b"AUTH", b"MAIL", b"DATA"))]


async def test_a_server_that_is_busy_or_away_is_tried_later() -> None:
    async with mail_server([], b"421 too busy") as busy:
        with pytest.raises(Unavailable, match="mail_server_away"):
            await Mail(busy, "firstdose@pharmacy.example", within=timedelta(seconds=5)).deliver(DELIVERY)
    with pytest.raises(Unavailable, match="mail_server_away"):
        await Mail(busy, "firstdose@pharmacy.example", within=timedelta(seconds=5)).deliver(DELIVERY)
