"""Escalation: an overdue work item goes to a supervisor, level by level; a hold stops the clock."""

from datetime import datetime, timedelta

from temporalio import workflow

from firstdose.domain.work.work_item import WorkItem
from workflows.mechanism.track import Track


class Escalation(Track):
    async def watch(self) -> None:
        """Run as long as the workflow."""
        while True:
            at = self._next()
            try:
                await workflow.wait_condition(
                    lambda at=at: self._sooner_than(at),  # type: ignore[misc]
                    timeout=max(at - workflow.now(), timedelta()) if at else None,
                    timeout_summary="next work item due",
                )
            except TimeoutError:
                self._escalate_overdue()

    def _next(self) -> datetime | None:
        if self.control.hold is not None:
            return None
        return min((at for item in self.worklist.open_items if (at := self._escalates_at(item))), default=None)

    def _sooner_than(self, at: datetime | None) -> bool:
        """Whether the timer must be replaced: one that is too early stays, one that is too late does not."""
        sooner = self._next()
        return sooner is not None and (at is None or sooner < at)

    def _escalates_at(self, item: WorkItem) -> datetime | None:
        rule = self.case.policy.escalation
        if item.level >= rule.levels or item.is_offer:
            return None
        return item.due_at + item.level * rule.apart

    def _escalate_overdue(self) -> None:
        if self.control.hold is not None:
            return
        for item in self.worklist.open_items:
            at = self._escalates_at(item)
            if at is not None and at <= workflow.now():
                self.worklist.escalate(item)
