"""Payers' answers on their way into the store: answered, inquired or notified, in whatever order they arrive."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from firstdose.adapters.payers.case_file import CaseFiles, asked_case
from firstdose.adapters.payers.pas.notification import NotifiedAnswer, read_notification
from firstdose.domain.authorization.lines import PayerAnswer, PayerEvent
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import (
    Contact,
    ContactStore,
    ForeignAnswer,
    PayerCase,
    PayerEndpoint,
    PayerReply,
    Received,
    ReceivedAnswer,
    ReceivedBenefits,
    Via,
)
from firstdose.ports import Impossible


class AnswerBook:
    """Keeps answers and says when they came; which of them stands is judged in the store, under its lock."""

    def __init__(self, contacts: ContactStore, clock: Callable[[], datetime]) -> None:
        self._contacts = contacts
        self._clock = clock

    async def keep(
        self, contact: Contact, via: Via, received: ReceivedAnswer, event: PayerEvent | None = None
    ) -> PayerAnswer:
        """Keep it and return what now stands, as `authorization.answers.receive` judges. Raises ForeignAnswer."""
        answer = received.answer.model_copy(update={"received_at": self._clock()})
        return await self._contacts.keep_answer(contact.id, via, received.model_copy(update={"answer": answer}), event)

    async def keep_benefits(self, contact: Contact, received: ReceivedBenefits) -> None:
        """Raises ForeignAnswer."""
        told = received.benefits
        reply = PayerReply(benefits=told.model_copy(update={"remarks": ()}), remarks=told.remarks)
        await self._contacts.keep_reply(contact.id, received, reply)

    async def check_whose(self, contact: Contact, received: Received) -> None:
        """Of what is the direct answer to a call of ours and kept nowhere. Raises ForeignAnswer."""
        await self._contacts.check_whose(contact.id, Via.RESPONSE, received)

    async def notified(
        self,
        contact: Contact,
        told: NotifiedAnswer,
        event: PayerEvent | None,
        *,
        trust_outcome: bool,
        case: PayerCase | None = None,
    ) -> None:
        """Keep what a notification says of the lines that the contact asked about, and of no others.

        `case` is what it asked for: then what is authorized is compared with it.
        """
        known = await self._contacts.latest_answer(contact.id)
        asked = tuple(line.sequence for line in contact.asked or (known.lines if known else ()))
        received = told.received(asked, trust_outcome=trust_outcome, trace=contact.trace, case=case)
        await self.keep(contact, Via.NOTIFICATION, received, event)


class AnswerSink(Protocol):
    """Where the news in a notification goes on to."""

    async def answered(self, contact: Contact, digest: str, *, refused: ProblemCode | None = None) -> None:
        """Tell the referral's workflow, once for each `digest` of an answer; `refused` says why it does not count.

        Raises Impossible if there is no such referral any more.
        """

    async def rang(self) -> None:
        """The payer has news, and does not say of what: it is asked about what waits for it."""

    async def lost(self, subscription: str) -> None:
        """The payer's Subscription of this id has ended, or the one it has if it names none."""

    async def note(self, action: str, payer: str) -> None:
        """An audit record of what belongs to no referral."""


class PayerNotifications:
    """What payers post to our hook, matched to the contacts that it answers."""

    def __init__(self, contacts: ContactStore, answers: AnswerBook, files: CaseFiles, desk: AnswerSink) -> None:
        self._contacts = contacts
        self._answers = answers
        self._files = files
        self._desk = desk

    async def receive(self, endpoint: PayerEndpoint, body: bytes) -> int:
        """Keep the answers in a notification and tell whom they concern; the number of answers.

        An event that comes again is told again, for its first telling may have been lost in a crash. What can never
        be ours is noted: repeating it would not make it ours. One that carries no answer makes us ask.
        Raises Unreadable, Unavailable.
        """
        notification = read_notification(body)
        if notification.ended:
            await self._desk.lost(notification.subscription)
        elif notification.rings:
            await self._desk.note("payer_notification_without_answer", endpoint.payer)
            await self._desk.rang()
        for told in notification.told:
            await self._take(endpoint, told, notification.event)
        return len(notification.told)

    async def _take(self, endpoint: PayerEndpoint, told: NotifiedAnswer, event: PayerEvent | None) -> None:
        contact = await self._contact(endpoint.payer, told)
        if contact is None:
            return await self._desk.note("payer_notification_unmatched", endpoint.payer)
        digest = f"{event.number}|{told.digest}" if event else told.digest
        try:
            refused = await self._refused(endpoint, contact, told, event)
            await self._desk.answered(contact, digest, refused=refused)
        except Impossible:
            await self._desk.note("payer_notification_shredded", endpoint.payer)

    async def _refused(
        self, endpoint: PayerEndpoint, contact: Contact, told: NotifiedAnswer, event: PayerEvent | None
    ) -> ProblemCode | None:
        """Why it changes nothing; None where it counts. The payer hears nothing of it: it is about other people."""
        trusted = endpoint.trust_outcome_when_no_review_action
        case = await asked_case(self._files, contact)
        try:
            await self._answers.notified(contact, told, event, trust_outcome=trusted, case=case)
        except ForeignAnswer as foreign:
            return foreign.problem
        return None

    async def _contact(self, payer: str, told: NotifiedAnswer) -> Contact | None:
        for trace in told.traces:
            if contact := await self._contacts.by_trace(payer, trace):
                return contact
        return None
