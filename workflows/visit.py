"""The first visit: a nurse is found, the gates are checked again at dispatch, the visit is reported."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from temporalio import workflow

from activities.dispatch import DispatchActivities
from firstdose.domain.care.gates import Gate
from firstdose.domain.care.visit import TAUGHT, Visit
from firstdose.domain.care.visit_window import visit_window
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.resolutions import (
    ConfirmVisit,
    PlaceVisit,
    ReportVisit,
    ReviewReaction,
)
from firstdose.domain.work.stage import Closing, Milestone, Stage
from firstdose.ports import NurseSearch, Recipient, Topic, VisitHold
from workflows import options
from workflows.change_review import ChangeReview
from workflows.gate_keeper import GateKeeper
from workflows.mechanism.case import Part
from workflows.mechanism.control import StartAgain
from workflows.mechanism.track import Track
from workflows.result_age import ResultAge
from workflows.staleness import Staleness
from workflows.undoing import Undoing
from workflows.visit_time import VisitTime

RELEASE = "release the visit"


@dataclass
class VisitTrack(Track):
    gates: GateKeeper

    async def arrange(self) -> None:
        """Until a nurse or the suite has the visit, at a time that the patient confirmed."""
        await ChangeReview(*self.tools).settle(SettledResult.VISIT)
        if self.case.placing:
            await self._hold(self.case.placing)
        while not await VisitTime(*self.tools).agreed(await self._held()):
            await self.let_go()
        if self.case.visit and self.case.visit.patient_confirmed:
            self.move(Stage.SCHEDULED)

    async def _held(self) -> Visit:
        if self.case.visit is None and self.case.site is Site.HOME:
            await self._offer_to_nurses()
        while self.case.visit is None:
            await self._place()
        return self.case.visit

    async def _offer_to_nurses(self) -> None:
        rule = self.case.policy.dispatch
        search = NurseSearch(
            referral_id=self.case.referral_id, key=self.case.referral_id, limit=rule.offers, day=self._first_day()
        )
        found = await self.effects.do(DispatchActivities.find_nurses, search, options.STORE, "find nurses")
        for nurse in (nurse for nurse in found if nurse not in self.case.nurses_asked):
            if await self._offer(nurse) or (self._another_time_may_do() and await self._offer(nurse)):
                return
            self.case.not_held = None  # it was about this nurse

    async def _offer(self, nurse: str) -> bool:
        """Whether this nurse has the visit. Asked again, they see why the time that they gave could not be held."""
        not_held, self.case.not_held = self.case.not_held, None
        answer = await self.worklist.offer(
            ConfirmVisit,
            about=nurse,
            within=self.case.policy.dispatch.answer_within,
            offered_to=nurse,
            therapy=self.case.outline.therapy,
            **self._possible(),
            **(not_held.asks if not_held and nurse in self.case.nurses_asked else {}),
        )
        self.case.nurses_asked.add(nurse)
        return answer is not None and answer.outcome == "accepted" and await self._accept(nurse, answer.visit_at)

    def _another_time_may_do(self) -> bool:
        problem = self.case.not_held.problem if self.case.not_held else None
        return problem is not None and problem.another_time_may_do

    def _first_day(self) -> date:
        """The first on which the visit is possible."""
        case, lines = self.case, self.authorization.lines
        return visit_window(workflow.now(), lines, case.therapy, case.policy).first.date()

    async def _place(self) -> None:
        """Automatic dispatch found nobody, or the visit is in the suite: the nurse coordinator places it."""
        asked, again = sorted(self.case.nurses_asked), self.case.not_held.asks if self.case.not_held else {}
        answer = await self.worklist.ask(
            PlaceVisit, site=self.case.site, nurses_asked=asked, **self._possible(), **again
        )
        match answer.outcome:
            case "placed":
                await self._accept(answer.nurse, answer.visit_at)
            case "suite":
                self._go_to_suite()
            case _:
                await self.ask_supervisor("visit_not_possible", site=self.case.site, nurses_asked=asked)

    def _possible(self) -> dict[str, Any]:
        """The first day on which the visit is authorized and suits the patient, where one is known."""
        begins = [line.valid_from for line in self.authorization.lines if line.covers(line.valid_from or date.min)]
        known = [day for day in (*begins, self.case.patient_from) if day]
        return {"possible_from": max(known)} if known else {}

    def _go_to_suite(self) -> None:
        self.case.site = Site.SUITE
        self.journal.note("site.changed", site=Site.SUITE)
        Staleness(*self.tools).mark({Change.SITE})
        self.send_back()

    async def _accept(self, nurse: str | None, visit_at: datetime | None) -> bool:
        if visit_at is None:
            return False
        self.case.visit_key = self.case.new_key("visit")
        self.case.placing = Visit(visit_at=visit_at, nurse=nurse)
        return await self._hold(self.case.placing)

    async def _hold(self, visit: Visit) -> bool:
        self.effects.undo_with(RELEASE)
        hold = VisitHold(referral_id=self.case.referral_id, key=self.case.visit_key, visit=visit)
        held = await self.effects.do(DispatchActivities.hold_visit, hold, options.STORE, "hold the visit")
        self.case.placing, self.case.not_held = None, None if held.held else held
        if not held.held:
            self.effects.settled(RELEASE)
            return False
        self.case.visit = visit
        return True

    async def perform(self) -> None:
        """Dispatch the nurse if every gate is open then; the report decides what comes next."""
        visit = self.case.visit
        if visit is None:
            raise StartAgain
        closed = self.gates.closed(visit)
        if any(gate.gate is not Gate.HOLD for gate in closed):
            return self.gates.reopen(closed, at_dispatch=False)
        if await ResultAge(*self.tools).too_old_for(visit):
            return None
        await self.control.until_time(visit.visit_at - self.case.policy.dispatch.lead, "dispatch")
        await self.journal.facts_learned()
        await self.control.ready()
        problem = await self._nurse_problem(visit)
        if closed := self.gates.closed(visit, problem):
            return self.gates.reopen(closed, at_dispatch=True)
        self.gates.passed()
        self.move(Stage.FIRST_VISIT)
        await self._report(visit)

    async def _nurse_problem(self, visit: Visit) -> str | None:
        """What the roster says by the day of the visit: nurses leave, and licenses end."""
        if visit.nurse is None:
            return None
        search = NurseSearch(
            referral_id=self.case.referral_id,
            key=self.case.visit_key,
            limit=1,
            day=visit.visit_at.date(),
            only=visit.nurse,
        )
        fit = await self.effects.do(DispatchActivities.find_nurses, search, options.STORE, "look at the nurse again")
        return None if visit.nurse in fit else "the roster does not have this nurse for this visit any more"

    async def _report(self, visit: Visit) -> None:
        await self.notify(Recipient.NURSE, Topic.VISIT_DISPATCHED, "dispatch the nurse", about=self.case.visit_key)
        within = max(visit.visit_at - workflow.now(), timedelta()) + self.case.policy.dispatch.report_within
        self.worklist.open(
            ReportVisit, due_in=within, offered_to=visit.nurse, visit_at=visit.visit_at, site=self.case.site
        )
        await self._reported(await self.worklist.ask(ReportVisit))

    async def hear_report(self) -> None:
        """A nurse who was on the way reports, although something is looked at again: the visit took place."""
        if self.worklist.answered(ReportVisit):
            await self._reported(self.worklist.take(ReportVisit))

    async def _reported(self, report: ReportVisit) -> None:
        if report.outcome == "completed":
            self.effects.settled(RELEASE)
            self.journal.tell(Milestone.EVENT_COMPLETED)
            self.case.visit_done = True
            self._note_teaching(report)
        else:
            await self._unfinished(report)

    def _note_teaching(self, report: ReportVisit) -> None:
        """What the patient could not show back stays open after the visit."""
        self.case.teaching_open = tuple(sorted(TAUGHT - report.shown_back))
        if self.case.teaching_open:
            self.journal.note("visit.teaching_open", items=list(self.case.teaching_open))

    async def _unfinished(self, report: ReportVisit) -> None:
        """The visit ended without an infusion: it is arranged again, with all that it needs."""
        self.case.over = self.case.visit_key
        match report.outcome:
            case "missed":
                self.journal.tell(Milestone.UNATTENDED)
                self.send_back(Part.VISIT)
            case "kit_missing":
                self.journal.tell(Milestone.EVENT_CANCELLED)
                self.send_back(Part.THERAPY, Part.VISIT)
            case "reaction":
                self.case.reaction = self.case.visit_key
                self.send_back(Part.THERAPY, Part.VISIT)
        await self.effects.undo(RELEASE)

    async def review_reaction(self) -> None:
        """After a reaction the prescriber is notified, and nothing continues before the pharmacist's review."""
        if self.case.reaction is None:
            return
        about = self.case.reaction
        await self.notify(Recipient.PRESCRIBER, Topic.REACTION, "tell the prescriber of the reaction", about=about)
        answer = await self.worklist.ask(ReviewReaction, about=about)
        if answer.outcome == "stop":
            self.control.close(Closing.CLINICALLY_INAPPROPRIATE)
        self.case.reaction = None

    async def let_go(self) -> None:
        """The visit no longer fits: its nurse is released, and it is arranged again."""
        Undoing(*self.tools).visit_cancelled()
        visit, self.case.visit, self.case.placing = self.case.visit, None, None
        if visit:
            self.case.nurses_asked.clear()
        if self.effects.pending(RELEASE):
            if visit and visit.patient_confirmed and self.case.over != self.case.visit_key:
                self.journal.tell(Milestone.EVENT_CANCELLED)
            await self.effects.undo(RELEASE)

    async def release(self) -> None:
        """The compensation of a visit that is held."""
        request = self.request(self.case.visit_key)
        await self.effects.tell(DispatchActivities.release_visit, request, options.STORE, RELEASE, on_hold=True)
