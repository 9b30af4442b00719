"""The first visit: a nurse is found, the gates are checked again at dispatch, the visit is reported."""

from datetime import datetime, timedelta

from temporalio import workflow

from activities.dispatch import DispatchActivities
from firstdose.domain.care.gates import ClosedGate, DispatchReadiness, Gate, closed_gates
from firstdose.domain.care.visit import Visit
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.resolutions import (
    ConfirmVisit,
    PlaceVisit,
    Reconcile,
    ReportVisit,
    ReviewReaction,
)
from firstdose.domain.work.stage import Closing, Milestone, Stage
from firstdose.ports import NurseSearch, Recipient, Topic, VisitHold
from workflows import options
from workflows.change_review import ChangeReview
from workflows.mechanism.case import Part
from workflows.mechanism.control import StartAgain
from workflows.mechanism.track import Track
from workflows.result_age import ResultAge
from workflows.staleness import Staleness

RELEASE = "release the visit"


class VisitTrack(Track):
    async def arrange(self) -> None:
        """Until a nurse or the suite has the visit, at a time that the patient confirmed."""
        await ChangeReview(*self.tools).settle(SettledResult.VISIT)
        if self.case.placing:
            await self._hold(self.case.placing)
        if self.case.visit is None and self.case.site is Site.HOME:
            await self._offer_to_nurses()
        while self.case.visit is None:
            await self._place()
        self.move(Stage.SCHEDULED)

    async def _offer_to_nurses(self) -> None:
        rule = self.case.policy.dispatch
        search = NurseSearch(referral_id=self.case.referral_id, key=self.case.referral_id, limit=rule.offers)
        found = await self.effects.do(DispatchActivities.find_nurses, search, options.STORE, "find nurses")
        for nurse in (nurse for nurse in found if nurse not in self.case.nurses_asked):
            answer = await self.worklist.offer(
                ConfirmVisit,
                about=nurse,
                within=rule.answer_within,
                offered_to=nurse,
                therapy=self.case.outline.therapy,
            )
            self.case.nurses_asked.add(nurse)
            if answer and answer.outcome == "accepted" and await self._accept(nurse, answer.visit_at):
                return

    async def _place(self) -> None:
        """Automatic dispatch found nobody, or the visit is in the suite: the nurse coordinator places it."""
        answer = await self.worklist.ask(PlaceVisit, site=self.case.site, nurses_asked=sorted(self.case.nurses_asked))
        match answer.outcome:
            case "placed":
                await self._accept(answer.nurse, answer.visit_at)
            case "suite":
                self._go_to_suite()
            case _:
                self.control.close(Closing.EXPIRED)

    def _go_to_suite(self) -> None:
        self.case.site = Site.SUITE
        self.journal.note("site.changed", site=Site.SUITE)
        Staleness(*self.tools).mark({Change.SITE})
        self.send_back()

    async def _accept(self, nurse: str | None, visit_at: datetime | None) -> bool:
        if visit_at is None:
            return False
        self.case.visit_key = self.case.new_key("visit")
        self.case.placing = Visit(visit_at=visit_at, nurse=nurse, patient_confirmed=True)
        return await self._hold(self.case.placing)

    async def _hold(self, visit: Visit) -> bool:
        self.effects.undo_with(RELEASE)
        hold = VisitHold(referral_id=self.case.referral_id, key=self.case.visit_key, visit=visit)
        held = await self.effects.do(DispatchActivities.hold_visit, hold, options.STORE, "hold the visit")
        self.case.placing = None
        if not held:
            self.effects.settled(RELEASE)
            return False
        self.case.visit = visit
        self.journal.tell(Milestone.SCHEDULED, visit_at=visit.visit_at)
        return True

    async def perform(self) -> None:
        """Dispatch the nurse if every gate is open then; the report decides what comes next."""
        visit = self.case.visit
        if visit is None:
            raise StartAgain
        if {gate.gate for gate in self._closed_gates(visit)} == {Gate.AUTHORIZATION}:
            return self.send_back(Part.RENEWAL)
        if await ResultAge(*self.tools).too_old_for(visit):
            return None
        await self.control.until_time(visit.visit_at - self.case.policy.dispatch.lead, "dispatch")
        await self.journal.facts_learned()
        await self.control.ready()
        if closed := self._closed_gates(visit):
            return await self._blocked(closed)
        self.case.blocked_by = ()
        self.move(Stage.FIRST_VISIT)
        await self._report(visit)

    def _closed_gates(self, visit: Visit) -> tuple[ClosedGate, ...]:
        case = self.case
        ready = DispatchReadiness(
            outline=case.outline,
            licensed_states=case.policy.licensed_states,
            site=case.site,
            lines=self.authorization.lines,
            assessment=case.assessment,
            agreement_signed=case.agreement_signed,
            therapy=case.therapy,
            visit=visit,
            on_hold=self.control.hold is not None,
            under_review=case.under_review,
            overridden=case.overridden,
        )
        return closed_gates(ready)

    async def _blocked(self, closed: tuple[ClosedGate, ...]) -> None:
        """Do a part again where that can open the gate; otherwise a supervisor decides."""
        self.case.blocked_by = tuple(gate.why for gate in closed)
        self.journal.note("dispatch.blocked", gates=[gate.gate for gate in closed], why=list(self.case.blocked_by))
        gates = {gate.gate for gate in closed}
        if gates == {Gate.AUTHORIZATION}:
            return self.send_back(Part.RENEWAL, Part.VISIT)
        if gates <= {Gate.THERAPY, Gate.KIT}:
            return self.send_back(Part.THERAPY, Part.VISIT)
        answer = await self.worklist.ask(Reconcile, about="dispatch", step="dispatch", blocked_by=self.case.blocked_by)
        if answer.outcome == "close" and answer.closing:
            self.control.close(answer.closing)

    async def _report(self, visit: Visit) -> None:
        await self.notify(Recipient.NURSE, Topic.VISIT_DISPATCHED, "dispatch the nurse", about=self.case.visit_key)
        within = max(visit.visit_at - workflow.now(), timedelta()) + self.case.policy.dispatch.report_within
        self.worklist.open(ReportVisit, due_in=within, visit_at=visit.visit_at, site=self.case.site)
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
        else:
            await self._unfinished(report)

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
        """After a reaction the prescriber is notified, and nothing continues before a supervisor's review."""
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
        was_scheduled, self.case.visit, self.case.placing = self.case.visit is not None, None, None
        if was_scheduled:
            self.case.nurses_asked.clear()
        if self.effects.pending(RELEASE):
            if was_scheduled and self.case.over != self.case.visit_key:
                self.journal.tell(Milestone.EVENT_CANCELLED)
            await self.effects.undo(RELEASE)

    async def release(self) -> None:
        """The compensation of a visit that is held."""
        request = self.request(self.case.visit_key)
        await self.effects.tell(DispatchActivities.release_visit, request, options.STORE, RELEASE, on_hold=True)
