"""Hand-written stand-ins for what the desk stores and for a payer, in memory."""

from collections.abc import Sequence
from datetime import datetime

from firstdose.adapters.payers.registry import CaseFile
from firstdose.domain.authorization import (
    Certification,
    InformationRequest,
    LineAnswer,
    LineKind,
    LineState,
    PayerAnswer,
)
from firstdose.domain.channel import Plan
from firstdose.domain.coverage import Benefits, CoverageStatus
from firstdose.ports import (
    Contact,
    Impossible,
    PayerCase,
    PayerEndpoint,
    ReceivedAnswer,
    Unavailable,
    Via,
)
from simulator.scenario import scenario_of


class MemoryContacts:
    """Implements ports.ContactStore."""

    def __init__(self) -> None:
        self.contacts: dict[str, Contact] = {}
        self.answers: dict[str, list[tuple[Via, PayerAnswer]]] = {}

    async def begin(self, contact: Contact) -> Contact:
        return self.contacts.setdefault(contact.id, contact)

    async def mark_attempted(self, contact_id: str) -> None:
        self.contacts[contact_id] = self.contacts[contact_id].model_copy(update={"attempted": True})

    async def keep_answer(self, contact_id: str, via: Via, received: ReceivedAnswer) -> bool:
        kept = self.answers.setdefault(contact_id, [])
        if kept and kept[-1][1].says_the_same(received.answer):
            return False
        kept.append((via, received.answer))
        return True

    async def latest_answer(self, contact_id: str) -> PayerAnswer | None:
        kept = self.answers.get(contact_id)
        return kept[-1][1] if kept else None

    async def find(self, contact_id: str) -> Contact | None:
        return self.contacts.get(contact_id)

    async def by_trace(self, payer: str, trace: str) -> Contact | None:
        found = (one for one in self.contacts.values() if (one.payer, one.trace) == (payer, trace))
        return next(found, None)


class MemorySubscriptions:
    """Implements registry.Subscriptions."""

    def __init__(self) -> None:
        self.callbacks: dict[str, str] = {}

    async def callback_of(self, payer: str) -> str | None:
        return self.callbacks.get(payer)

    async def registered(self, payer: str, subscription: str, callback_url: str, at: datetime) -> None:
        self.callbacks[payer] = callback_url


class MemoryFiles:
    """Implements registry.CaseFiles: one case file for every referral, by payer; the newest is the present one."""

    def __init__(self, file: CaseFile) -> None:
        self.files = {file.endpoint.payer: file}

    def change_plan(self, file: CaseFile) -> None:
        self.files[file.endpoint.payer] = file

    async def case(self, referral_id: str, *, payer: str | None = None) -> CaseFile:
        return self.files[payer or list(self.files)[-1]]

    async def plan(self, referral_id: str) -> Plan:
        return (await self.case(referral_id)).plan

    async def endpoint(self, payer: str) -> PayerEndpoint | None:
        return self.files[payer].endpoint if payer in self.files else None


class MemoryControlNumbers:
    """Implements x12.envelope.ControlNumbers."""

    def __init__(self) -> None:
        self._last = 0

    async def next(self) -> int:
        self._last += 1
        return self._last


class MemoryPayer:
    """Implements ports.PayerChannel: a payer that follows the same scenarios, without a wire."""

    def __init__(self) -> None:
        self._requests: dict[str, PayerAnswer] = {}
        self._failed: set[str] = set()

    async def verify_benefits(self, case: PayerCase) -> Benefits:
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
            raise Unavailable("payer_unreachable")
        return ReceivedAnswer(raw=b"{}", answer=self._requests[case.trace])

    async def inquire(self, case: PayerCase) -> ReceivedAnswer | None:
        known = self._requests.get(case.trace)
        return ReceivedAnswer(raw=b"{}", answer=known) if known else None

    async def send_documents(self, case: PayerCase, kinds: Sequence[str]) -> None:
        if not any(document.kind.value in kinds and document.data for document in case.referral.documents):
            raise Impossible("no_document_to_send")

    async def void(self, case: PayerCase) -> None:
        known = self._requests.get(case.previous_trace or "")
        if known and case.previous_trace:
            void = tuple(line.model_copy(update={"state": LineState.VOID}) for line in known.lines)
            self._requests[case.previous_trace] = PayerAnswer(lines=void)


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
