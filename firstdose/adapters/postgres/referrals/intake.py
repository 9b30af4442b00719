"""Intake: a source's webhook becomes a referral, or a message to the one that it is about, in one transaction."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.keys.vault import NoDataKey, Vault
from firstdose.adapters.postgres.messages.messages import Conflict, Messages, UnknownReferral
from firstdose.adapters.postgres.pool import Connection, Pool, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.referrals.known_outline import known_outline
from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.source_message import CancelReason
from firstdose.domain.work.message import Message, MessageKind
from firstdose.domain.work.role import SOURCE

_sql = load("intake")


class SourceMessage(Protocol):
    """A source's message: a referral, or without one its cancellation."""

    @property
    def source_referral_id(self) -> str: ...
    @property
    def referral(self) -> Referral | None: ...
    @property
    def reason(self) -> CancelReason | None: ...
    @property
    def note(self) -> str | None: ...


@dataclass(frozen=True)
class WebhookDelivery:
    """One webhook, authenticated and understood."""

    source: str
    webhook_id: str
    body: bytes = field(repr=False)
    message: SourceMessage = field(repr=False)
    received_at: datetime


class IntakeStatus(StrEnum):
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Receipt:
    """What the source is answered."""

    referral_id: str
    status: IntakeStatus


class Intake:
    """One referral per source and the source's own number for it, however often and in parallel it is sent."""

    def __init__(self, pool: Pool, vault: Vault, audit: AuditTrail) -> None:
        self._pool = pool
        self._vault = vault
        self._messages = Messages(pool, vault, audit)

    async def accept(self, delivery: WebhookDelivery) -> Receipt:
        """Store a source's message durably.

        A message with the same content, in whatever bytes, is a duplicate and changes nothing.

        Raises:
            Conflict: the webhook id came with another body before.
            UnknownReferral: a cancellation of an unknown referral, or a message about a shredded one.
            Unavailable: nothing was stored, or it is not known; to be sent again.
        """
        body_index = self._vault.index("webhook-body", hashlib.sha256(delivery.body).hexdigest())
        source_index = self._vault.index(f"source-referral|{delivery.source}", delivery.message.source_referral_id)
        async with transaction(self._pool) as connection:
            await _sql.lock_key(connection, key=int.from_bytes(source_index[:8], signed=True))
            if seen := await self._seen(connection, delivery, body_index):
                return seen
            referral_id = await _sql.known_as(connection, source=delivery.source, source_index=source_index)
            try:
                receipt = await self._apply(connection, delivery, source_index, referral_id)
            except NoDataKey:
                raise UnknownReferral("the referral was shredded") from None
            await self._keep(connection, delivery, body_index, receipt.referral_id)
        return receipt

    async def _apply(
        self, connection: Connection, delivery: WebhookDelivery, source_index: bytes, referral_id: str | None
    ) -> Receipt:
        referral = delivery.message.referral
        if referral is None:
            if referral_id is None:
                raise UnknownReferral("no such referral")
            return await self._cancel(connection, delivery, referral_id)
        if referral_id is None:
            return await self._create(connection, delivery, source_index, referral)
        return await self._amend(connection, delivery, referral_id, referral)

    async def _create(
        self, connection: Connection, delivery: WebhookDelivery, source_index: bytes, referral: Referral
    ) -> Receipt:
        start = _message(delivery, new_id(), MessageKind.START)
        await _sql.create_referral(
            connection,
            id=start.referral_id,
            source=delivery.source,
            source_index=source_index,
            outline=(await known_outline(connection, referral)).model_dump(mode="json"),
            at=delivery.received_at,
        )
        sealer = await self._vault.create(connection, start.referral_id)
        await _sql.first_revision(
            connection,
            referral_id=start.referral_id,
            sealed=sealer.seal(referral.model_dump(mode="json"), **_first_revision(start.referral_id)),
            message_id=start.id,
            at=delivery.received_at,
        )
        return await self._store(connection, delivery, start, "received")

    async def _amend(
        self, connection: Connection, delivery: WebhookDelivery, referral_id: str, referral: Referral
    ) -> Receipt:
        if referral == await self._last_version(connection, referral_id):
            return Receipt(referral_id, IntakeStatus.DUPLICATE)
        sealed = {"referral": referral.model_dump(mode="json")}
        amend = _message(delivery, referral_id, MessageKind.AMEND, sealed=sealed)
        return await self._store(connection, delivery, amend, "update_received")

    async def _cancel(self, connection: Connection, delivery: WebhookDelivery, referral_id: str) -> Receipt:
        if await _newest_from_source(connection, referral_id, MessageKind.CANCEL):
            return Receipt(referral_id, IntakeStatus.DUPLICATE)
        received = delivery.message
        sealed = {"note": received.note} if received.note else None
        body = {"reason": received.reason or CancelReason.WITHDRAWN}
        cancel = _message(delivery, referral_id, MessageKind.CANCEL, body=body, sealed=sealed)
        return await self._store(connection, delivery, cancel, "cancellation_received")

    async def _store(self, connection: Connection, delivery: WebhookDelivery, message: Message, action: str) -> Receipt:
        await self._messages.store(connection, message, action=action, details={"source": delivery.source})
        return Receipt(message.referral_id, IntakeStatus.ACCEPTED)

    async def _seen(self, connection: Connection, delivery: WebhookDelivery, body_index: bytes) -> Receipt | None:
        """What this webhook was answered before. Raises Conflict."""
        row = await _sql.receipt(
            connection, source=delivery.source, webhook_index=self._index(delivery), webhook_id=delivery.webhook_id
        )
        if row is None:
            return None
        if row["body_index"] != body_index:
            raise Conflict("the webhook id was used before, for another body")
        return Receipt(row["referral_id"], IntakeStatus.DUPLICATE)

    async def _keep(
        self, connection: Connection, delivery: WebhookDelivery, body_index: bytes, referral_id: str
    ) -> None:
        kept = await _sql.keep_receipt(
            connection,
            source=delivery.source,
            webhook_index=self._index(delivery),
            body_index=body_index,
            referral_id=referral_id,
            received_at=delivery.received_at,
        )
        if kept is None:  # the same id about another referral, stored by somebody else in this moment
            raise Conflict("the webhook id was used before, for another body")

    def _index(self, delivery: WebhookDelivery) -> bytes:
        return self._vault.index(f"webhook-id|{delivery.source}", delivery.webhook_id)

    async def _last_version(self, connection: Connection, referral_id: str) -> Referral:
        """The source's last version, without corrections by staff."""
        if newest := await _newest_from_source(connection, referral_id, MessageKind.AMEND):
            received = await self._messages.sealed_part(connection, newest)
            return Referral.model_validate((received or {})["referral"])
        sealer = await self._vault.sealer(connection, referral_id)
        sealed = await _sql.sealed_first_revision(connection, referral_id=referral_id)
        return Referral.model_validate(sealer.open(sealed, **_first_revision(referral_id)))


def _message(delivery: WebhookDelivery, referral_id: str, kind: MessageKind, **content: Any) -> Message:
    return Message(
        id=new_id(), referral_id=referral_id, kind=kind, actor=SOURCE, received_at=delivery.received_at, **content
    )


def _first_revision(referral_id: str) -> dict[str, str]:
    return {"table": "referral_revisions", "row": f"{referral_id}/1", "column": "sealed"}


async def _newest_from_source(connection: Connection, referral_id: str, kind: MessageKind) -> str | None:
    newest: str | None = await _sql.newest_from_source(connection, referral_id=referral_id, kind=kind)
    return newest
