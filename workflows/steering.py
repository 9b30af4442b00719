"""How staff and the source steer a running referral. `judge_…` only refuses; its counterpart changes the state."""

from datetime import datetime, timedelta
from typing import Final

from temporalio import workflow

from firstdose.domain.referral.fact_groups import FactGroup
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.journal import Amended
from firstdose.domain.work.permissions import (
    Act,
    groups_told,
    permit,
    permit_amendment,
    permit_cancel,
    permit_changes,
    stands_in,
)
from firstdose.domain.work.reasons import HoldReason
from firstdose.domain.work.resolutions import Refused
from firstdose.domain.work.role import Actor
from firstdose.domain.work.stage import Milestone
from firstdose.domain.work.work_item import WorkItemKind
from workflows.mechanism.case import Part
from workflows.mechanism.track import Track
from workflows.messages import (
    AmendRequest,
    ApproveOverride,
    CancelRequest,
    Hold,
    HoldRequest,
    OverrideRequest,
    ResolveWorkItem,
    ResumeRequest,
)
from workflows.overrides import Overrides
from workflows.staleness import Staleness

_LONGEST_HOLD: Final = timedelta(days=366)


class Steering(Track):
    def _judge(self, actor: Actor, act: Act) -> None:
        self._require_open()
        permit(actor, act)

    def _require_open(self) -> None:
        if self.control.closing is not None or self.case.visit_done:
            raise Refused("the referral is closed")

    @property
    def _completing(self) -> bool:
        """Whether facts are still being collected: until the assessment, and while intake is asked for some."""
        asked = any(item.kind is WorkItemKind.COMPLETE_REFERRAL for item in self.worklist.open_items)
        return asked or self.case.assessment is None

    def judge_answer(self, request: ResolveWorkItem) -> None:
        """Whether the actor may give this answer, and change the facts that come with it. Raises Refused."""
        self.worklist.judge(request)
        self._judge_giver(request)

    def judge_signal(self, request: ResolveWorkItem) -> None:
        """As `judge_answer`. Raises Refused."""
        self.worklist.judge_signal(request)
        self._judge_giver(request)

    def _judge_giver(self, request: ResolveWorkItem) -> None:
        self._overrides.judge_answer(request)
        groups = {*request.groups, *groups_told(request.resolution)}
        item = next(item for item in self.worklist.open_items if item.id == request.item_id)
        role = stands_in(request.actor, item)
        permit_changes(request.actor, groups, completing=self._completing, standing_in=role)

    def judge_hold(self, request: HoldRequest) -> None:
        self._judge(request.actor, Act.HOLD)
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
        self._judge(request.actor, Act.RESUME)
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
        self._require_open()
        permit_cancel(request.actor, request.reason)

    def cancel(self, request: CancelRequest) -> None:
        self.journal.note("cancelled", actor=request.actor, message_id=request.message_id, reason=request.reason)
        self.journal.tell(Milestone.CANCELLATION_REQUESTED)
        self.control.request_closing(request.reason)

    def judge_amend(self, request: AmendRequest) -> None:
        self._require_open()
        if request.message_id is None:
            raise Refused("message_id: a new version of the facts is sent through the desk, which stores it")
        groups = FactGroup if request.groups is None else request.groups
        permit_amendment(request.actor, groups, completing=self._completing)

    def amend(self, request: AmendRequest) -> None:
        self.journal.add(Amended(at=workflow.now(), actor=request.actor, message_id=request.message_id))

    def judge_override(self, request: OverrideRequest) -> None:
        self._judge(request.actor, Act.OVERRIDE)
        self._overrides.judge_request(request)

    def override_id(self, request: OverrideRequest) -> str:
        """The id of the override that this request made."""
        return request.message_id or f"override-{len(self.case.overrides)}"

    def override(self, request: OverrideRequest) -> None:
        self._overrides.ask(request)

    def judge_approval(self, request: ApproveOverride) -> None:
        self._judge(request.actor, Act.OVERRIDE)
        self._overrides.judge_approval(request)

    def approve(self, request: ApproveOverride) -> None:
        self._overrides.approve(request)

    def resolve(self, request: ResolveWorkItem) -> None:
        self._overrides.resolve(request)

    @property
    def _overrides(self) -> Overrides:
        return Overrides(*self.tools)
