"""The process: one referral, from the source's webhook to the first infusion."""

import asyncio

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.records import RecordActivities
    from firstdose.domain.work.judging.context import ResolutionContext
    from firstdose.domain.work.stage import Closing, Milestone, Stage
    from firstdose.ports import Opening
    from workflows import options
    from workflows.agreement import AgreementTrack
    from workflows.assessment import AssessmentTrack
    from workflows.authorization.nursing_line import NursingLine
    from workflows.authorization.submit import AuthorizationTrack
    from workflows.authorization.voiding import VOID
    from workflows.completeness import Completeness
    from workflows.coverage import CoverageTrack
    from workflows.duplicates import DuplicateCheck
    from workflows.gate_keeper import GateKeeper
    from workflows.handlers import Handlers
    from workflows.license import LicenseCheck
    from workflows.mechanism.background import beside
    from workflows.mechanism.calls import CallFailed, call_locally
    from workflows.mechanism.control import Closed, StartAgain, all_of
    from workflows.mechanism.effects import Effects
    from workflows.mechanism.escalation import Escalation
    from workflows.mechanism.journal import Journal, Present
    from workflows.mechanism.people_fallback import PeopleFallback
    from workflows.mechanism.resolution_context import resolution_context
    from workflows.mechanism.state import ReferralState
    from workflows.mechanism.visibility import Visibility
    from workflows.mechanism.worklist import Situation, Worklist
    from workflows.messages import WORKFLOW, ReferralStart, Status
    from workflows.overrides import Overrides
    from workflows.patient import PatientTrack
    from workflows.rework import Rework
    from workflows.service import ServiceTrack
    from workflows.start_without_nurse import StartWithoutNurse
    from workflows.steering import Steering
    from workflows.therapy import RETURN_STOCK, TherapyTrack
    from workflows.undoing import Undoing
    from workflows.visit import RELEASE, VisitTrack


@workflow.defn(name=WORKFLOW)
class ReferralWorkflow(Handlers):
    @workflow.init
    def __init__(self, start: ReferralStart) -> None:
        self.state = ReferralState.at_start(start)
        self.case, self.control = self.state.case, self.state.control
        present = Present(
            standing=lambda: self.tracking.show(),
            open_items=lambda: tuple(item.id for item in self.worklist.open_items),
            state=lambda: self.state.to_json(),
        )
        self.journal = Journal(
            start.referral_id, self.state.journal, present, lambda recorded: self.rework.on_facts_changed(recorded)
        )
        self.worklist = Worklist(
            start.referral_id,
            self.state.worklist,
            lambda: Situation(self.case.policy, self.case.outline, self._known()),
            self.journal,
            self.control,
        )
        self.effects = Effects(self.control, self.worklist, self.journal, self.state.to_undo)
        tools = (self.case, self.state.authorization, self.control, self.journal, self.worklist, self.effects)
        self.tracking = Visibility(*tools, start.source)
        fallback = PeopleFallback(*tools)
        self.duplicates = DuplicateCheck(*tools)
        self.completeness = Completeness(*tools)
        self.license = LicenseCheck(*tools)
        self.patient = PatientTrack(*tools)
        self.authorization = AuthorizationTrack(*tools, fallback)
        self.nursing = NursingLine(*tools, self.authorization)
        self.coverage = CoverageTrack(*tools, self.authorization, fallback)
        self.assessment = AssessmentTrack(*tools)
        self.agreement = AgreementTrack(*tools)
        self.therapy = TherapyTrack(*tools)
        self.gates = GateKeeper(*tools)
        self.visit = VisitTrack(*tools, self.gates)
        self.start_without_nurse = StartWithoutNurse(*tools, self.gates)
        self.undoing = Undoing(*tools)
        self.service = ServiceTrack(*tools)
        self.steering = Steering(*tools)
        self.overrides = Overrides(*tools)
        self.rework = Rework(*tools, self.authorization, self.therapy, self.visit)
        self.escalation = Escalation(*tools)
        undo = {VOID: self.authorization.void, RETURN_STOCK: self.therapy.return_stock, RELEASE: self.visit.release}
        self.effects.compensate_with(undo)

    @workflow.query(description="Where the referral stands, and what it waits for")
    def status(self) -> Status:
        standing = self.tracking.standing()
        return Status(
            stage=standing.stage,
            closing=standing.closing,
            lines=standing.lines,
            open_items=self.worklist.open_items,
            blocked_by=standing.blocked_by,
            hold=self.control.hold,
            overrides=tuple(self.case.overrides.values()),
            waiting_for=standing.waiting_for,
            next_due=standing.next_due,
            teaching_open=self.case.teaching_open,
            recorded=self.journal.recorded,
        )

    @workflow.run
    async def run(self, start: ReferralStart) -> Closing:
        closing = await beside(
            self.bring_on_service(),
            self.journal.keep(),
            self.escalation.watch(),
            self.steering.end_holds(),
            self.completeness.watch(),
            self.license.watch(),
            self.nursing.watch(),
            self.undoing.watch(),
            self.overrides.end(),
            self.overrides.hear_about_ended(),
            self.authorization.receive_late_answers(),
            self.authorization.wait.read_again(),
            self.authorization.voiding.receive_answers(),
        )
        await workflow.wait_condition(workflow.all_handlers_finished)
        return closing

    async def bring_on_service(self) -> Closing:
        try:
            self.control.check_open()
            while not self.case.visit_done:
                try:
                    self.control.begin_again()
                    await self.open()
                    await self.duplicates.settle()
                    await self.visit.hear_report()
                    if self.case.visit_done:
                        break
                    await self.rework.invalidate()
                    await self.nursing.follow()
                    if self.case.outline.benefits_check_only:
                        await self.coverage.verify()
                        return await self.service.leave(Closing.COMPLETED)
                    await self.reach_first_visit()
                except StartAgain:
                    continue
            return await self.service.begin()
        except Closed as closed:
            return await self.service.leave(closed.closing)
        except asyncio.CancelledError:  # an operator cancelled the workflow in Temporal itself
            return await self.service.leave(Closing.WITHDRAWN)

    def _known(self) -> ResolutionContext:
        return resolution_context(self.case, self.state.authorization)

    async def open(self) -> None:
        if self.case.opened:
            return
        self.case.begun_at = workflow.now()
        self.case.open(await self._opening())
        self.journal.note("referral.opened", policy=self.case.policy.version, payer=self.case.plan.payer)
        self.journal.tell(Milestone.CREATED)
        self.service.move(Stage.VERIFICATION)

    async def _opening(self) -> Opening:
        step = "open the referral"
        try:
            return await call_locally(RecordActivities.open_referral, self.case.referral_id, options.OPEN_LOCALLY, step)
        except CallFailed:
            return await self.effects.do(RecordActivities.open_referral, self.case.referral_id, options.STORE, step)

    async def reach_first_visit(self) -> None:
        await self.visit.review_reaction()
        await all_of(self.patient.reach(), self.coverage.secure(), self.assessment.obtain(), self.mend())
        self.service.accept()
        await self.prepare()
        if self.case.without_nurse:
            await self.start_without_nurse.confirm()
        else:
            await self.visit.perform()

    async def prepare(self) -> None:
        arrange = () if self.case.without_nurse else (self.visit.arrange(),)
        await all_of(self.agreement.review(), self.therapy.prepare(), *arrange)

    async def mend(self) -> None:
        """The steps of closed gates begin at once, beside the first ones."""
        if self.gates.mending:
            await all_of(self.gates.ask(), self.prepare() if self.gates.prepares else self.agreement.review())
