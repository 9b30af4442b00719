"""Mail through one SMTP server. Its texts contain no PHI."""

import asyncio
from datetime import timedelta
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote

import aiosmtplib

from firstdose.adapters.postgres.messages.outbox import OutboxMessage
from firstdose.domain.address import mail_server
from firstdose.domain.problem import ProblemCode
from firstdose.ports import Unavailable

WITHIN: Final = timedelta(seconds=30)


class Mail:
    """`url` is as `domain.address.mail_server` parses it: mail without TLS needs `smtp+plain`."""

    def __init__(self, url: str, sender: str, *, within: timedelta = WITHIN) -> None:
        self._server = mail_server(url)
        self._sender = sender
        self._within = within

    async def deliver(self, delivery: OutboxMessage) -> None:
        """Send the delivery's `{to, subject, text}`. Raises Unavailable."""
        try:
            async with asyncio.timeout(self._within.total_seconds()):
                await self._send(self._written(delivery))
        except (aiosmtplib.SMTPException, TimeoutError, OSError):
            raise Unavailable(ProblemCode.MAIL_SERVER_AWAY) from None

    def _written(self, delivery: OutboxMessage) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self._sender
        message["To"] = str(delivery.body["to"])
        message["Subject"] = str(delivery.body["subject"])
        message["Message-ID"] = f"<{delivery.id}@firstdose>"
        message.set_content(str(delivery.body["text"]))
        return message

    async def _send(self, message: EmailMessage) -> None:
        server, address = self._server, self._server.address
        await aiosmtplib.send(
            message,
            hostname=address.hostname,
            port=address.port,
            username=unquote(address.username) if address.username else None,
            password=unquote(address.password) if address.password else None,
            use_tls=server.implicit,
            start_tls=not (server.implicit or server.plain),
            timeout=self._within.total_seconds(),
        )
