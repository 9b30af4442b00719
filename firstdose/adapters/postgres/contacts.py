"""Contacts with payers: what we meant to ask, whether it may have left us, and every answer, sealed as it came."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import asyncpg

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.pool import Connection, Pool, reachable, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.revisions import known_referral, unshredded
from firstdose.adapters.postgres.vault import Vault
from firstdose.domain.authorization import PayerAnswer
from firstdose.domain.role import SYSTEM
from firstdose.ports import Contact, Impossible, ReceivedAnswer, Via

_sql = load("contacts")


class PostgresContacts:
    """Implements ports.ContactStore; each change is audited. Raises Unavailable, and Impossible where it says so."""

    def __init__(self, pool: Pool, vault: Vault, audit: AuditTrail) -> None:
        self._pool = pool
        self._vault = vault
        self._audit = audit

    async def begin(self, contact: Contact) -> Contact:
        """Impossible if another contact has its trace number, or there is no such referral."""
        with known_referral():
            async with transaction(self._pool) as connection:
                if await _sql.begin(connection, **contact.model_dump()):
                    await self._write(connection, contact, "payer_contact.begun", {"purpose": contact.purpose})
                    return contact
                row = await _sql.one(connection, id=contact.id)
        if row is None:
            raise Impossible("trace_number_in_use")
        return _contact(row)

    async def mark_attempted(self, contact_id: str) -> None:
        async with transaction(self._pool) as connection:
            if row := await _sql.mark_attempted(connection, id=contact_id):
                await self._write(connection, _contact(row), "payer_contact.attempted", {})

    async def keep_answer(self, contact_id: str, via: Via, received: ReceivedAnswer) -> bool:
        """Impossible if there is no such contact, the referral was shredded, or the answer has a NUL character."""
        with unshredded(), _storable():
            async with transaction(self._pool) as connection:
                # Locked, so that the same answer coming in two ways at once is kept once.
                row = await _sql.locked(connection, id=contact_id)
                if row is None:
                    raise Impossible("unknown_contact")
                newest = await _sql.newest_answer(connection, contact_id=contact_id)
                if newest and _says_the_same(PayerAnswer.model_validate(newest["answer"]), received.answer):
                    return False
                await self._keep(connection, _contact(row), (newest["number"] if newest else 0) + 1, via, received)
        return True

    async def latest_answer(self, contact_id: str) -> PayerAnswer | None:
        async with reachable():
            row = await _sql.newest_answer(self._pool, contact_id=contact_id)
        return PayerAnswer.model_validate(row["answer"]) if row else None

    async def find(self, contact_id: str) -> Contact | None:
        async with reachable():
            row = await _sql.one(self._pool, id=contact_id)
        return _contact(row) if row else None

    async def by_trace(self, payer: str, trace: str) -> Contact | None:
        async with reachable():
            row = await _sql.by_trace(self._pool, payer=payer, trace=trace)
        return _contact(row) if row else None

    async def _keep(
        self, connection: Connection, contact: Contact, number: int, via: Via, received: ReceivedAnswer
    ) -> None:
        sealer = await self._vault.sealer(connection, contact.referral_id)
        raw = b64encode(received.raw).decode()
        await _sql.insert_answer(
            connection,
            contact_id=contact.id,
            number=number,
            via=via,
            answer=received.answer.model_dump(mode="json"),
            sealed=sealer.seal(raw, table="payer_answers", row=f"{contact.id}/{number}", column="sealed"),
            received_at=received.answer.received_at or datetime.now(UTC),
        )
        states = {str(line.sequence): line.state for line in received.answer.lines}
        await self._write(connection, contact, "payer_contact.answered", {"via": via, "lines": states})

    async def _write(self, connection: Connection, contact: Contact, action: str, details: Mapping[str, Any]) -> None:
        await self._audit.write(
            connection,
            contact.referral_id,
            at=datetime.now(UTC),
            actor=SYSTEM.id,
            action=action,
            details={"contact": contact.id, "payer": contact.payer, **details},
        )


@contextmanager
def _storable() -> Iterator[None]:
    try:
        yield
    except asyncpg.UntranslatableCharacterError:
        raise Impossible("unreadable_answer") from None


def _contact(row: Mapping[str, Any]) -> Contact:
    return Contact.model_validate(dict(row))


def _says_the_same(one: PayerAnswer, other: PayerAnswer) -> bool:
    return (one.lines, one.tracking, one.information) == (other.lines, other.tracking, other.information)
