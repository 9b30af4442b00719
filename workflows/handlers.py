"""The messages that a referral takes: each as an update that answers or refuses, and most as a signal for the Web UI.

A message that the store delivers again is acted on once, also after the referral was started again.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from firstdose.domain.work.resolutions import Refused
    from workflows.authorization.submit import AuthorizationTrack
    from workflows.mechanism.journal import Journal
    from workflows.mechanism.state import ReferralState
    from workflows.mechanism.worklist import Worklist
    from workflows.messages import (
        AmendRequest,
        ApproveOverride,
        CancelRequest,
        Done,
        HoldRequest,
        OverrideRequest,
        PayerAnswered,
        ResolveWorkItem,
        ResumeRequest,
        SteeringMessage,
    )
    from workflows.steering import Steering

_M = TypeVar("_M", bound=BaseModel)
_Request = TypeVar("_Request", bound=SteeringMessage)

_REMEMBERED: Final = 100
"""How many ids of the last applied messages are kept."""


class Handlers:
    state: ReferralState
    journal: Journal
    worklist: Worklist
    steering: Steering
    authorization: AuthorizationTrack

    @workflow.update(description="Resolve a work item, as its role")
    async def resolve_work_item(self, request: ResolveWorkItem) -> Done:
        return await self._act(request, self.steering.resolve)

    @resolve_work_item.validator
    def _judge_resolution(self, request: ResolveWorkItem) -> None:
        self._judge(request, self.steering.judge_answer)

    @workflow.update(description="Pause every track at its next step")
    async def hold(self, request: HoldRequest) -> Done:
        return await self._act(request, self.steering.hold)

    @hold.validator
    def _judge_hold(self, request: HoldRequest) -> None:
        self._judge(request, self.steering.judge_hold)

    @workflow.update(description="Go on after a hold")
    async def resume(self, request: ResumeRequest) -> Done:
        return await self._act(request, self.steering.resume)

    @resume.validator
    def _judge_resume(self, request: ResumeRequest) -> None:
        self._judge(request, self.steering.judge_resume)

    @workflow.update(description="End the referral; what was set in motion is undone")
    async def cancel(self, request: CancelRequest) -> Done:
        return await self._act(request, self.steering.cancel)

    @cancel.validator
    def _judge_cancel(self, request: CancelRequest) -> None:
        self._judge(request, self.steering.judge_cancel)

    @workflow.update(description="New facts lie in the store: look again at what they change")
    async def amend(self, request: AmendRequest) -> Done:
        return await self._act(request, self.steering.amend)

    @amend.validator
    def _judge_amend(self, request: AmendRequest) -> None:
        self._judge(request, self.steering.judge_amend)

    @workflow.update(description="Ask to start without the payer's answer; another supervisor must approve")
    async def override(self, request: OverrideRequest) -> Done:
        await self._act(request, self.steering.override)
        return Done(id=self.steering.override_id(request))

    @override.validator
    def _judge_override(self, request: OverrideRequest) -> None:
        self._judge(request, self.steering.judge_override)

    @workflow.update(description="Approve another supervisor's override")
    async def approve_override(self, request: ApproveOverride) -> Done:
        return await self._act(request, self.steering.approve)

    @approve_override.validator
    def _judge_approval(self, request: ApproveOverride) -> None:
        self._judge(request, self.steering.judge_approval)

    @workflow.signal(description="The payer's answer lies in the store")
    def payer_answered(self, message: Any) -> None:
        self._by_signal(PayerAnswered, message, self.authorization.payer_answered)

    @workflow.signal(name="resolve_work_item", description="Resolve a work item; a refusal shows in the audit")
    def resolve_by_signal(self, message: Any) -> None:
        self._by_signal(ResolveWorkItem, message, self.steering.resolve, self.steering.judge_signal)

    @workflow.signal(name="hold", description="Pause every track at its next step")
    def hold_by_signal(self, message: Any) -> None:
        self._by_signal(HoldRequest, message, self.steering.hold, self.steering.judge_hold)

    @workflow.signal(name="resume", description="Go on after a hold")
    def resume_by_signal(self, message: Any) -> None:
        self._by_signal(ResumeRequest, message, self.steering.resume, self.steering.judge_resume)

    @workflow.signal(name="cancel", description="End the referral; what was set in motion is undone")
    def cancel_by_signal(self, message: Any) -> None:
        self._by_signal(CancelRequest, message, self.steering.cancel, self.steering.judge_cancel)

    def _judge(self, request: _Request, judge: Callable[[_Request], object]) -> None:
        """Raises Refused. A message that was applied already is accepted again."""
        if request.message_id not in self.state.applied:
            judge(request)

    async def _act(self, request: _Request, act: Callable[[_Request], object]) -> Done:
        """Apply it once; return when the store has recorded it."""
        if request.message_id not in self.state.applied:
            act(request)
            if request.message_id:
                self.state.applied[:] = [*self.state.applied, request.message_id][-_REMEMBERED:]
        await self.journal.flushed()
        return Done()

    def _by_signal(
        self,
        read: type[_M],
        message: Any,
        act: Callable[[_M], object],
        judge: Callable[[_M], object] = lambda request: None,
    ) -> None:
        """A signal cannot be refused, so it is read leniently, and what is wrong with it goes into the audit."""
        try:
            request = read.model_validate(message)
            judge(request)
            act(request)
        except ValidationError:
            self._refuse_signal(read, "not of the shape that it needs")
        except Refused as refusal:
            self._refuse_signal(read, str(refusal))

    def _refuse_signal(self, read: type[BaseModel], why: str) -> None:
        self.state.case.refused = f"{read.__name__}: {why}"
        self.journal.note("signal.refused", signal=read.__name__, why=why)
