"""The process: one referral, from the source's webhook to the first infusion."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.records import RecordActivities
    from firstdose.domain.resolutions import Refused
    from firstdose.domain.stage import Closing, Milestone, Stage
    from workflows import options
    from workflows.assessment import InitialAssessment
    from workflows.authorization import Authorization
    from workflows.case import Case
    from workflows.control import Closed, Control, StartAgain, all_of
    from workflows.coverage import Coverage
    from workflows.effects import Effects
    from workflows.journal import Journal
    from workflows.messages import (
        WORKFLOW,
        AmendRequest,
        ApproveOverride,
        CancelRequest,
        Done,
        HoldRequest,
        OverrideRequest,
        PayerAnswered,
        ReferralStart,
        ResolveWorkItem,
        ResumeRequest,
        Status,
    )
    from workflows.patient import Patient
    from workflows.preparation import Agreement, Therapy
    from workflows.second_look import SecondLook
    from workflows.service import Service
    from workflows.steering import Steering
    from workflows.tracking import Tracking
    from workflows.visit import FirstVisit
    from workflows.worklist import Worklist

M = TypeVar("M", bound=BaseModel)


@workflow.defn(name=WORKFLOW)
class Referral:
    @workflow.init
    def __init__(self, start: ReferralStart) -> None:
        self.case = Case(start.referral_id)
        self.control = Control()
        self.journal = Journal(
            start.referral_id, lambda: self.tracking.show(), lambda recorded: self.second_look.learn(recorded)
        )
        self.worklist = Worklist(start.referral_id, lambda: self.case.policy, self.journal, self.control)
        self.tracking = Tracking(start.source, self.case, self.control, self.worklist)
        tools = (
            self.case,
            self.control,
            self.journal,
            self.worklist,
            Effects(self.control, self.worklist, self.journal),
        )
        self.patient = Patient(*tools)
        self.coverage = Coverage(*tools)
        self.authorization = Authorization(*tools)
        self.assessment = InitialAssessment(*tools)
        self.agreement = Agreement(*tools)
        self.therapy = Therapy(*tools)
        self.visit = FirstVisit(*tools)
        self.service = Service(*tools)
        self.steering = Steering(*tools)
        self.second_look = SecondLook(*tools)

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
        )

    @workflow.run
    async def run(self, start: ReferralStart) -> Closing:
        beside = (
            self.journal.keep(),
            self.worklist.watch(),
            self.steering.end_holds(),
            self.authorization.listen(),
        )
        tasks = [asyncio.create_task(each) for each in beside]
        closing = await self.bring_on_service()
        await workflow.wait_condition(workflow.all_handlers_finished)
        for task in tasks:
            task.cancel()
        return closing

    async def bring_on_service(self) -> Closing:
        try:
            await self.open()
            while not self.case.visit_done:
                try:
                    await self.second_look.set_aside()
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

    async def open(self) -> None:
        self.case.open(
            await workflow.execute_activity_method(
                RecordActivities.open_referral,
                self.case.referral_id,
                **options.named(options.RECORD, "open the referral"),
            )
        )
        self.journal.note("referral.opened", policy=self.case.policy.version, payer=self.case.plan.payer)
        self.journal.tell(Milestone.CREATED)
        self.service.move(Stage.VERIFICATION)

    async def reach_first_visit(self) -> None:
        await self.visit.review_reaction()
        await all_of(self.patient.reach(), self.coverage.secure(), self.assessment.obtain())
        self.service.accept()
        await all_of(self.agreement.review(), self.therapy.prepare(), self.visit.arrange())
        await self.visit.perform()

    @workflow.update(description="Resolve a work item, as its role")
    async def resolve_work_item(self, request: ResolveWorkItem) -> Done:
        self.worklist.resolve(request)
        return await self._done()

    @resolve_work_item.validator
    def _judge_resolution(self, request: ResolveWorkItem) -> None:
        self.worklist.judge(request)

    @workflow.update(description="Pause every track at its next step")
    async def hold(self, request: HoldRequest) -> Done:
        self.steering.hold(request)
        return await self._done()

    @hold.validator
    def _judge_hold(self, request: HoldRequest) -> None:
        self.steering.judge_hold(request)

    @workflow.update(description="Go on after a hold")
    async def resume(self, request: ResumeRequest) -> Done:
        self.steering.resume(request)
        return await self._done()

    @resume.validator
    def _judge_resume(self, request: ResumeRequest) -> None:
        self.steering.judge_resume(request)

    @workflow.update(description="End the referral; what was set in motion is undone")
    async def cancel(self, request: CancelRequest) -> Done:
        self.steering.cancel(request)
        return await self._done()

    @cancel.validator
    def _judge_cancel(self, request: CancelRequest) -> None:
        self.steering.judge_cancel(request)

    @workflow.update(description="New facts lie in the store: look again at what they change")
    async def amend(self, request: AmendRequest) -> Done:
        self.steering.amend(request)
        return await self._done()

    @amend.validator
    def _judge_amend(self, request: AmendRequest) -> None:
        self.steering.judge_amend(request)

    @workflow.update(description="Ask to pass a closed gate; another supervisor must approve")
    async def override(self, request: OverrideRequest) -> Done:
        asked = self.steering.override(request)
        await self.journal.flushed()
        return asked

    @override.validator
    def _judge_override(self, request: OverrideRequest) -> None:
        self.steering.judge_override(request)

    @workflow.update(description="Approve another supervisor's override")
    async def approve_override(self, request: ApproveOverride) -> Done:
        self.steering.approve(request)
        return await self._done()

    @approve_override.validator
    def _judge_approval(self, request: ApproveOverride) -> None:
        self.steering.judge_approval(request)

    async def _done(self) -> Done:
        """The answer to an update, once the store has it too."""
        await self.journal.flushed()
        return Done()

    @workflow.signal(description="The payer's answer lies in the store")
    def payer_answered(self, message: Any) -> None:
        self._by_signal(PayerAnswered, message, self.authorization.hear)

    @workflow.signal(name="resolve_work_item", description="Resolve a work item; a refusal shows in the audit")
    def resolve_by_signal(self, message: Any) -> None:
        self._by_signal(ResolveWorkItem, message, self.worklist.resolve)

    @workflow.signal(name="hold", description="Pause every track at its next step")
    def hold_by_signal(self, message: Any) -> None:
        self._by_signal(HoldRequest, message, self.steering.hold, self.steering.judge_hold)

    @workflow.signal(name="resume", description="Go on after a hold")
    def resume_by_signal(self, message: Any) -> None:
        self._by_signal(ResumeRequest, message, self.steering.resume, self.steering.judge_resume)

    @workflow.signal(name="cancel", description="End the referral; what was set in motion is undone")
    def cancel_by_signal(self, message: Any) -> None:
        self._by_signal(CancelRequest, message, self.steering.cancel, self.steering.judge_cancel)

    def _by_signal(
        self, read: type[M], message: Any, act: Callable[[M], None], judge: Callable[[M], None] | None = None
    ) -> None:
        """A signal cannot be refused, so it is read leniently, and what is wrong with it goes into the audit."""
        try:
            request = read.model_validate(message)
            if judge:
                judge(request)
            act(request)
        except ValidationError:
            self._refuse_signal(read, "not of the shape that it needs")
        except Refused as refusal:
            self._refuse_signal(read, str(refusal))

    def _refuse_signal(self, read: type[BaseModel], why: str) -> None:
        self.case.refused = f"{read.__name__}: {why}"
        self.journal.note("signal.refused", signal=read.__name__, why=why)
