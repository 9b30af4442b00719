"""Overrides of the authorization: asked by one supervisor, decided by another, and ended at their time.

The second supervisor's work item and the update `approve_override` are one thing: the update resolves the item.
"""

from datetime import timedelta
from typing import Final

from temporalio import workflow

from firstdose.domain.care.gate_steps import OVERRIDABLE, STEP_OF
from firstdose.domain.work.override_approval import OverrideApproval
from firstdose.domain.work.resolutions import Reconcile, Refused
from firstdose.domain.work.role import Actor
from firstdose.domain.work.stage import Stage
from firstdose.domain.work.work_item import WorkItem, WorkItemKind
from workflows.mechanism.track import Track
from workflows.messages import ApproveOverride, Override, OverrideRequest, ResolveWorkItem

_LONGEST: Final = timedelta(days=90)


class Overrides(Track):
    def judge_request(self, request: OverrideRequest) -> None:
        """Raises Refused, for any other gate with what mends it."""
        if request.gate is not OVERRIDABLE:
            raise Refused(f"gate: only {OVERRIDABLE} is overridden; {request.gate} opens when {_mended(request)}")
        if request.until and not workflow.now() < request.until < workflow.now() + _LONGEST:
            raise Refused(f"until: an override ends in the future, and within {_LONGEST.days} days")

    def ask(self, request: OverrideRequest) -> None:
        case = self.case
        override = Override(
            id=request.message_id or f"override-{len(case.overrides) + 1}",
            gate=request.gate,
            reason=request.reason,
            asked_by=request.actor.id,
            until=request.until or workflow.now() + case.policy.override_for,
        )
        case.overrides[override.id] = override
        shown = override.model_dump(mode="json", include={"gate", "reason", "until"})
        self.journal.note(
            "override.asked", actor=request.actor, message_id=request.message_id, override=override.id, **shown
        )
        self.worklist.open(OverrideApproval, about=override.id, override=override.id, **shown)

    def judge_approval(self, request: ApproveOverride) -> None:
        override = self.case.overrides.get(request.override_id)
        if override is None or not override.undecided:
            raise Refused("override_id: there is no such override, or it is decided already")
        _another_person(request.actor, override)

    def judge_answer(self, request: ResolveWorkItem) -> None:
        """Raises Refused where the supervisor who asks would approve."""
        item = self._item(request.item_id)
        if item is not None and item.kind is WorkItemKind.APPROVE_OVERRIDE:
            _another_person(request.actor, self.case.overrides[item.asks["override"]])

    def resolve(self, request: ResolveWorkItem) -> None:
        """Resolve a work item of any kind; an answer about an override takes effect at once."""
        item = self._item(request.item_id)
        self.worklist.resolve(request)
        if item is not None and item.kind is WorkItemKind.APPROVE_OVERRIDE:
            override_id = item.asks["override"]
            outcome = self.worklist.take(OverrideApproval, about=override_id).outcome
            self._decided(override_id, request.actor, request.message_id, approved=outcome == "approved")

    def approve(self, request: ApproveOverride) -> None:
        item = self.worklist.item(OverrideApproval, about=request.override_id)
        if item is None:  # asked for before overrides had work items
            self._decided(request.override_id, request.actor, request.message_id, approved=True)
            return
        approval = ResolveWorkItem(
            actor=request.actor, message_id=request.message_id, item_id=item.id, resolution={"outcome": "approved"}
        )
        self.resolve(approval)

    def _item(self, item_id: str) -> WorkItem | None:
        return next((item for item in self.worklist.open_items if item.id == item_id), None)

    def _decided(self, override_id: str, actor: Actor, message_id: str | None, *, approved: bool) -> None:
        override = self.case.overrides[override_id]
        change = {"approved_by": actor.id} if approved else {"refused_by": actor.id}
        self.case.overrides[override_id] = override.model_copy(update=change)
        self.journal.note(
            "override.approved" if approved else "override.refused",
            actor=actor,
            message_id=message_id,
            override=override_id,
            gate=override.gate,
        )

    async def end(self) -> None:
        """End overrides at their time, for as long as the workflow runs."""
        while True:
            await workflow.wait_condition(lambda: self._first() is not None)
            if first := self._first():
                await self._until_its_end(first)

    async def hear_about_ended(self) -> None:
        """What a supervisor decides about therapy that goes on without an answer, for as long as the workflow runs."""
        while True:
            await workflow.wait_condition(lambda: bool(self._answered()))
            for about in self._answered():
                answer = self.worklist.take(Reconcile, about=about)
                if answer.outcome == "close" and answer.closing:
                    self.control.request_closing(answer.closing)

    def _first(self) -> Override | None:
        """The one that ends first of those that have not ended."""
        running = [each for each in self.case.overrides.values() if each.until and not (each.ended or each.refused_by)]
        return min(running, key=lambda each: (each.until, each.id), default=None)

    async def _until_its_end(self, override: Override) -> None:
        left = max(override.until - workflow.now(), timedelta()) if override.until else timedelta()
        try:
            await workflow.wait_condition(
                lambda: self._first() != override, timeout=left, timeout_summary="the override ends"
            )
        except TimeoutError:
            if self._first() == override:  # it may have been decided in the same moment
                self._end(override)

    def _end(self, override: Override) -> None:
        """Before dispatch the gate closes again; once therapy has started a supervisor is asked."""
        self.case.overrides[override.id] = override.model_copy(update={"ended": True})
        self.journal.note("override.ended", override=override.id, approved=override.approved_by is not None)
        self.worklist.drop(OverrideApproval, why="the override's end has come", about=override.id)
        if override.approved_by is None or self.case.at_risk or self._answered_by_payer():
            return
        if self.case.stage is Stage.FIRST_VISIT:
            self.worklist.open(
                Reconcile, about=_ended(override), reason="override_ended", override=override.id, by_hand=True
            )
        else:
            self.control.request_start_again()

    def _answered_by_payer(self) -> bool:
        return all(line.settled for line in self.authorization.lines)

    def _answered(self) -> list[str]:
        ended = [_ended(each) for each in self.case.overrides.values() if each.ended]
        return [about for about in ended if self.worklist.answered(Reconcile, about=about)]


def _ended(override: Override) -> str:
    return f"override ended {override.id}"


def _another_person(actor: Actor, override: Override) -> None:
    if actor.id == override.asked_by:
        raise Refused("actor: another supervisor than the one who asked must approve")


def _mended(request: OverrideRequest) -> str:
    return STEP_OF[request.gate].opens
