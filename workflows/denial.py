"""When the payer says no, or what only a person understands: review, talk, appeal, external review, assistance.

Assistance is sought beside all of it: who finds it first ends the dispute.
"""

from datetime import datetime
from typing import Final

from temporalio import workflow

from activities.payer import PayerActivities
from firstdose.domain.authorization import SETTLED, Certification, Line, LineKind, LineState, PayerAnswer, decide, move
from firstdose.domain.channel import PeerToPeer as TalkRule
from firstdose.domain.clock_rules import Purpose
from firstdose.domain.clocks import Clock
from firstdose.domain.coverage import Paying
from firstdose.domain.denial import Tried, WayOn, ways_on
from firstdose.domain.resolutions import Appeal, FindAssistance, PeerToPeer, ReviewDecision
from firstdose.domain.stage import Closing
from firstdose.ports import ClockRequest
from workflows import options
from workflows.case import Request
from workflows.lines import TO_REVIEW, briefly, set_lines
from workflows.track import Track
from workflows.worklist import Worklist

ASSISTANCE: Final = "denied"
"""What the search for assistance is about that runs beside a dispute."""


class Denial(Track):
    async def review(self) -> None:
        """A person looks at what is denied, partial, modified or not understood, and chooses among the ways open."""
        lines = tuple(line for line in self.case.lines if line.state in TO_REVIEW)
        if any(line.state is LineState.DENIED for line in lines):
            self.worklist.open(FindAssistance, about=ASSISTANCE, reason="denied")
        ways = ways_on(self.case.plan, self.case.tried)
        answer = await self.worklist.ask_unless(
            self._assistance_found, ReviewDecision, lines=briefly(lines), options=ways
        )
        if answer is None:
            return
        self.journal.note("decision.reviewed", outcome=answer.outcome, reason=answer.reason)
        match answer.outcome:
            case WayOn.DECIDED:
                set_lines(self, decide(self.case.lines, answer.lines), "staff")
            case WayOn.RESUBMIT:
                self.case.tried = Tried()
                self._send_back(Certification.INITIAL)
            case WayOn.PEER_TO_PEER:
                set_lines(self, move(self.case.lines, LineState.PEER_TO_PEER, of=TO_REVIEW), "staff")
            case WayOn.APPEAL:
                await self._appeal(lines)
            case WayOn.EXTERNAL_REVIEW:
                await self._ask_for_external_review(lines)
            case WayOn.GIVE_UP:
                self._exhaust()

    def _send_back(self, certification: Certification) -> None:
        set_lines(self, move(self.case.lines, LineState.DRAFT, of=TO_REVIEW, certification=certification), "staff")

    def _exhaust(self) -> None:
        set_lines(self, move(self.case.lines, LineState.EXHAUSTED, of=TO_REVIEW), "staff")

    async def talk_peer_to_peer(self) -> None:
        """Our pharmacist and the payer's physician; for some plans the talk only explains."""
        binding = self.case.plan.peer_to_peer is TalkRule.BINDING
        answer = await self.worklist.ask_unless(
            self._assistance_found,
            PeerToPeer,
            lines=briefly(self.case.lines),
            options=("overturned", "upheld") if binding else ("upheld",),
        )
        if answer is None:
            return
        self.case.tried = self.case.tried.model_copy(update={"talked": True})
        if answer.outcome == "overturned":
            set_lines(self, decide(self.case.lines, answer.lines), "staff")
        else:
            set_lines(self, move(self.case.lines, LineState.DENIED, of={LineState.PEER_TO_PEER}), "staff")

    async def _appeal(self, lines: tuple[Line, ...]) -> None:
        level = self.case.tried.appeals + 1
        window = Purpose.APPEAL_FILING if level == 1 else Purpose.SECOND_APPEAL_FILING
        if await self._filed(lines, level=level, window=window):
            self.case.tried = self.case.tried.model_copy(update={"appeals": level})
            self._send_back(Certification.APPEAL_EXPEDITED if self.case.urgent else Certification.APPEAL)

    async def _ask_for_external_review(self, lines: tuple[Line, ...]) -> None:
        """Somebody other than the plan decides; its word comes by letter, so a person brings it."""
        if not await self._filed(lines, level="external_review", window=Purpose.EXTERNAL_REVIEW_FILING):
            return
        self.case.tried = self.case.tried.model_copy(update={"reviewed_externally": True})
        clock = await self._clock(Purpose.EXTERNAL_REVIEW, workflow.now(), lines)
        self.case.request = Request(
            contact_id=str(workflow.uuid4()),
            known=PayerAnswer(),
            clock=clock,
            electronic=False,
            ask_people_at=workflow.now(),
        )
        set_lines(self, move(self.case.lines, LineState.EXTERNAL_REVIEW, of=TO_REVIEW), "staff")

    async def _filed(self, lines: tuple[Line, ...], *, level: int | str, window: Purpose) -> bool:
        """Whether the appeal is filed; its window is on the work item, which is due before the window closes."""
        closes = await self._clock(window, workflow.now(), lines)
        due_in = closes.due_at - workflow.now() if closes else None
        usual = self.case.policy.due_for(self.worklist.kind_of(Appeal))
        self.worklist.open(
            Appeal,
            about=str(level),
            due_in=min(due_in, usual) if due_in else None,
            level=level,
            lines=briefly(lines),
            file_by=closes.due_at if closes else None,
            rule=closes.rule if closes else None,
            citation=closes.citation if closes else None,
        )
        answer = await self.worklist.ask_unless(self._assistance_found, Appeal, about=str(level))
        if answer is not None and answer.outcome == "give_up":
            self._exhaust()
        return answer is not None and answer.outcome == "file"

    async def _clock(self, purpose: Purpose, at: datetime, lines: tuple[Line, ...]) -> Clock | None:
        request = ClockRequest(
            referral_id=self.case.referral_id,
            key=str(workflow.uuid4()),
            purpose=purpose,
            at=at,
            drug=any(line.kind is LineKind.DRUG for line in lines),
            expedited=self.case.urgent,
        )
        return await self.effects.do(
            PayerActivities.start_clock, request, options.STORED, f"start the clock: {purpose}"
        )

    async def give_up(self) -> None:
        """Every way with the payer is exhausted: somebody else pays, or the referral ends."""
        answer = await self.worklist.ask(FindAssistance, about=ASSISTANCE, reason="denied")
        if answer.outcome == "none":
            self.control.close(Closing.DENIED_FINAL)
        self._let_somebody_else_pay()

    def _assistance_found(self) -> bool:
        return assistance_found(self.worklist)

    def take_assistance(self) -> None:
        """If assistance was found meanwhile, it ends the dispute."""
        if self._assistance_found():
            self.worklist.take(FindAssistance, about=ASSISTANCE)
            self._let_somebody_else_pay()

    def _let_somebody_else_pay(self) -> None:
        """What the payer has not approved need not be."""
        self.case.paying = Paying.ASSISTANCE
        free = move(self.case.lines, LineState.NOT_REQUIRED, of=frozenset(LineState) - SETTLED)
        set_lines(self, free, "staff")


def assistance_found(worklist: Worklist) -> bool:
    """Whether somebody else was found to pay, and the dispute does not know yet."""
    answer = worklist.peek(FindAssistance, about=ASSISTANCE)
    return answer is not None and answer.outcome == "found"
