"""The payer's desk: the process speaks of referrals and contacts, this finds the payer and the channel, at most once.

The intent is stored before the call and "attempted" before the request leaves; whoever comes back after a crash asks
the payer before sending again.
"""

import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import NamedTuple, Protocol, runtime_checkable

from firstdose.adapters.payers.answers import AnswerBook
from firstdose.domain.authorization import APPEALS, Line, LineKind, PayerAnswer, Submission
from firstdose.domain.channel import Channel, Plan
from firstdose.domain.clock_rules import Purpose as ClockPurpose
from firstdose.domain.clocks import RULES, Clock, ClockRule, start_clock
from firstdose.domain.coding import PLACE_OF_SERVICE, lines_for
from firstdose.domain.coverage import Benefits
from firstdose.domain.facts import outline
from firstdose.domain.referral import Referral, Site
from firstdose.ports import (
    AuthorizationRequest,
    ClockRequest,
    Contact,
    ContactStore,
    DocumentsReply,
    Impossible,
    PayerCase,
    PayerChannel,
    PayerEndpoint,
    PortError,
    Purpose,
    Request,
    Via,
)

_log = logging.getLogger(__name__)


class CaseFile(NamedTuple):
    """What the desk must know of a referral to speak to its payer."""

    referral: Referral
    endpoint: PayerEndpoint
    plan: Plan


class CaseFiles(Protocol):
    """Where the desk finds it."""

    async def case(self, referral_id: str, *, payer: str | None = None) -> CaseFile:
        """As the facts stand now; with `payer`, as they stood last while it was the payer.

        Raises Impossible("payer_not_electronic") if the payer has no endpoint.
        """

    async def plan(self, referral_id: str) -> Plan:
        """As the facts stand now, electronic or not."""
        ...


class Subscriptions(Protocol):
    """At which payers our Subscription lies, and where it points."""

    async def callback_of(self, payer: str) -> str | None: ...

    async def registered(self, payer: str, subscription: str, callback_url: str, at: datetime) -> None: ...


@runtime_checkable
class Notifying(Protocol):
    """A channel on which payers tell us their decisions by themselves."""

    async def ensure_subscription(self, endpoint: PayerEndpoint, callback_url: str, secret: str) -> str: ...


class Passage(Protocol):
    """Whether a request may leave for its payer now, and what becomes of it."""

    def to(self, endpoint: PayerEndpoint) -> AbstractAsyncContextManager[None]:
        """The request is made within it. Raises Unavailable when it may not leave now."""


class FreePassage:
    """Every request may leave."""

    def to(self, endpoint: PayerEndpoint) -> AbstractAsyncContextManager[None]:
        return nullcontext()


class PayerDeskService:
    """Implements ports.PayerDesk over the electronic channels."""

    def __init__(
        self,
        files: CaseFiles,
        contacts: ContactStore,
        subscriptions: Subscriptions,
        channels: Mapping[Channel, PayerChannel],
        *,
        public_url: str,
        subscription_secret: Callable[[str], str],
        clock: Callable[[], datetime],
        rules: tuple[ClockRule, ...] = RULES,
        passage: Passage | None = None,
    ) -> None:
        self._files = files
        self._contacts = contacts
        self._answers = AnswerBook(contacts, clock)
        self._subscriptions = subscriptions
        self._channels = channels
        self._public_url = public_url.rstrip("/")
        self._subscription_secret = subscription_secret
        self._clock = clock
        self._rules = rules
        self._passage = passage or FreePassage()

    async def verify_benefits(self, request: Request) -> Benefits:
        file, contact = await self._open(request, Purpose.ELIGIBILITY)
        case = _case(file, contact, _lines_of(file.referral))
        async with self._passage.to(file.endpoint):
            await self._contacts.mark_attempted(contact.id)
            benefits = await self._channel(file.plan.eligibility).verify_benefits(case)
        return benefits.model_copy(update={"channel": file.plan.eligibility, "verified_at": self._clock()})

    async def submit(self, request: AuthorizationRequest) -> Submission:
        file, contact = await self._open(request, Purpose.AUTHORIZATION)
        case = await self._authorization_case(request, file, contact)
        answer = await self._answered_before(contact, case, file.plan)
        if answer is None:
            await self._subscribe(file)
            async with self._passage.to(file.endpoint):
                await self._contacts.mark_attempted(contact.id)
                received = await self._channel(file.plan.authorization).submit(case)
            answer = await self._answers.keep(contact, Via.RESPONSE, received)
        return Submission(contact_id=contact.id, answer=answer, clock=self._decision_due(request, file.plan, answer))

    async def inquire(self, request: Request) -> PayerAnswer:
        """When the payer knows no such request it is what we last heard, or an answer that decides nothing."""
        contact = await self._contact(request.key)
        known = await self._contacts.latest_answer(contact.id)
        if known is not None and not known.pending:
            return known
        file = await self._files.case(contact.referral_id, payer=contact.payer)
        asked = {line.sequence for line in known.lines} if known else None
        lines = tuple(line for line in _lines_of(file.referral) if asked is None or line.sequence in asked)
        async with self._passage.to(file.endpoint):
            received = await self._channel(file.plan.authorization).inquire(_case(file, contact, lines))
        if received is None:
            return known or PayerAnswer()
        return await self._answers.keep(contact, Via.INQUIRY, received)

    async def read(self, request: Request) -> PayerAnswer | None:
        return await self._contacts.latest_answer(request.key)

    async def send_documents(self, reply: DocumentsReply) -> None:
        contact = await self._contact(reply.key)
        file = await self._files.case(contact.referral_id, payer=contact.payer)
        async with self._passage.to(file.endpoint):
            await self._channel(file.plan.authorization).send_documents(_case(file, contact, ()), reply.documents)

    async def start_clock(self, request: ClockRequest) -> Clock | None:
        plan = await self._files.plan(request.referral_id)
        return self._start(plan, request.purpose, request.at, drug=request.drug, expedited=request.expedited)

    def _start(self, plan: Plan, purpose: ClockPurpose, at: datetime, *, drug: bool, expedited: bool) -> Clock | None:
        """The plan's own rules go before the general ones."""
        rules = (*plan.clocks, *self._rules)
        try:
            return start_clock(rules, plan.regime, purpose, at, drug=drug, expedited=expedited, calendar=plan.calendar)
        except LookupError:
            return None

    async def void(self, request: AuthorizationRequest) -> None:
        replaced = await self._contacts.find(request.replaces) if request.replaces else None
        if replaced is None or not replaced.attempted:
            return
        file, contact = await self._open(request, Purpose.CANCELLATION, payer=replaced.payer)
        case = await self._authorization_case(request, file, contact)
        async with self._passage.to(file.endpoint):
            await self._contacts.mark_attempted(contact.id)
            await self._channel(file.plan.authorization).void(case)

    async def _open(self, request: Request, purpose: Purpose, *, payer: str | None = None) -> tuple[CaseFile, Contact]:
        """The contact as it was first begun: a plan that changed since does not send the same request elsewhere."""
        begun = await self._contacts.find(request.key)
        file = await self._files.case(request.referral_id, payer=begun.payer if begun else payer)
        contact = Contact(
            id=request.key,
            referral_id=request.referral_id,
            payer=file.endpoint.payer,
            purpose=purpose,
            trace=trace_of(request.key),
            created_at=self._clock(),
        )
        return file, begun or await self._contacts.begin(contact)

    async def _contact(self, contact_id: str) -> Contact:
        contact = await self._contacts.find(contact_id)
        if contact is None:
            raise Impossible("no_such_contact")
        return contact

    async def _authorization_case(self, request: AuthorizationRequest, file: CaseFile, contact: Contact) -> PayerCase:
        replaced = await self._contacts.find(request.replaces) if request.replaces else None
        case = _case(file, contact, request.lines)
        previous = replaced.trace if replaced else None
        return case.model_copy(update={"expedited": request.expedited, "previous_trace": previous})

    async def _answered_before(self, contact: Contact, case: PayerCase, plan: Plan) -> PayerAnswer | None:
        """What the payer said to this very request, should it have come through before."""
        if not contact.attempted:
            return None
        known = await self._contacts.latest_answer(contact.id)
        if known is not None:
            return known
        async with self._passage.to(case.endpoint):
            received = await self._channel(plan.authorization).inquire(case)
        return None if received is None else await self._answers.keep(contact, Via.INQUIRY, received)

    async def _subscribe(self, file: CaseFile) -> None:
        """Once per payer and address. Without it we still inquire, so a failure only waits for the next request."""
        channel = self._channel(file.plan.authorization)
        payer = file.endpoint.payer
        callback_url = f"{self._public_url}/webhooks/payers/{payer}/pas"
        if not isinstance(channel, Notifying) or await self._subscriptions.callback_of(payer) == callback_url:
            return
        try:
            async with self._passage.to(file.endpoint):
                name = await channel.ensure_subscription(file.endpoint, callback_url, self._subscription_secret(payer))
        except PortError as error:
            _log.warning("subscription not registered", extra={"payer": payer, "code": str(error)})
            return
        await self._subscriptions.registered(payer, name, callback_url, self._clock())

    def _decision_due(self, request: AuthorizationRequest, plan: Plan, answer: PayerAnswer) -> Clock:
        """The clock of the line that is due first; where no rule knows of appeals, they run on the decision's."""
        started = answer.received_at or self._clock()
        appealed = any(line.certification in APPEALS for line in request.lines)
        purposes = (ClockPurpose.APPEAL, ClockPurpose.DECISION) if appealed else (ClockPurpose.DECISION,)
        for purpose in purposes:
            clocks = [
                self._start(plan, purpose, started, drug=drug, expedited=request.expedited)
                for drug in {line.kind is LineKind.DRUG for line in request.lines}
            ]
            if running := [clock for clock in clocks if clock]:
                return min(running, key=lambda clock: clock.due_at)
        raise Impossible("no_clock_rule")

    def _channel(self, channel: Channel) -> PayerChannel:
        if channel not in self._channels:
            raise Impossible("payer_not_electronic")
        return self._channels[channel]


def trace_of(contact_id: str) -> str:
    """Our number for a contact, as payers repeat it: short enough for X12 TRN02."""
    return contact_id.replace("-", "")


def _lines_of(referral: Referral) -> tuple[Line, ...]:
    return lines_for(outline(referral), referral.order.site)


def _case(file: CaseFile, contact: Contact, lines: tuple[Line, ...]) -> PayerCase:
    suite = any(line.place_of_service == PLACE_OF_SERVICE[Site.SUITE] for line in lines)
    return PayerCase(
        endpoint=file.endpoint,
        referral=file.referral,
        site=Site.SUITE if suite else file.referral.order.site,
        trace=contact.trace,
        lines=lines,
        created_at=contact.created_at,
    )
