"""Mail as a real server receives it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.message import Message

import pytest

from firstdose.adapters.notify.mail import Mail
from firstdose.adapters.postgres.outbox import Parcel
from firstdose.ports import Unavailable

PARCEL = Parcel(
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
async def mail_server(letters: list[Message], greeting: bytes = b"220 ready") -> AsyncIterator[str]:
    """Speaks just enough SMTP to take letters; its URL."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting + b"\r\n")
        while line := await reader.readline():
            command = line.strip().upper()
            if command == b"DATA":
                writer.write(b"354 go on\r\n")
                letters.append(message_from_string((await reader.readuntil(b"\r\n.\r\n")).decode()))
            writer.write(b"221 bye\r\n" if command == b"QUIT" else b"250 ok\r\n")
            if command == b"QUIT":
                break
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_letter_arrives_with_the_parcels_id() -> None:
    letters: list[Message] = []
    async with mail_server(letters) as url:
        await Mail(url, "firstdose@pharmacy.example").deliver(PARCEL)
    [letter] = letters
    assert (letter["To"], letter["Subject"]) == ("nurses@pharmacy.example", "A visit is offered")
    assert letter["Message-ID"] == "<0190@firstdose>"


async def test_a_server_that_is_busy_or_away_is_tried_later() -> None:
    async with mail_server([], b"421 too busy") as busy:
        with pytest.raises(Unavailable, match="mail_server_away"):
            await Mail(busy, "firstdose@pharmacy.example", within=timedelta(seconds=5)).deliver(PARCEL)
    with pytest.raises(Unavailable, match="mail_server_away"):
        await Mail(busy, "firstdose@pharmacy.example", within=timedelta(seconds=5)).deliver(PARCEL)
