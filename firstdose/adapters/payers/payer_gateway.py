"""The gateway to payers: finds the payer and the channel for a referral's contact, and submits at most once.

The intent is stored before the call, "attempted" and the channel before the request leaves; after a crash
that channel is asked before the request is sent again.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from firstdose.adapters.payers.answers import AnswerBook
from firstdose.adapters.payers.cancellation import confirmed
from firstdose.adapters.payers.case_file import CaseFile, CaseFiles, case_of, lines_of
from firstdose.adapters.payers.channel_router import (
    ChannelRouter,
    electronic,
    first_available,
    query_fails_over,
    submission_fails_over,
)
from firstdose.adapters.payers.plan_clocks import PlanClocks, judge_clock
from firstdose.adapters.payers.resilience import Resilience, UnguardedCalls
from firstdose.adapters.payers.subscribing import SubscriptionKeeper, Subscriptions
from firstdose.domain.authorization.lines import Line, PayerAnswer, Submission
from firstdose.domain.clock.clocks import Clock
from firstdose.domain.clock.rules import answering
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.payer.coverage import Benefits
from firstdose.domain.problem import ProblemCode
from firstdose.domain.sealed_text import sealed_texts
from firstdose.payer_ports import (
    Contact,
    ContactPurpose,
    ContactStore,
    ForeignAnswer,
    PayerCase,
    PayerChannel,
    ReceivedAnswer,
    UnclearAnswer,
    Via,
)
from firstdose.ports import (
    AuthorizationRequest,
    ClockJudgment,
    ClockRequest,
    DecisionWait,
    DocumentsReply,
    EffectRequest,
    Impossible,
    JudgedClock,
    Unavailable,
)

_LOOK_AGAIN_AFTER: Final = timedelta(minutes=15)
"""Whether the payer has told us of a request that we cannot ask it about."""


class PayerGatewayService:
    """Implements ports.PayerGateway over the electronic channels."""

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
        clocks: PlanClocks | None = None,
        resilience: Resilience | None = None,
    ) -> None:
        self._files = files
        self._contacts = contacts
        self._answers = AnswerBook(contacts, clock)
        self._router = ChannelRouter(channels, resilience or UnguardedCalls(), contacts)
        self._subscriber = SubscriptionKeeper(subscriptions, self._router, public_url, subscription_secret, clock)
        self._clock = clock
        self._clocks = clocks or PlanClocks()

    async def verify_benefits(self, request: EffectRequest) -> Benefits:
        file, contact = await self._open(request, ContactPurpose.ELIGIBILITY)
        case = case_of(file, contact, lines_of(file.referral))

        async def call(channel: Channel) -> Benefits:
            async with self._router.submit(channel, contact, case.endpoint, without_effect=query_fails_over) as payer:
                received = await payer.verify_benefits(case)
                await self._answers.keep_benefits(contact, received)
                return received.benefits

        channels = electronic(file.plan.eligibility, file.plan.eligibility_fallback)
        channel, benefits = await first_available(channels, call, query_fails_over, contact.payer)
        provenance = {"channel": channel, "plan_version": file.plan.version, "verified_at": self._clock()}
        provenance |= {"remarks": ()}  # people read them in the store
        return sealed_texts(benefits, file.texts).model_copy(update=provenance)

    async def submit(self, request: AuthorizationRequest) -> Submission:
        file, contact = await self._open(request, ContactPurpose.AUTHORIZATION, request.lines)
        case = await self._authorization_case(request, file, contact)
        carrier = _carrier(contact, file.plan)
        answer = await self._answered_before(contact, case, carrier)
        if answer is None:
            carrier, answer = await self._send_and_receive(contact, case, file.plan)
        return self._submission(request, file, answer, carrier)

    async def inquire(self, request: EffectRequest) -> PayerAnswer:
        """If the payer has no such request: the last stored answer, or an answer without a decision."""
        contact = await self._contact(request.key)
        known = await self._contacts.latest_answer(contact.id)
        if known is not None and not known.pending:
            return known
        file = await self._files.case(contact.referral_id, payer=contact.payer)
        asked = {line.sequence for line in known.lines} if known else None
        lines = contact.asked or lines_of(file.referral)
        lines = tuple(line for line in lines if asked is None or line.sequence in asked)
        carrier = _carrier(contact, file.plan)
        await self._subscriber.ensure(carrier, contact, file.endpoint)
        try:
            async with self._router.query(carrier, contact, file.endpoint) as payer:
                received = await payer.inquire(case_of(file, contact, lines))
        except UnclearAnswer as unclear:  # it tells us by itself, or a person asks once the clock has run out
            if unclear.problem is not ProblemCode.INQUIRY_NOT_OFFERED or known is None or _rung(request):
                raise
            return known
        if received is None:
            return known or PayerAnswer()
        return await self._answers.keep(contact, Via.INQUIRY, received)

    async def read(self, request: EffectRequest) -> PayerAnswer | None:
        return await self._contacts.latest_answer(request.key)

    async def send_documents(self, reply: DocumentsReply) -> None:
        contact = await self._contact(reply.key)
        file = await self._files.case(contact.referral_id, payer=contact.payer)
        async with self._router.query(_carrier(contact, file.plan), contact, file.endpoint) as payer:
            await payer.send_documents(case_of(file, contact, ()), reply.documents)

    async def start_clock(self, request: ClockRequest) -> Clock | None:
        referral, plan = await self._files.plan(request.referral_id)
        return self._clocks.start(plan, request, discharged_at=referral.discharge_at)

    async def judge_clock(self, judgment: ClockJudgment) -> JudgedClock:
        return judge_clock(judgment)

    async def void(self, request: AuthorizationRequest) -> None:
        replaced = await self._contacts.find(request.replaces) if request.replaces else None
        if replaced is None or not replaced.attempted:
            return
        file, contact = await self._open(request, ContactPurpose.CANCELLATION, request.lines, payer=replaced.payer)
        case = await self._authorization_case(request, file, contact)
        carrier = _carrier(replaced, file.plan)
        if contact.attempted and await self._cancelled_before(contact, case, carrier):
            return
        async with self._router.submit(carrier, contact, file.endpoint) as payer:
            answer = await payer.void(case)
        if answer is not None:
            await self._answers.check_whose(contact, answer)

    async def _cancelled_before(self, contact: Contact, case: PayerCase, carrier: Channel) -> bool:
        """Whether the payer confirms the cancellation that may have reached it before; False if it has none."""
        async with self._router.query(carrier, contact, case.endpoint) as payer:
            received = await payer.inquire(case)
            if received is None:
                return False
            await self._answers.check_whose(contact, confirmed(received))
        return True

    async def _open(
        self,
        request: EffectRequest,
        purpose: ContactPurpose,
        asked: tuple[Line, ...] = (),
        *,
        payer: str | None = None,
    ) -> tuple[CaseFile, Contact]:
        """The contact as it was first begun: a plan that changed since does not send the same request elsewhere."""
        begun = await self._contacts.find(request.key)
        file = await self._files.case(request.referral_id, payer=begun.payer if begun else payer)
        contact = Contact(
            id=request.key,
            referral_id=request.referral_id,
            payer=file.endpoint.payer,
            purpose=purpose,
            trace=trace_of(request.key),
            asked=asked,
            created_at=self._clock(),
        )
        return file, begun or await self._contacts.begin(contact)

    async def _contact(self, contact_id: str) -> Contact:
        contact = await self._contacts.find(contact_id)
        if contact is None:
            raise Impossible(ProblemCode.NO_SUCH_CONTACT)
        return contact

    async def _authorization_case(self, request: AuthorizationRequest, file: CaseFile, contact: Contact) -> PayerCase:
        replaced = await self._contacts.find(request.replaces) if request.replaces else None
        case = case_of(file, contact, request.lines)
        told: dict[str, object] = {"expedited": request.expedited}
        if replaced is not None:
            told |= {"previous_trace": replaced.trace, "previous_created_at": replaced.created_at}
        return case.model_copy(update=told)

    async def _answered_before(self, contact: Contact, case: PayerCase, carrier: Channel) -> PayerAnswer | None:
        """The payer's answer to this same request, if it had it already."""
        if not contact.attempted:
            return None
        known = await self._contacts.latest_answer(contact.id)
        if known is not None:
            return known
        return await self._asked(contact, case, carrier)

    async def _asked(self, contact: Contact, case: PayerCase, carrier: Channel) -> PayerAnswer | None:
        try:
            async with self._router.query(carrier, contact, case.endpoint) as payer:
                received = await payer.inquire(case)
        except UnclearAnswer as unclear:  # it may have the request: the answer can still come by itself
            if unclear.problem is not ProblemCode.INQUIRY_NOT_OFFERED:
                raise
            raise Unavailable(unclear.problem, _LOOK_AGAIN_AFTER) from None
        return None if received is None else await self._answers.keep(contact, Via.INQUIRY, received)

    async def _send_and_receive(self, contact: Contact, case: PayerCase, plan: Plan) -> tuple[Channel, PayerAnswer]:
        """Where the answer is about another, the payer is asked for ours, once: it may have the request.

        Raises ForeignAnswer if that brings nothing. A person must look then; the request is not sent again.
        """
        carrier, received = await self._send(contact, case, plan)
        try:
            return carrier, await self._answers.keep(contact, Via.RESPONSE, received)
        except ForeignAnswer:
            contact = await self._contact(contact.id)
            answer = await self._asked(contact, case, carrier)
            if answer is None:
                raise
            return carrier, answer

    async def _send(self, contact: Contact, case: PayerCase, plan: Plan) -> tuple[Channel, ReceivedAnswer]:
        async def call(channel: Channel) -> ReceivedAnswer:
            await self._subscriber.ensure(channel, contact, case.endpoint)
            async with self._router.submit(channel, contact, case.endpoint) as payer:
                return await payer.submit(case)

        channels = electronic(plan.authorization, plan.authorization_fallback)
        return await first_available(channels, call, submission_fails_over, contact.payer)

    def _submission(
        self, request: AuthorizationRequest, file: CaseFile, answer: PayerAnswer, carrier: Channel
    ) -> Submission:
        wanted = ClockRequest(
            referral_id=request.referral_id,
            key=request.key,
            purposes=answering(request.appeal_level),
            at=answer.received_at or self._clock(),
            kinds=frozenset(line.kind for line in request.lines),
            expedited=request.expedited,
        )
        return Submission(
            contact_id=request.key,
            answer=answer,
            clock=self._clocks.start(file.plan, wanted, discharged_at=file.referral.discharge_at),
            channel=carrier,
            plan_version=file.plan.version,
        )


def _rung(request: EffectRequest) -> bool:
    return isinstance(request, DecisionWait) and request.rung


def trace_of(contact_id: str) -> str:
    """Our number for a contact, as payers repeat it: short enough for X12 TRN02."""
    return contact_id.replace("-", "")


def _carrier(contact: Contact, plan: Plan) -> Channel:
    """The channel that may have carried it; the plan's first, if none was noted."""
    return contact.channel or plan.authorization
