"""The outside of the process, in memory and scripted: what a story needs around a real workflow on a real server."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from temporalio import activity

from firstdose.adapters.payers.plan_clocks import PlanClocks, judge_clock
from firstdose.domain.authorization.answers import receive
from firstdose.domain.authorization.lines import (
    InformationRequest,
    LineAnswer,
    LineState,
    PayerAnswer,
    Submission,
)
from firstdose.domain.care.therapy import Reservation
from firstdose.domain.care.visit import HeldVisit, VisitProblem
from firstdose.domain.clock.clocks import Clock, Regime
from firstdose.domain.clock.rules import answering
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.policy import PayerContact, Policy, ResultAges
from firstdose.domain.referral.facts import DeidentifiedFacts
from firstdose.domain.referral.order import Route, Site
from firstdose.domain.referral.order import TherapyKind as Kind
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.journal import (
    Amended,
    AnyEntry,
    Batch,
    FactsChanged,
    Noted,
    Opened,
    Recorded,
    ReferralSnapshot,
    Resolved,
    Told,
    Withdrawn,
)
from firstdose.domain.work.work_item import WorkItem, WorkItemKind
from firstdose.ports import (
    AuthorizationRequest,
    ClockJudgment,
    ClockRequest,
    DocumentsReply,
    EffectRequest,
    JudgedClock,
    Notice,
    NurseSearch,
    Opening,
    VisitHold,
)

OUTLINE = DeidentifiedFacts(
    therapy=Kind.ANTI_INFECTIVE,
    payer_id="acme",
    route=Route.IV,
    site=Site.HOME,
    state="IL",
    hcpcs="J0696",
    frequency="q24h",
    duration_days=14,
    signed=True,
    kit_ordered=True,
)
ELECTRONIC = Plan(payer="acme", eligibility=Channel.PAS, authorization=Channel.PAS, regime=Regime.EMPLOYER)


def says(state: LineState, *, lines: Sequence[int] = (1, 2, 3), **more: Any) -> PayerAnswer:
    """The payer's same word on several lines."""
    number = "AUTH1" if state is LineState.APPROVED else None
    return PayerAnswer(lines=tuple(LineAnswer(sequence=each, state=state, number=number) for each in lines), **more)


def said(*states: LineState) -> PayerAnswer:
    """The payer's word on the first line, the second, …"""
    return PayerAnswer(lines=tuple(LineAnswer(sequence=at, state=state) for at, state in enumerate(states, start=1)))


APPROVED = says(LineState.APPROVED)
PENDED = says(LineState.PENDED, tracking="P1")
DENIED = says(LineState.DENIED)
WANTS_NOTES = says(LineState.PENDED, information=InformationRequest(wanted=("11506-3",)))

AGELESS = ResultAges(assessment=timedelta(days=3650), verification=timedelta(days=3650), verified_in_month=False)
"""For stories that are not about it: whatever the day on which they are told, no month ends."""
APART = Policy(payer=PayerContact(inquire_every=timedelta(hours=7)), ages=AGELESS)
"""No clock runs out just when the payer is asked: the time-skipping server stands still for ever when an activity is
cancelled that has begun in the same moment."""


@dataclass
class Outside:
    """Every port. Scripts are plain attributes; what happened is kept for the test to look at."""

    outline: DeidentifiedFacts = OUTLINE
    plan: Plan = ELECTRONIC
    policy: Policy = APART
    benefits: list[Benefits] = field(default_factory=lambda: [Benefits(status=CoverageStatus.ACTIVE)])
    submissions: list[PayerAnswer | Exception] = field(default_factory=lambda: [APPROVED])
    decisions: list[tuple[timedelta, PayerAnswer]] = field(default_factory=list)
    """What inquiries hear one after the other, and how long after the submission."""
    decisions_on: list[list[tuple[timedelta, PayerAnswer]]] = field(default_factory=list)
    """The same for the first request, the second, …; `decisions` are for those that are not listed."""
    voiding: list[Exception | None] = field(default_factory=lambda: [None])
    """What comes of cancellations, one after the other."""
    stock: list[bool | Exception] = field(default_factory=lambda: [True])
    nurses: tuple[str, ...] = ("rn-1", "rn-2")
    holds: list[VisitProblem | None] = field(default_factory=lambda: [None])
    """Why the roster does not hold a visit, one after the other."""
    discharged_at: datetime | None = None
    supplied: dict[str, DeidentifiedFacts] = field(default_factory=dict)
    """The outline after a message's facts, by message id; "*" for any resolution with an outcome `supplied`."""
    changes: frozenset[Change] = frozenset()
    """What the next new version changes."""
    brought: dict[WorkItemKind, frozenset[Change]] = field(default_factory=dict)
    """What the answers to these kinds of items change of the facts."""

    happened: asyncio.Condition = field(default_factory=asyncio.Condition)
    """Notified when something was recorded and staff have looked at it."""
    entries: list[AnyEntry] = field(default_factory=list)
    standing: ReferralSnapshot = field(default_factory=ReferralSnapshot)
    state: str = ""
    """The newest state of the workflow, as it tells it with each batch."""
    staff: Callable[[WorkItem], Awaitable[None]] | None = None
    """Who looks at a work item as soon as it is recorded."""
    effects: list[str] = field(default_factory=list)
    requests: list[AuthorizationRequest] = field(default_factory=list)
    voided: list[AuthorizationRequest] = field(default_factory=list)
    inquiries: int = 0
    stored: dict[str, PayerAnswer] = field(default_factory=dict)
    answered: dict[str, tuple[datetime, PayerAnswer]] = field(default_factory=dict)
    """When each request reached the payer, and what it said at once, by contact."""

    async def open(self, referral_id: str) -> Opening:
        return Opening(outline=self.outline, plan=self.plan, policy=self.policy)

    async def record(self, batch: Batch) -> Recorded:
        learned = Recorded()
        again = {f"phantom:{entry.item.id}" for entry in batch.entries if isinstance(entry, Opened)}
        self.entries = [entry for entry in self.entries if entry.key not in again]
        known = {entry.key for entry in self.entries}
        new = [entry for entry in batch.entries if entry.key not in known]
        for entry in new:
            self.entries.append(entry)
            learned = _both(learned, self._facts(entry))
        self._withdraw_all_but(batch.open_items)
        self.standing, self.state = batch.standing, batch.state
        for entry in new:
            if isinstance(entry, Opened) and self.staff:
                await self.staff(entry.item)
        async with self.happened:
            self.happened.notify_all()
        return learned

    def _withdraw_all_but(self, open_items: Collection[str]) -> None:
        """As the store does: a workflow task that was lost may have opened what the next one does not, or not yet."""
        closed = {entry.item_id for entry in self.entries if isinstance(entry, Resolved | Withdrawn)}
        opened = [entry.item.id for entry in self.entries if isinstance(entry, Opened)]
        for item in opened:
            if item not in closed and item not in open_items:
                self.entries.append(Withdrawn(key=f"phantom:{item}", at=_now(), item_id=item, why="not open"))

    def _facts(self, entry: AnyEntry) -> Recorded | None:
        if isinstance(entry, Resolved) and entry.kind in self.brought:
            brought = FactsChanged(kind=entry.kind, changes=self.brought[entry.kind])
            outline = self.supplied.get("*", self.outline)
            return Recorded(outline=outline, plan=self.plan, changes=brought.changes, by_message=(brought,))
        told = self.supplied.get(entry.message_id or "")
        if told is None and getattr(entry, "resolution", {}).get("outcome") in {"supplied", "other_coverage"}:
            told = self.supplied.get("*")
        if told is None:
            return None
        changes = self.changes if isinstance(entry, Amended) else frozenset()
        return Recorded(outline=told, plan=self.plan, changes=changes, by_message=(FactsChanged(changes=changes),))

    async def verify_benefits(self, request: EffectRequest) -> Benefits:
        self.effects.append("verify_benefits")
        return self.benefits.pop(0) if len(self.benefits) > 1 else self.benefits[0]

    async def submit(self, request: AuthorizationRequest) -> Submission:
        if request.key in self.answered:  # the payer has it: it was asked before it was sent again
            return await self._submitted(request)
        answer = self.submissions[0]
        if len(self.submissions) > 1:
            self.submissions.pop(0)
        if isinstance(answer, Exception):
            raise answer
        self.requests.append(request)
        self.answered[request.key] = _now(), answer
        return await self._submitted(request)

    async def _submitted(self, request: AuthorizationRequest) -> Submission:
        at, answer = self.answered[request.key]
        wanted = ClockRequest(
            referral_id=request.referral_id,
            key=request.key,
            purposes=answering(request.appeal_level),
            at=at,
            kinds=frozenset(line.kind for line in request.lines),
            expedited=request.expedited,
        )
        clock = await self.start_clock(wanted)
        return Submission(contact_id=request.key, answer=answer, clock=clock, channel=self.plan.authorization)

    async def inquire(self, request: EffectRequest) -> PayerAnswer:
        self.inquiries += 1
        return self._newest(request.key)

    def _newest(self, contact: str) -> PayerAnswer:
        """What stands of all that was said by now about this request."""
        at, stands = self.answered[contact]
        number = list(self.answered).index(contact)
        decisions = self.decisions_on[number] if number < len(self.decisions_on) else self.decisions
        for delay, word in decisions:
            if _now() >= at + delay:
                stands, _ = receive(stands, word)
        return receive(stands, self.stored[contact])[0] if contact in self.stored else stands

    async def read(self, request: EffectRequest) -> PayerAnswer | None:
        """What the store keeps of what came by itself: what stands of all that was said."""
        stored = self.stored.get(request.key)
        return self._newest(request.key) if stored and request.key in self.answered else stored

    async def start_clock(self, request: ClockRequest) -> Clock | None:
        return PlanClocks(self.policy.clocks).start(self.plan, request, discharged_at=self.discharged_at)

    async def judge_clock(self, judgment: ClockJudgment) -> JudgedClock:
        return judge_clock(judgment)

    async def send_documents(self, reply: DocumentsReply) -> None:
        self.effects.append("send_documents")

    async def void(self, request: AuthorizationRequest) -> None:
        self.effects.append("void_authorization")
        self.voided.append(request)
        came = self.voiding.pop(0) if len(self.voiding) > 1 else self.voiding[0]
        if came is not None:
            raise came

    async def tell(self, notice: Notice) -> None:
        self.effects.append(f"tell_{notice.recipient}")

    @property
    def submitted_at(self) -> datetime | None:
        """When the last request reached the payer."""
        return max((at for at, _ in self.answered.values()), default=None)

    @property
    def milestones(self) -> list[str]:
        return [str(entry.milestone) for entry in self.entries if isinstance(entry, Told)]

    @property
    def notes(self) -> list[str]:
        return [entry.action for entry in self.entries if isinstance(entry, Noted)]

    @property
    def compensations(self) -> list[str]:
        """What was undone, in order."""
        return [e.details["step"] for e in self.entries if isinstance(e, Noted) and e.action == "compensated"]


def _now() -> datetime:
    """The server's time, which skips."""
    return activity.info().started_time


def _both(one: Recorded, other: Recorded | None) -> Recorded:
    """What two entries of a batch changed."""
    if other is None:
        return one
    more = {"changes": one.changes | other.changes, "by_message": one.by_message + other.by_message}
    return other.model_copy(update=more)


@dataclass
class Shelves:
    """The pharmacy's stock."""

    outside: Outside
    reserved: set[str] = field(default_factory=set)

    async def reserve(self, request: EffectRequest) -> Reservation:
        stock = self.outside.stock
        available = stock.pop(0) if len(stock) > 1 else stock[0]
        if isinstance(available, Exception):
            raise available
        if available:
            self.reserved.add(request.key)
            self.outside.effects.append("reserve_stock")
        further = tuple(f"L{number}" for number in range(2, len(self.outside.outline.ordered) + 1))
        return (
            Reservation(available=True, lot="L1", further_lots=further) if available else Reservation(available=False)
        )

    async def release(self, request: EffectRequest) -> None:
        if request.key in self.reserved:
            self.reserved.discard(request.key)
            self.outside.effects.append("return_stock")


@dataclass
class Roster:
    """Nurses, and who of them holds which visit."""

    outside: Outside
    held: dict[str, VisitHold] = field(default_factory=dict)

    async def find(self, search: NurseSearch) -> tuple[str, ...]:
        return tuple(nurse for nurse in self.outside.nurses if search.only in (None, nurse))

    async def hold(self, hold: VisitHold) -> HeldVisit:
        holds = self.outside.holds
        if problem := (holds.pop(0) if len(holds) > 1 else holds[0]):
            return HeldVisit(held=False, problem=problem)
        self.held[hold.key] = hold
        self.outside.effects.append("hold_visit")
        return HeldVisit(held=True)

    async def release(self, request: EffectRequest) -> None:
        if self.held.pop(request.key, None):
            self.outside.effects.append("release_visit")
