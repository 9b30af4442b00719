"""Messages to workflows: stored with their audit, claimed for delivery, settled once."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
import structlog
from pydantic import ValidationError

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.deadline import database_within
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.listening import SharedListener
from firstdose.adapters.postgres.pool import Connection, Pool, reachable, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.domain.work.message import ActionLimit, Message, MessageState
from firstdose.domain.work.role import SYSTEM, Actor

CHANNEL = "messages"
"""What to listen to for messages that can be claimed."""
_SETTLED = "message_settled"
# Should a notification ever be lost, a waiter looks for itself this often.
_LOOK_AGAIN_SECONDS = 5.0
_LOOK_WITHIN_SECONDS = 2.0

MOST_FAILURES = 12
"""After so many attempts, three minutes, a message that cannot be taken is parked."""

log = structlog.get_logger(__name__)

_sql = load("messages")


class Conflict(Exception):
    """The same key was used before for something else."""


class TooFast(Exception):
    """The actor has reached its limit for this referral; `retry_after` is the time until the next is accepted."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__("too many messages of one actor")
        self.retry_after = retry_after


class UnknownReferral(LookupError):
    """There is no such referral, or its data was shredded."""


class Messages:
    """The messages of a referral are delivered one at a time, in the order in which they were stored."""

    def __init__(self, pool: Pool, vault: Vault, audit: AuditTrail) -> None:
        self._pool = pool
        self._vault = vault
        self._audit = audit
        self._settled = SharedListener(pool, _SETTLED)

    async def post(
        self, message: Message, *, idempotency_key: str | None = None, limit: ActionLimit | None = None
    ) -> Message:
        """Store a message; the same idempotency key (or id) with the same content again gives the one stored before.

        Raises:
            Conflict: the key came with another content before.
            TooFast: the actor is beyond `limit`; a message that was stored before does not count again.
            UnknownReferral, Unavailable.
        """
        async with transaction(self._pool) as connection:
            return await self.store(
                connection, message, idempotency_key=idempotency_key, action="message_stored", limit=limit
            )

    async def store(
        self,
        connection: Connection,
        message: Message,
        *,
        action: str,
        idempotency_key: str | None = None,
        details: Mapping[str, Any] | None = None,
        limit: ActionLimit | None = None,
    ) -> Message:
        """`post` in the caller's transaction, audited as `action`."""
        if await _sql.lock_referral(connection, referral_id=message.referral_id) is None:
            raise UnknownReferral("no such referral")
        key_index = self._vault.index("idempotency-key", idempotency_key) if idempotency_key else None
        before = await _sql.stored_as(
            connection,
            referral_id=message.referral_id,
            id=message.id,
            key_index=key_index,
            idempotency_key=idempotency_key,
        )
        if before is not None:
            return await self._same(connection, before, message)
        if limit:
            await _require_room(connection, message, limit)
        await self._insert(connection, message, key_index)
        await self._audit.write(
            connection,
            message.referral_id,
            at=message.received_at,
            actor=message.actor.label,
            action=action,
            details={"kind": message.kind, **(details or {})},
            message_id=message.id,
        )
        return message

    @reachable()
    async def knows_key(self, referral_id: str, idempotency_key: str) -> bool:
        """Whether a message of the referral was stored under this key."""
        key_index = self._vault.index("idempotency-key", idempotency_key)
        known = await _sql.knows_key(
            self._pool, referral_id=referral_id, key_index=key_index, idempotency_key=idempotency_key
        )
        return bool(known)

    async def claim(self, limit: int, lease: timedelta) -> list[Message]:
        """Take up to `limit` messages to deliver, at most one per referral; they are held for the time of the lease.

        Without their sealed part. One that this version cannot read is set back, for a newer one to take. Raises
        Unavailable.
        """
        async with reachable():
            rows = [row async for row in _sql.claim(self._pool, number=limit, lease=lease)]
        messages = []
        for row in sorted(rows, key=lambda row: row["ordinal"]):
            try:
                messages.append(_message(row))
            except ValidationError:
                await self.set_back(row["id"], "unreadable")
        return messages

    @reachable()
    async def item_is_open(self, item_id: str) -> bool:
        """Whether people see this work item as open."""
        return bool(await _sql.item_is_open(self._pool, id=item_id))

    async def settle(self, message_id: str, state: MessageState, refusal: str | None = None) -> None:
        """The outcome, once: a later one is passed over. A refusal is audited here, what is applied by the journal.

        `refusal` is a code or a fixed text. Raises Unavailable.
        """
        async with transaction(self._pool) as connection:
            row = await _sql.settle(connection, id=message_id, state=state, refusal=refusal)
            if row is None or state is not MessageState.REFUSED:
                return
            await self._audit.write(
                connection,
                row["referral_id"],
                at=row["settled_at"],
                actor=SYSTEM.id,
                action="message_refused",
                details={"kind": row["kind"], "refusal": refusal},
                message_id=message_id,
            )

    @reachable()
    async def postpone(self, message_id: str, delay: timedelta) -> None:
        """Deliver it again, but not before `delay` is over. Raises Unavailable."""
        await _sql.postpone(self._pool, id=message_id, delay=delay)

    async def set_back(self, message_id: str, problem: str) -> MessageState:
        """It could not be taken as it is: to be tried again, later each time, and parked after MOST_FAILURES.

        What stands behind a parked message is delivered without it. `problem` is a code. Raises Unavailable.
        """
        async with transaction(self._pool) as connection:
            row = await _sql.set_back(connection, id=message_id, problem=problem, most=MOST_FAILURES)
            if row is None or row["state"] != MessageState.PARKED:
                return MessageState.PENDING
            await self._audit.write(
                connection,
                row["referral_id"],
                at=row["at"],
                actor=SYSTEM.id,
                action="message_parked",
                details={"kind": row["kind"], "problem": problem},
                message_id=message_id,
            )
        log.error("message_parked", action_id=message_id, kind=row["kind"], code=problem)
        return MessageState.PARKED

    async def outcome(self, message_id: str, within: timedelta) -> Message:
        """The message once it is settled, or as it stands when the time is over.

        Raises LookupError for an unknown id, and Unavailable.
        """
        clock = asyncio.get_running_loop().time
        deadline = clock() + within.total_seconds()
        async with self._settled.bell(message_id) as bell:
            while True:
                with database_within(_LOOK_WITHIN_SECONDS):
                    message = await self.find(message_id)
                left = deadline - clock()
                if message.state.is_settled or left <= 0:
                    return message
                await bell.wait(min(left, _LOOK_AGAIN_SECONDS))

    @reachable()
    async def find(self, message_id: str) -> Message:
        """The message as it stands, without its sealed part. Raises LookupError, Unavailable."""
        row = await _sql.find(self._pool, id=message_id)
        if row is None:
            raise LookupError("no such message")
        return _message(row)

    async def sealed_part(
        self, connection: Connection, message_id: str, *, of: str | None = None
    ) -> dict[str, Any] | None:
        """What the message carries sealed; None if nothing, or if there is no such message. Raises NoDataKey.

        `of` is the referral to which it must belong.
        """
        row = await _sql.sealed_part(connection, id=message_id)
        if row is None or of not in (None, row["referral_id"]):
            return None
        return await self._open(connection, row["referral_id"], message_id, row["sealed"])

    async def _insert(self, connection: Connection, message: Message, key_index: bytes | None) -> None:
        sealed = None
        if message.sealed is not None:
            sealer = await self._vault.sealer(connection, message.referral_id)
            sealed = sealer.seal(message.sealed, **_place(message.id))
        await _sql.insert(
            connection,
            id=message.id,
            referral_id=message.referral_id,
            kind=message.kind,
            actor=message.actor.model_dump(mode="json"),
            body=message.body,
            sealed=sealed,
            key_index=key_index,
            received_at=message.received_at,
        )

    async def _same(self, connection: Connection, row: Mapping[str, Any], message: Message) -> Message:
        """The message stored before, if that is what this one is. Raises Conflict."""
        sealed = await self._open(connection, row["referral_id"], row["id"], row["sealed"])
        before = (row["kind"], Actor.model_validate(row["actor"]).label, row["body"], sealed)
        if before != (message.kind, message.actor.label, _as_json(message.body), _as_json(message.sealed)):
            raise Conflict("the key was used before, for another message")
        return _message(row)

    async def _open(
        self, connection: Connection, referral_id: str, message_id: str, sealed: bytes | None
    ) -> dict[str, Any] | None:
        if sealed is None:
            return None
        content: dict[str, Any] = (await self._vault.sealer(connection, referral_id)).open(sealed, **_place(message_id))
        return content


async def _require_room(connection: Connection, message: Message, limit: ActionLimit) -> None:
    """Counted under the lock of the referral, so that several desks agree. Raises TooFast."""
    since = message.received_at - limit.within
    earlier = await _sql.nth_newest_of_actor(
        connection, referral_id=message.referral_id, actor=message.actor.id, since=since, skipped=limit.most - 1
    )
    if earlier is not None:
        raise TooFast(earlier - since)


def _place(message_id: str) -> dict[str, str]:
    return {"table": "messages", "row": message_id, "column": "sealed"}


def _as_json(content: object) -> Any:
    return orjson.loads(orjson.dumps(content))


def _message(row: Mapping[str, Any]) -> Message:
    return Message.model_validate({name: row[name] for name in Message.model_fields if name != "sealed"})
