"""When the payer says no, or what only a person understands: review, talk, appeal, external review, assistance.

Assistance is sought beside all of it: who finds it first ends the dispute.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from temporalio import workflow

from firstdose.domain.authorization.answers import accept, decide
from firstdose.domain.authorization.denial import WayOn, filing_window, still_open, ways_on
from firstdose.domain.authorization.lines import Certification, Line, LineState, move
from firstdose.domain.authorization.steps import STATES, Step, at, next_step
from firstdose.domain.clock.clocks import Clock
from firstdose.domain.clock.rules import ClockPurpose
from firstdose.domain.payer.channel import Channel
from firstdose.domain.payer.channel import PeerToPeerRule as TalkRule
from firstdose.domain.payer.coverage import Paying
from firstdose.domain.work.resolutions import Appeal, FindAssistance, PeerToPeer, ReviewDecision
from firstdose.domain.work.work_item import WorkItemKind
from workflows.authorization.clock import PayerClock
from workflows.authorization.other_ways import OtherWays
from workflows.authorization.state import Filing, PayerRequest, contacts_of, shown
from workflows.mechanism.track import Track

ASSISTANCE: Final = "denied"
"""What the search for assistance is about that runs beside a dispute."""

_UNDER_REVIEW: Final = STATES[Step.REVIEW]


@dataclass
class Dispute(Track):
    clock: PayerClock

    def something_open(self) -> bool:
        """Nothing is given up while the payer may still approve another line."""
        disputed = bool(at(self.authorization.lines, Step.REVIEW, Step.PEER_TO_PEER))
        return disputed or self._assistance_found() or next_step(self.authorization.lines) is Step.GIVE_UP

    async def go_on(self, over: Callable[[], bool]) -> None:
        """One step of the dispute; it is dropped where it settles itself."""
        if self._assistance_found():
            self.worklist.take(FindAssistance, about=ASSISTANCE)
            self._let_somebody_else_pay()
        elif self.authorization.filing:
            await self._file(self.authorization.filing, over)
        elif lines := self._alike(at(self.authorization.lines, Step.REVIEW)):
            await self._review(lines, over)
        elif lines := self._alike(at(self.authorization.lines, Step.PEER_TO_PEER)):
            await self._talk(lines, over)
        else:
            await self._give_up(over)

    def _alike(self, lines: tuple[Line, ...]) -> tuple[Line, ...]:
        """Those against whose refusal the same has been tried: the same ways are open for them."""
        tried_for = self.authorization.tried_for
        return tuple(line for line in lines if tried_for(line) == tried_for(lines[0]))

    async def _review(self, lines: tuple[Line, ...], over: Callable[[], bool]) -> None:
        """A person looks at what is denied, partial, modified or not understood, and chooses among the ways open."""
        if any(line.state is LineState.DENIED for line in lines):
            self.worklist.open(FindAssistance, about=ASSISTANCE, reason="denied")
        tried = self.authorization.tried_for(lines[0])
        ways = ways_on(self.case.plan, tried)
        window = await self._window(filing_window(ways, tried), lines)
        closes_at = window.due_at if window else None
        self._ask_afresh_about_others(lines)
        answer = await self.worklist.ask_unless(
            self._settled(lines, over),
            ReviewDecision,
            contacts=contacts_of(lines),
            lines=shown(lines),
            options=_options(lines, still_open(ways, closes_at, workflow.now())),
            **_limits(window),
        )
        if answer is None:
            return
        if answer.outcome not in _options(lines, still_open(ways, closes_at, workflow.now())):
            self.journal.note("decision.window_closed", outcome=answer.outcome)
            return
        self.journal.note("decision.reviewed", outcome=answer.outcome, reason=answer.reason)
        chosen = tuple(line for line in lines if not answer.sequences or line.sequence in answer.sequences)
        await self._take(answer, chosen, window)

    def _ask_afresh_about_others(self, lines: tuple[Line, ...]) -> None:
        """An item from before a new start may show other lines: its answer would be to another question."""
        if self.authorization.under_review != _standing(lines):
            self.worklist.drop(ReviewDecision, why="the lines under review are others now")
        self.authorization.under_review = _standing(lines)

    async def _take(self, answer: ReviewDecision, lines: tuple[Line, ...], window: Clock | None) -> None:
        match answer.outcome:
            case WayOn.DECIDED:
                self._set_lines(decide(self.authorization.lines, answer.lines))
            case WayOn.ACCEPT:
                self._set_lines(accept(self.authorization.lines, _sequences(lines)))
            case WayOn.RESUBMIT:
                self._move(lines, LineState.DRAFT, certification=Certification.INITIAL)
            case WayOn.PEER_TO_PEER:
                self._move(lines, LineState.PEER_TO_PEER)
            case WayOn.EXTERNAL_REVIEW if window is None:  # the plan forwards it by itself
                await self._review_externally(lines)
            case WayOn.APPEAL | WayOn.EXTERNAL_REVIEW:
                self.authorization.filing = Filing(answer.outcome, _sequences(lines), window)
            case WayOn.GIVE_UP:
                self._move(lines, LineState.EXHAUSTED)

    def _settled(self, lines: tuple[Line, ...], over: Callable[[], bool]) -> Callable[[], bool]:
        """Whether nothing is left to ask about these lines as they were."""
        asked = _standing(lines)

        def settled() -> bool:
            now = (line for line in self.authorization.lines if line.sequence in asked)
            return over() or self._assistance_found() or _standing(now) != asked

        return settled

    async def _window(self, purpose: ClockPurpose | None, lines: tuple[Line, ...]) -> Clock | None:
        """By when the next appeal must be filed; it runs from the payer's notice."""
        if purpose is None:
            return None
        refused_at = min(self.authorization.refused_at.get(line.sequence, workflow.now()) for line in lines)
        return await self.clock.start(purpose, at=refused_at, lines=lines)

    async def _file(self, filing: Filing, over: Callable[[], bool]) -> None:
        """The appeal is written and filed; the work item is due before its window closes."""
        lines = tuple(line for line in at(self.authorization.lines, Step.REVIEW) if line.sequence in filing.sequences)
        if not lines:
            self.authorization.filing = None
            return
        level = self.authorization.tried_for(lines[0]).appeals + 1 if filing.way is WayOn.APPEAL else filing.way
        usual = self.case.policy.due_for(WorkItemKind.APPEAL)
        left = filing.window.due_at - workflow.now() if filing.window else usual
        answer = await self.worklist.ask_unless(
            self._settled(lines, over),
            Appeal,
            about=str(level),
            due_in=min(left, usual),
            level=level,
            contacts=contacts_of(lines),
            lines=shown(lines),
            **_limits(filing.window),
        )
        self.authorization.filing = None
        if answer is not None and answer.outcome == "give_up":
            self._move(lines, LineState.EXHAUSTED)
        elif answer is not None and filing.way is WayOn.EXTERNAL_REVIEW:
            await self._review_externally(lines)
        elif answer is not None:
            self._tried(lines, appeals=self.authorization.tried_for(lines[0]).appeals + 1)
            appeal = Certification.APPEAL_EXPEDITED if self.case.urgent else Certification.APPEAL
            self._move(lines, LineState.DRAFT, certification=appeal)

    async def _review_externally(self, lines: tuple[Line, ...]) -> None:
        """Somebody other than the plan decides; its decision comes by letter, so a person brings it."""
        clock = await self.clock.start(ClockPurpose.EXTERNAL_REVIEW, at=workflow.now(), lines=lines)
        self._tried(lines, reviewed_externally=True)
        request = PayerRequest(self.case.new_key("external_review"), clock, Channel.PEOPLE)
        request.due(clock.due_at if clock else None)
        self.authorization.requests[request.contact_id] = request
        self._move(lines, LineState.EXTERNAL_REVIEW, contact=request.contact_id)

    async def _talk(self, lines: tuple[Line, ...], over: Callable[[], bool]) -> None:
        """Our pharmacist and the payer's physician, peer to peer; for some plans the talk only explains."""
        binding = self.case.plan.peer_to_peer is TalkRule.BINDING
        answer = await self.worklist.ask_unless(
            self._settled(lines, over),
            PeerToPeer,
            contacts=contacts_of(lines),
            lines=shown(lines),
            options=("overturned", "upheld") if binding else ("upheld",),
        )
        if answer is None:
            return
        self._tried(lines, talked=True)
        if answer.outcome == "overturned":
            self._set_lines(decide(self.authorization.lines, answer.lines))
        talked = move(self.authorization.lines, LineState.DENIED, of={LineState.PEER_TO_PEER}, only=_sequences(lines))
        self._set_lines(talked)

    async def _give_up(self, over: Callable[[], bool]) -> None:
        """Every way with the payer is exhausted: somebody else pays, or a person chooses among the other ways."""

        def settled() -> bool:
            return over() or next_step(self.authorization.lines) is not Step.GIVE_UP

        other_ways = OtherWays(*self.tools)
        if not other_ways.asked:
            answer = await self.worklist.ask_unless(settled, FindAssistance, about=ASSISTANCE, reason="denied")
            if answer is None:
                return
            if answer.outcome == "found":
                self._let_somebody_else_pay()
                return
        await other_ways.ask(settled)

    def _move(self, lines: tuple[Line, ...], to: LineState, **changes: object) -> None:
        self._set_lines(move(self.authorization.lines, to, of=_UNDER_REVIEW, only=_sequences(lines), **changes))

    def _set_lines(self, lines: tuple[Line, ...]) -> None:
        self.authorization.set_lines(lines, "staff", self.journal)

    def _tried(self, lines: tuple[Line, ...], **update: int) -> None:
        tried = self.authorization.tried_for(lines[0]).model_copy(update=update)
        self.authorization.tried |= dict.fromkeys(_sequences(lines), tried)

    def _assistance_found(self) -> bool:
        answer = self.worklist.peek(FindAssistance, about=ASSISTANCE)
        return answer is not None and answer.outcome == "found"

    def _let_somebody_else_pay(self) -> None:
        """What the payer has not approved need not be."""
        OtherWays(*self.tools).pay_otherwise(Paying.ASSISTANCE)


def _options(lines: Iterable[Line], ways: tuple[WayOn, ...]) -> tuple[WayOn, ...]:
    """What a person may choose: to accept, only where the payer granted something in part."""
    in_part = any(line.state in (LineState.PARTIAL, LineState.MODIFIED) for line in lines)
    return (WayOn.ACCEPT, *ways) if in_part else ways


def _sequences(lines: Iterable[Line]) -> tuple[int, ...]:
    return tuple(line.sequence for line in lines)


def _standing(lines: Iterable[Line]) -> dict[int, LineState]:
    return {line.sequence: line.state for line in lines}


def _limits(window: Clock | None) -> dict[str, Any]:
    return {"file_by": window.due_at, "rule": window.rule, "citation": window.citation} if window else {}
