"""The start where no nurse is needed: the therapy is delivered, and the pharmacist confirms by a call that it began."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final

from temporalio import workflow

from firstdose.domain.authorization.lines import LineState
from firstdose.domain.work.confirm_start import ConfirmStart, StartProblem
from firstdose.domain.work.resolutions import Reconcile
from firstdose.domain.work.stage import Closing, Milestone
from workflows.gate_keeper import GateKeeper
from workflows.mechanism.case import Part
from workflows.mechanism.track import Track

START_NOT_CONFIRMED: Final = "start_not_confirmed"


@dataclass
class StartWithoutNurse(Track):
    gates: GateKeeper

    async def confirm(self) -> None:
        """Until the patient has begun; what keeps them from it sends the parts back that it concerns."""
        while not self.case.visit_done:
            await self._until_authorization_begins()
            await self._until_delivered()
            await self._wait_for_next_call()
            await self.control.ready()
            self.case.visit_key = self.case.visit_key or self.case.new_key("start")
            if closed := self.gates.closed(None):
                return self.gates.reopen(closed, at_dispatch=False)
            self.gates.passed()
            await self._call()

    async def _call(self) -> None:
        delivered_at = self.case.therapy.there_at if self.case.therapy else None
        answer = await self.worklist.ask(
            ConfirmStart,
            attempt=self.case.start_calls + 1,
            delivered_at=delivered_at.isoformat() if delivered_at else None,
        )
        match answer.outcome:
            case "started":
                self.case.started_at = answer.started_at
                self.journal.tell(Milestone.EVENT_COMPLETED)
                self.case.visit_done = True
            case "not_reached":
                await self._not_reached()
            case "problem" if answer.problem:
                self._mend(answer.problem)

    async def _until_authorization_begins(self) -> None:
        today = workflow.now().date()
        periods = (line.valid_from for line in self.authorization.lines if line.state is LineState.APPROVED)
        if begins := max((first for first in periods if first and first > today), default=None):
            await self.control.until_time(datetime.combine(begins, time(), UTC), "the authorization begins")

    async def _until_delivered(self) -> None:
        if self.case.therapy and self.case.therapy.there_at:
            await self.control.until_time(self.case.therapy.there_at, "the therapy is delivered")

    async def _wait_for_next_call(self) -> None:
        if self.case.next_start_call_at is not None:
            await self.control.until_time(self.case.next_start_call_at, "next call about the start")

    async def _not_reached(self) -> None:
        """The drug is with the patient: after the policy's attempts a supervisor decides, and nothing closes alone."""
        rule = self.case.policy.start_call
        self.case.start_calls += 1
        self.case.next_start_call_at = workflow.now() + rule.apart
        if self.case.start_calls < rule.attempts:
            return
        answer = await self.worklist.ask(
            Reconcile, about="start", step="confirm the start", reason=START_NOT_CONFIRMED, times=self.case.start_calls
        )
        if answer.outcome == "close" and answer.closing:
            self.control.close(answer.closing)
        self.case.start_calls, self.case.next_start_call_at = 0, None

    def _mend(self, problem: StartProblem) -> None:
        self.journal.note("start.problem", problem=problem)
        match problem:
            case StartProblem.NOT_YET:
                self.case.next_start_call_at = workflow.now() + self.case.policy.start_call.apart
            case StartProblem.NOT_USABLE:
                self.send_back(Part.THERAPY)
            case StartProblem.NEEDS_NURSE if self.case.assessment:
                self.case.assessment = self.case.assessment.model_copy(update={"needs_nursing": True})
                self.control.request_start_again()
            case StartProblem.REACTION:
                self.case.reaction = self.case.visit_key
                self.send_back(Part.THERAPY)
            case StartProblem.DECLINED:
                self.control.close(Closing.PATIENT_DECLINED)
        self.control.check()
