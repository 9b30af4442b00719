"""Contacts with payers: what we meant to ask, whether it may have left us, and every answer, sealed as it came."""

import hashlib
import logging
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.payers.replies import Replies
from firstdose.adapters.postgres.payers.set_aside import SetAside, UnreadableShown
from firstdose.adapters.postgres.pool import Connection, Pool, reachable, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.referrals.revisions import Revisions, known_referral, unshredded
from firstdose.domain.authorization.answer_match import Named, Ours, Whose, refusal, whose_answer, whose_request
from firstdose.domain.authorization.answers import receive
from firstdose.domain.authorization.lines import PayerAnswer, PayerEvent
from firstdose.domain.payer.channel import Channel
from firstdose.domain.problem import ProblemCode
from firstdose.domain.sealed_text import sealed_texts
from firstdose.domain.work.role import SYSTEM
from firstdose.payer_ports import Contact, ForeignAnswer, PayerReply, Received, ReceivedAnswer, Via
from firstdose.ports import Impossible, Unavailable

_log = logging.getLogger(__name__)
_sql = load("contacts")


class PostgresContacts:
    """Implements payer_ports.ContactStore, with its audit. Raises Unavailable, and Impossible where it says so."""

    def __init__(self, pool: Pool, vault: Vault, audit: AuditTrail) -> None:
        self._pool = pool
        self._vault = vault
        self._audit = audit
        self._aside = SetAside(vault)
        self._replies = Replies(vault)
        self._revisions = Revisions(vault)

    async def begin(self, contact: Contact) -> Contact:
        """Impossible if another contact has its trace number, or there is no such referral."""
        with known_referral():
            async with transaction(self._pool) as connection:
                if await _sql.begin(connection, **_intent(contact)):
                    await self._write(connection, contact, "payer_contact.begun", {"purpose": contact.purpose})
                    return contact
                row = await _sql.one(connection, id=contact.id)
        if row is None:
            raise Impossible(ProblemCode.TRACE_NUMBER_IN_USE)
        return _contact(row)

    async def mark_attempted(self, contact: Contact, channel: Channel) -> None:
        async with transaction(self._pool) as connection:
            if not await _sql.mark_attempted(connection, id=contact.id, channel=channel, attempts=contact.attempts):
                raise Unavailable(ProblemCode.REQUEST_UNDER_WAY)
            await self._write(connection, contact, "payer_contact.attempted", {"channel": channel})

    async def take_back(self, contact: Contact) -> None:
        stood = contact.model_dump(include={"id", "attempted", "channel", "attempts"})
        async with transaction(self._pool) as connection:
            if await _sql.take_back(connection, **stood):
                await self._write(connection, contact, "payer_contact.without_effect", {})

    async def keep_answer(
        self, contact_id: str, via: Via, received: ReceivedAnswer, event: PayerEvent | None = None
    ) -> PayerAnswer:
        """Its texts are sealed from here on. Impossible if the contact is unknown, or the referral was shredded."""
        with unshredded():
            async with self._locked(contact_id) as (connection, contact):
                refused = refusal(await self._whose(connection, contact, received.named), direct=via.direct)
                if refused is None:
                    return await self._receive(connection, contact, via, received, event)
                await self._keep_foreign(connection, contact, via, received, refused)
        raise ForeignAnswer(refused)

    async def check_whose(self, contact_id: str, via: Via, received: Received) -> None:
        """Impossible if there is no such contact, or the referral was shredded."""
        with unshredded():
            async with self._locked(contact_id) as (connection, contact):
                refused = refusal(await self._whose(connection, contact, received.named), direct=via.direct)
                if refused is None:
                    return
                await self._keep_foreign(connection, contact, via, received, refused)
        raise ForeignAnswer(refused)

    async def keep_reply(self, contact_id: str, received: Received, reply: PayerReply) -> PayerReply:
        """Impossible if there is no such contact, or the referral was shredded."""
        with unshredded():
            async with self._locked(contact_id) as (connection, contact):
                refused = refusal(await self._whose(connection, contact, received.named), direct=True)
                if refused is None:
                    return await self._keep_reply(connection, contact, received, reply)
                await self._keep_foreign(connection, contact, Via.RESPONSE, received, refused)
        raise ForeignAnswer(refused)

    async def keep_unreadable(self, contact_id: str, body: bytes) -> None:
        """Impossible if there is no such contact, or the referral was shredded."""
        with unshredded():
            async with self._locked(contact_id) as (connection, contact):
                if await self._aside.keep(connection, contact, body, ProblemCode.UNREADABLE_ANSWER):
                    await self._write(connection, contact, "payer_contact.unreadable", {"bytes": len(body)})

    async def unreadable(self, referral_id: str) -> UnreadableShown | None:
        """The newest of the referral; None if there is none, or it was shredded."""
        async with transaction(self._pool) as connection:
            return await self._aside.newest(connection, referral_id)

    async def count_foreign(self) -> dict[str, int]:
        """Answers about others that are kept, by problem."""
        async with transaction(self._pool) as connection:
            return await self._aside.count(connection)

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

    @asynccontextmanager
    async def _locked(self, contact_id: str) -> AsyncIterator[tuple[Connection, Contact]]:
        """A transaction that nobody else is in for this contact: what comes in two ways at once comes in turn."""
        async with transaction(self._pool) as connection:
            row = await _sql.locked(connection, id=contact_id)
            if row is None:
                raise Impossible(ProblemCode.UNKNOWN_CONTACT)
            yield connection, _contact(row)

    async def _whose(self, connection: Connection, contact: Contact, named: Named) -> Whose:
        """By any version of the facts: the payer may repeat what we sent before they were corrected."""
        found = whose_request(named, contact.trace)
        if found.foreign or not named.patients:
            return found
        async for referral in self._revisions.history(connection, contact.referral_id):
            found = whose_answer(named, Ours.of(contact.trace, referral))
            if not found.foreign:
                break
        return found

    async def _keep_foreign(
        self, connection: Connection, contact: Contact, via: Via, received: Received, problem: ProblemCode
    ) -> None:
        """Of its words nothing is in the record: they are about another person."""
        if await self._aside.keep(connection, contact, received.raw, problem):
            told = {"via": via, "problem": problem, "bytes": len(received.raw)}
            _log.warning("a payer's answer is about another", extra={"payer": contact.payer, "code": problem.value})
            await self._write(connection, contact, "payer_contact.foreign_answer", told)

    async def _keep_reply(
        self, connection: Connection, contact: Contact, received: Received, reply: PayerReply
    ) -> PayerReply:
        sealed = sealed_texts(reply, (await self._vault.sealer(connection, contact.referral_id)).texts)
        if await self._replies.keep(connection, contact, received.raw, sealed):
            action = "payer_contact.unclear" if reply.problem else "payer_contact.answered"
            status = reply.benefits.status if reply.benefits else None
            told = {"via": Via.RESPONSE, "problem": reply.problem, "status": status, "bytes": len(received.raw)}
            await self._write(connection, contact, action, {name: each for name, each in told.items() if each})
        return sealed

    async def _receive(
        self,
        connection: Connection,
        contact: Contact,
        via: Via,
        received: ReceivedAnswer,
        event: PayerEvent | None,
    ) -> PayerAnswer:
        sealer = await self._vault.sealer(connection, contact.referral_id)
        received = received.model_copy(update={"answer": sealed_texts(received.answer, sealer.texts)})
        newest = await _sql.newest_answer(connection, contact_id=contact.id)
        known = PayerAnswer.model_validate(newest["answer"]) if newest else None
        if event is not None and not await self._take(connection, contact, event, received) and known:
            return known
        stands, changes = receive(known, received.answer)
        if changes is not None:
            kept = received.model_copy(update={"answer": stands})
            await self._keep(connection, contact, (newest["number"] if newest else 0) + 1, via, kept)
        elif not stands.repeats(received.answer):
            await self._set_aside(connection, contact, via, received)
        return stands

    async def _take(
        self, connection: Connection, contact: Contact, event: PayerEvent, received: ReceivedAnswer
    ) -> bool:
        """False if the event brought this very answer before."""
        subscription = self._vault.index("payer-subscription", event.subscription).hex()
        said = {"payer": contact.payer, "subscription": subscription, "number": event.number}
        together = [self._vault.index("payer-event", digest) for digest in event.answers]
        used_before = await _sql.number_used_before(connection, **said, together=together)
        own = self._vault.index("payer-event", hashlib.sha256(received.raw).hexdigest())
        if await _sql.take_event(connection, **said, answer_index=own, received_at=datetime.now(UTC)) is None:
            return False
        if used_before:  # the payer counts anew: whether it is news, the answer itself must tell
            _log.warning("event number used before", extra={"payer": contact.payer, "number": event.number})
            await self._write(connection, contact, "payer_contact.event_number_used_before", {"number": event.number})
        return True

    async def _keep(
        self, connection: Connection, contact: Contact, number: int, via: Via, received: ReceivedAnswer
    ) -> None:
        row = await self._row(connection, contact, "payer_answers", number, via, received)
        await _sql.insert_answer(connection, **row)
        await self._write(connection, contact, "payer_contact.answered", _said(via, received.answer))

    async def _set_aside(self, connection: Connection, contact: Contact, via: Via, received: ReceivedAnswer) -> None:
        newest = await _sql.newest_overtaken(connection, contact_id=contact.id)
        if newest and PayerAnswer.model_validate(newest["answer"]).repeats(received.answer):
            return
        number = (newest["number"] if newest else 0) + 1
        row = await self._row(connection, contact, "payer_overtaken", number, via, received)
        await _sql.insert_overtaken(connection, **row)
        details = {**_said(via, received.answer), "applied": False}
        await self._write(connection, contact, "payer_contact.answered", details)

    async def _row(
        self, connection: Connection, contact: Contact, table: str, number: int, via: Via, received: ReceivedAnswer
    ) -> dict[str, Any]:
        return {
            "contact_id": contact.id,
            "number": number,
            "via": via,
            "answer": received.answer.model_dump(mode="json"),
            "sealed": await self._seal(connection, contact, received.raw, table, number),
            "received_at": received.answer.received_at or datetime.now(UTC),
        }

    async def _seal(self, connection: Connection, contact: Contact, raw: bytes, table: str, number: int) -> bytes:
        sealer = await self._vault.sealer(connection, contact.referral_id)
        return sealer.seal(b64encode(raw).decode(), **_place(table, contact.id, number))

    async def _write(self, connection: Connection, contact: Contact, action: str, details: Mapping[str, Any]) -> None:
        await self._audit.write(
            connection,
            contact.referral_id,
            at=datetime.now(UTC),
            actor=SYSTEM.id,
            action=action,
            details={"contact": contact.id, "payer": contact.payer, **details},
        )


def _intent(contact: Contact) -> dict[str, Any]:
    return {**contact.model_dump(), "asked": [line.model_dump(mode="json") for line in contact.asked]}


def _contact(row: Mapping[str, Any]) -> Contact:
    return Contact.model_validate(dict(row))


def _place(table: str, contact_id: str, number: int) -> dict[str, str]:
    return {"table": table, "row": f"{contact_id}/{number}", "column": "sealed"}


def _said(via: Via, answer: PayerAnswer) -> dict[str, Any]:
    return {"via": via, "lines": {str(line.sequence): line.state for line in answer.lines}}
