"""Where a payer's news goes on to: the workflows of the referrals that it concerns, and the audit."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from desk.http.app_context import AppContext
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.messages.messages import UnknownReferral
from firstdose.adapters.postgres.payers.subscriptions import PostgresSubscriptions
from firstdose.domain.problem import ProblemCode
from firstdose.domain.work.message import Message, MessageKind
from firstdose.domain.work.role import Actor, ActorKind
from firstdose.payer_ports import Contact
from firstdose.ports import Impossible

MOST_ASKED: Final = 200
"""How many requests are asked about at once when a payer says that there is news, and not of what."""
ASKED_AGAIN_AFTER_S: Final = 60


class PayerNewsSink:
    """Implements answers.AnswerSink."""

    def __init__(self, desk: AppContext, payer: str) -> None:
        self._desk = desk
        self._payer = payer
        self._actor = Actor(kind=ActorKind.PAYER, id=payer)
        self._subscriptions = PostgresSubscriptions(desk.pool, desk.audit)

    async def answered(self, contact: Contact, digest: str, *, refused: ProblemCode | None = None) -> None:
        body = {"contact_id": contact.id, **({"refused": refused} if refused else {})}
        try:
            await self._post(contact.referral_id, body, f"payer|{contact.id}|{digest}")
        except UnknownReferral:
            raise Impossible(ProblemCode.UNKNOWN_REFERRAL) from None

    async def rang(self) -> None:
        """Each request is asked about once in a minute, however often the payer rings."""
        minute = int(datetime.now(UTC).timestamp()) // ASKED_AGAIN_AFTER_S
        for contact in await self._subscriptions.waiting(self._payer, MOST_ASKED):
            body = {"contact_id": contact.id, "ask": True}
            with suppress(UnknownReferral, Impossible):  # it was shredded meanwhile
                await self._post(contact.referral_id, body, f"payer|{contact.id}|ask|{minute}")

    async def lost(self, subscription: str) -> None:
        if await self._subscriptions.lost(self._payer, subscription, datetime.now(UTC)):
            await self.note("payer_subscription_lost", self._payer)
            await self.rang()

    async def note(self, action: str, payer: str) -> None:
        await self._desk.note(self._actor, action, {"payer": payer})

    async def _post(self, referral_id: str, body: dict[str, Any], key: str) -> None:
        message = Message(
            id=new_id(),
            referral_id=referral_id,
            kind=MessageKind.PAYER_ANSWERED,
            actor=self._actor,
            body=body,
            received_at=datetime.now(UTC),
        )
        await self._desk.messages.post(message, idempotency_key=key)
