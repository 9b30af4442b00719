"""How staff and the source steer a running referral. `judge_…` only refuses; its counterpart changes the state."""

from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow

from firstdose.domain.referral.versions import Change
from firstdose.domain.work.journal import Amended
from firstdose.domain.work.reasons import HoldReason
from firstdose.domain.work.resolutions import Refused
from firstdose.domain.work.role import SOURCE, Actor, Role
from firstdose.domain.work.stage import Milestone
from workflows.mechanism.case import Part
from workflows.mechanism.track import Track
from workflows.messages import (
    AmendRequest,
    ApproveOverride,
    CancelRequest,
    Hold,
    HoldRequest,
    Override,
    OverrideRequest,
    ResumeRequest,
)
from workflows.staleness import Staleness

_LONGEST_HOLD: Final = timedelta(days=366)


class Steering(Track):
    def _judge(self, actor: Actor) -> None:
        if self.control.closing is not None or self.case.visit_done:
            raise Refused("the referral is closed")
        if actor != SOURCE and not set(actor.roles) - {Role.AUDITOR}:
            raise Refused("actor: a role that may steer referrals is needed")

    def judge_hold(self, request: HoldRequest) -> None:
        self._judge(request.actor)
        if self.control.hold is not None:
            raise Refused("the referral is on hold already")
        if request.until and not workflow.now() < request.until < workflow.now() + _LONGEST_HOLD:
            raise Refused("until: a hold ends in the future, and within a year")

    def hold(self, request: HoldRequest) -> None:
        self.control.hold = Hold(reason=request.reason, until=request.until)
        self.journal.note(
            "held", actor=request.actor, message_id=request.message_id, reason=request.reason, until=request.until
        )
        if request.reason in self.case.policy.holds_that_release and (self.case.visit or self.case.reservation):
            self.send_back(Part.VISIT, Part.THERAPY)

    async def end_holds(self) -> None:
        """Ends holds at their end time, for as long as the workflow runs."""
        while True:
            await workflow.wait_condition(lambda: self.control.hold is not None)
            if (hold := self.control.hold) and hold.until:
                await self._end_hold(hold, hold.until)
            await workflow.wait_condition(lambda: self.control.hold is None)

    async def _end_hold(self, hold: Hold, until: datetime) -> None:
        left = max(until - workflow.now(), timedelta())
        try:
            await workflow.wait_condition(
                lambda: self.control.hold is not hold, timeout=left, timeout_summary=f"on hold: {hold.reason}"
            )
        except TimeoutError:
            if self.control.hold is hold:  # somebody may have ended it, or placed another, in the same moment
                self._after(hold)
                self.control.hold = None
                self.journal.note("resumed", reason="the hold's end has come")

    def judge_resume(self, request: ResumeRequest) -> None:
        self._judge(request.actor)
        if self.control.hold is None:
            raise Refused("the referral is not on hold")

    def resume(self, request: ResumeRequest) -> None:
        self._after(self.control.hold)
        self.control.hold = None
        self.journal.note("resumed", actor=request.actor, message_id=request.message_id)

    def _after(self, hold: Hold | None) -> None:
        """A patient who was in hospital comes back another."""
        if hold and hold.reason is HoldReason.HOSPITALIZED:
            Staleness(*self.tools).mark({Change.HOSPITAL_STAY})

    def judge_cancel(self, request: CancelRequest) -> None:
        self._judge(request.actor)

    def cancel(self, request: CancelRequest) -> None:
        self.journal.note("cancelled", actor=request.actor, message_id=request.message_id, reason=request.reason)
        self.journal.tell(Milestone.CANCELLATION_REQUESTED)
        self.control.request_closing(request.reason)

    def judge_amend(self, request: AmendRequest) -> None:
        self._judge(request.actor)
        if request.message_id is None:
            raise Refused("message_id: a new version of the facts is sent through the desk, which stores it")

    def amend(self, request: AmendRequest) -> None:
        self.journal.add(Amended(at=workflow.now(), actor=request.actor, message_id=request.message_id))

    def judge_override(self, request: OverrideRequest) -> None:
        self._judge(request.actor)
        if Role.SUPERVISOR not in request.actor.roles:
            raise Refused("actor: only a supervisor asks for an override")

    def override_id(self, request: OverrideRequest) -> str:
        """The id of the override that this request made."""
        return request.message_id or f"override-{len(self.case.overrides)}"

    def override(self, request: OverrideRequest) -> None:
        override = Override(
            id=request.message_id or f"override-{len(self.case.overrides) + 1}",
            gate=request.gate,
            reason=request.reason,
            asked_by=request.actor.id,
        )
        self.case.overrides[override.id] = override
        self.journal.note(
            "override.asked",
            actor=request.actor,
            message_id=request.message_id,
            override=override.id,
            gate=request.gate,
            reason=request.reason,
        )

    def judge_approval(self, request: ApproveOverride) -> None:
        self._judge(request.actor)
        override = self.case.overrides.get(request.override_id)
        if override is None or override.approved_by is not None:
            raise Refused("override_id: there is no such override, or it is approved already")
        if Role.SUPERVISOR not in request.actor.roles or request.actor.id == override.asked_by:
            raise Refused("actor: another supervisor than the one who asked must approve")

    def approve(self, request: ApproveOverride) -> None:
        override = self.case.overrides[request.override_id]
        self.case.overrides[override.id] = override.model_copy(update={"approved_by": request.actor.id})
        self.journal.note(
            "override.approved",
            actor=request.actor,
            message_id=request.message_id,
            override=override.id,
            gate=override.gate,
        )
