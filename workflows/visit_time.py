"""The patient's word on the time of a visit, which customer service asks for."""

from datetime import timedelta

from temporalio import workflow

from firstdose.domain.care.visit import Visit
from firstdose.domain.work.confirm_time import ConfirmTime
from firstdose.domain.work.stage import Milestone
from firstdose.domain.work.work_item import WorkItemKind
from workflows.mechanism.track import Track


class VisitTime(Track):
    async def agreed(self, visit: Visit) -> bool:
        """False once the patient wants another time. Nobody waits longer than to the visit; the gate is then closed."""
        if visit.patient_confirmed:
            return True
        key, left = self.case.visit_key, visit.visit_at - workflow.now()
        if left <= timedelta():
            return True
        await self.control.ready()
        due_in = min(left, self.case.policy.due_for(WorkItemKind.CONFIRM_TIME))
        self.worklist.open(ConfirmTime, about=key, due_in=due_in, visit_at=visit.visit_at, site=self.case.site)
        came = await self.control.until(
            lambda: self.worklist.answered(ConfirmTime, about=key),
            timeout=left,
            summary="the patient confirms the time",
        )
        if not came:
            self.worklist.drop(ConfirmTime, why="the time of the visit has passed", about=key)
            return True
        answer = self.worklist.take(ConfirmTime, about=key)
        if answer.outcome == "another_time":
            self.case.patient_from = answer.available_from
            return False
        self.case.visit = visit.model_copy(update={"patient_confirmed": True})
        self.journal.tell(Milestone.SCHEDULED, visit_at=visit.visit_at)
        return True
