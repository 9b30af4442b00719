"""Payers' answers on their way into the store: answered, inquired or notified, in whatever order they arrive."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from firstdose.adapters.payers.pas.notification import Told, read_notification
from firstdose.domain.authorization import PayerAnswer
from firstdose.ports import Contact, ContactStore, PayerEndpoint, ReceivedAnswer, Via


class AnswerBook:
    """Keeps answers, each once, and says when they came."""

    def __init__(self, contacts: ContactStore, clock: Callable[[], datetime]) -> None:
        self._contacts = contacts
        self._clock = clock

    async def keep(self, contact: Contact, via: Via, received: ReceivedAnswer) -> PayerAnswer:
        """Keep it and return what now stands: an answer that waits never takes the place of a decision."""
        known = await self._contacts.latest_answer(contact.id)
        if known is not None and not known.pending and received.answer.pending:
            return known
        answer = received.answer.model_copy(update={"received_at": self._clock()})
        await self._contacts.keep_answer(contact.id, via, received.model_copy(update={"answer": answer}))
        return answer

    async def notified(self, contact: Contact, told: Told, *, trust_outcome: bool) -> PayerAnswer:
        """Keep what a notification says of the lines that the contact asked about, and of no others."""
        known = await self._contacts.latest_answer(contact.id)
        asked = tuple(line.sequence for line in known.lines) if known else ()
        return await self.keep(contact, Via.NOTIFICATION, told.received(asked, trust_outcome=trust_outcome))


class PayerNotifications:
    """What payers post to our hook, matched to the contacts that it answers."""

    def __init__(
        self,
        contacts: ContactStore,
        answers: AnswerBook,
        endpoint: Callable[[str], Awaitable[PayerEndpoint | None]],
    ) -> None:
        self._contacts = contacts
        self._answers = answers
        self._endpoint = endpoint

    async def receive(self, payer: str, body: bytes) -> tuple[Contact, ...]:
        """Keep the answers in a notification; the contacts they belong to, whose referrals are to be told.

        A repeated notification names them again, for the first may have been lost on the way to the workflow. Answers
        to nobody we know are passed over, a handshake is answered by nobody. Raises Unreadable.
        """
        endpoint = await self._endpoint(payer)
        trusted = endpoint is not None and endpoint.trust_outcome_when_no_review_action
        found = []
        for told in read_notification(body).told:
            contact = await self._contact(payer, told)
            if contact is None:
                continue
            await self._answers.notified(contact, told, trust_outcome=trusted)
            found.append(contact)
        return tuple(found)

    async def _contact(self, payer: str, told: Told) -> Contact | None:
        for trace in told.traces:
            if contact := await self._contacts.by_trace(payer, trace):
                return contact
        return None
