"""Hand-written stand-ins for what the desk stores and for a payer, in memory."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from firstdose.adapters.payers.case_file import CaseFile
from firstdose.adapters.payers.subscribing import KnownSubscription, Renewal
from firstdose.domain.authorization.answer_match import Named, Ours, refusal, whose_answer, whose_request
from firstdose.domain.authorization.answers import receive
from firstdose.domain.authorization.lines import (
    Certification,
    InformationRequest,
    LineAnswer,
    LineKind,
    LineState,
    PayerAnswer,
    PayerEvent,
)
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.referral import Referral
from firstdose.domain.sealed_text import PlainTexts, TextSealer, sealed_texts
from firstdose.payer_ports import (
    Contact,
    ForeignAnswer,
    PayerCase,
    PayerEndpoint,
    PayerReply,
    Received,
    ReceivedAnswer,
    ReceivedBenefits,
    UnclearAnswer,
    Via,
)
from firstdose.ports import Impossible, Unavailable
from simulator.scenario import scenario_of


class MemoryContacts:
    """Implements payer_ports.ContactStore."""

    def __init__(self, facts: Referral | None = None, texts: TextSealer | None = None) -> None:
        """`facts` are those of every contact's referral; None: nobody knows the patient."""
        self.facts = facts
        self.texts = texts or PlainTexts()
        self.contacts: dict[str, Contact] = {}
        self.answers: dict[str, list[tuple[Via, PayerAnswer]]] = {}
        self.unreadable: dict[str, list[bytes]] = {}
        self.replies: dict[str, list[tuple[bytes, PayerReply]]] = {}
        self._events: set[tuple[str, PayerEvent]] = set()

    async def begin(self, contact: Contact) -> Contact:
        return self.contacts.setdefault(contact.id, contact)

    async def mark_attempted(self, contact: Contact, channel: Channel) -> None:
        stands = self.contacts[contact.id]
        if stands.attempts != contact.attempts:
            raise Unavailable(ProblemCode.REQUEST_UNDER_WAY)
        noted = {"attempted": True, "channel": channel, "attempts": stands.attempts + 1}
        self.contacts[contact.id] = stands.model_copy(update=noted)

    async def take_back(self, contact: Contact) -> None:
        if self.contacts[contact.id].attempts == contact.attempts + 1:
            self.contacts[contact.id] = contact

    async def keep_answer(
        self, contact_id: str, via: Via, received: ReceivedAnswer, event: PayerEvent | None = None
    ) -> PayerAnswer:
        await self.check_whose(contact_id, via, received)
        known = await self.latest_answer(contact_id)
        if event is not None and known is not None and (contact_id, event) in self._events:
            return known
        if event is not None:
            self._events.add((contact_id, event))
        stands, changes = receive(known, received.answer)
        if changes is not None:
            self.answers.setdefault(contact_id, []).append((via, stands))
        return stands

    async def check_whose(self, contact_id: str, via: Via, received: Received) -> None:
        trace = self.contacts[contact_id].trace
        named = received.named
        whose = whose_answer(named, Ours.of(trace, self.facts)) if self.facts else whose_request(named, trace)
        if refused := refusal(whose, direct=via.direct):
            await self.keep_unreadable(contact_id, received.raw)
            raise ForeignAnswer(refused)

    async def keep_reply(self, contact_id: str, received: Received, reply: PayerReply) -> PayerReply:
        await self.check_whose(contact_id, Via.RESPONSE, received)
        self.replies.setdefault(contact_id, []).append((received.raw, reply))
        return sealed_texts(reply, self.texts)

    async def keep_unreadable(self, contact_id: str, body: bytes) -> None:
        self.unreadable.setdefault(contact_id, []).append(body)

    async def latest_answer(self, contact_id: str) -> PayerAnswer | None:
        kept = self.answers.get(contact_id)
        return kept[-1][1] if kept else None

    async def find(self, contact_id: str) -> Contact | None:
        return self.contacts.get(contact_id)

    async def by_trace(self, payer: str, trace: str) -> Contact | None:
        found = (one for one in self.contacts.values() if (one.payer, one.trace) == (payer, trace))
        return next(found, None)


class MemorySubscriptions:
    """Implements subscribing.Subscriptions."""

    def __init__(self) -> None:
        self.of: dict[str, KnownSubscription] = {}
        self.again: list[Renewal] = []

    @property
    def callbacks(self) -> dict[str, str]:
        return {payer: known.callback_url for payer, known in self.of.items()}

    async def known(self, payer: str) -> KnownSubscription | None:
        return self.of.get(payer)

    async def registered(
        self, payer: str, subscription: str, callback_url: str, filtered: str, at: datetime, again: Renewal | None
    ) -> None:
        self.of[payer] = KnownSubscription(subscription, callback_url, filtered, at, at)
        self.again += [again] if again else []

    async def checked(self, payer: str, at: datetime) -> None:
        self.of[payer] = self.of[payer]._replace(checked_at=at)


class MemoryFiles:
    """Implements case_file.CaseFiles: one case file for every referral, by payer; the newest is the present one."""

    def __init__(self, file: CaseFile) -> None:
        self.files = {file.endpoint.payer: file}

    def change_plan(self, file: CaseFile) -> None:
        self.files[file.endpoint.payer] = file

    async def case(self, referral_id: str, *, payer: str | None = None) -> CaseFile:
        return self.files[payer or list(self.files)[-1]]

    async def plan(self, referral_id: str) -> tuple[Referral, Plan]:
        file = await self.case(referral_id)
        return file.referral, file.plan

    async def endpoint(self, payer: str) -> PayerEndpoint | None:
        return self.files[payer].endpoint if payer in self.files else None


class Turnpike:
    """Implements resilience.Resilience: shut for some channels, and counts who came."""

    def __init__(self) -> None:
        self.shut: dict[Channel, ProblemCode] = {}
        """With which problem."""
        self.came = 0

    @asynccontextmanager
    async def to(self, endpoint: PayerEndpoint, channel: Channel) -> AsyncIterator[None]:
        self.came += 1
        if channel in self.shut:
            raise Unavailable(self.shut[channel], timedelta(seconds=30))
        yield


class MemoryControlNumbers:
    """Implements x12.envelope.ControlNumbers."""

    def __init__(self) -> None:
        self._last = 0

    async def next(self) -> int:
        self._last += 1
        return self._last


class MemoryPayer:
    """Implements payer_ports.PayerChannel: a payer that follows the same scenarios, without a wire."""

    def __init__(self) -> None:
        self._requests: dict[str, PayerAnswer] = {}
        self._failed: set[str] = set()

    async def verify_benefits(self, case: PayerCase) -> ReceivedBenefits:
        return ReceivedBenefits(raw=b"{}", named=_names(case.trace), benefits=self._benefits(case))

    def _benefits(self, case: PayerCase) -> Benefits:
        script = scenario_of(case.referral.coverages[0].member_id).payer.eligibility
        if script.status is not CoverageStatus.ACTIVE:
            return Benefits(status=script.status)
        return Benefits(status=script.status, copay=script.copay, needs_authorization=script.needs_authorization)

    async def submit(self, case: PayerCase) -> ReceivedAnswer:
        scenario = scenario_of(case.referral.coverages[0].member_id)
        faulty = scenario.payer.faults and case.trace not in self._failed
        if not faulty or scenario.payer.faults[0].fault != "server_error":
            self._requests[case.trace] = _decided(case)
        if faulty:
            self._failed.add(case.trace)
            raise Unavailable(ProblemCode.PAYER_UNREACHABLE)
        return ReceivedAnswer(raw=b"{}", named=_names(case.trace), answer=self._requests[case.trace])

    async def inquire(self, case: PayerCase) -> ReceivedAnswer | None:
        known = self._requests.get(case.trace)
        return ReceivedAnswer(raw=b"{}", named=_names(case.trace), answer=known) if known else None

    async def send_documents(self, case: PayerCase, kinds: Sequence[str]) -> None:
        if not any(document.kind.value in kinds and document.data for document in case.referral.documents):
            raise Impossible(ProblemCode.NO_DOCUMENT_TO_SEND)

    async def void(self, case: PayerCase) -> Received | None:
        if scenario_of(case.referral.coverages[0].member_id).payer.cancellation == "pend":
            raise UnclearAnswer(ProblemCode.CANCELLATION_NOT_CONFIRMED)
        known = self._requests.get(case.previous_trace or "")
        if known and case.previous_trace:
            void = tuple(line.model_copy(update={"state": LineState.VOID}) for line in known.lines)
            self._requests[case.previous_trace] = PayerAnswer(lines=void)
        return None


def _names(trace: str) -> Named:
    return Named(requests=frozenset([trace]))


_STATES = {
    "approve": LineState.APPROVED,
    "deny": LineState.DENIED,
    "pend": LineState.PENDED,
    "request_information": LineState.PENDED,
    "partial": LineState.PARTIAL,
    "modify": LineState.MODIFIED,
    "unknown": LineState.NEEDS_REVIEW,
}
_APPEALS = (Certification.APPEAL, Certification.APPEAL_EXPEDITED)


def _decided(case: PayerCase) -> PayerAnswer:
    script = scenario_of(case.referral.coverages[0].member_id).payer
    appeal = any(line.certification in _APPEALS for line in case.lines)
    step = (script.appeal if appeal else script.authorization)[0]
    decided = []
    for line in case.lines:
        word = step.word_for(LineKind(line.kind))
        units = max(1, line.units // 2) if word in ("partial", "modify") else None
        decided.append(LineAnswer(sequence=line.sequence, state=_STATES[word], units=units))
    wanted = InformationRequest(wanted=step.wants) if step.answer == "request_information" else None
    return PayerAnswer(lines=tuple(decided), information=wanted)
