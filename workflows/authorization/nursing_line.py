"""The nursing line follows the need of a nurse: it is voided alone, or added, and the other lines stay as they are."""

from dataclasses import dataclass

from temporalio import workflow

from firstdose.domain.authorization.lines import Line, LineKind
from firstdose.domain.referral.order import Site
from firstdose.domain.work.resolutions import SubmitAuthorization
from firstdose.domain.work.work_item import WorkItemKind
from workflows.authorization.drafts import Drafts
from workflows.authorization.submit import AuthorizationTrack
from workflows.mechanism.case import Part
from workflows.mechanism.track import Track


@dataclass
class NursingLine(Track):
    authorization_track: AuthorizationTrack

    async def watch(self) -> None:
        """Run as long as the workflow: a decision that comes after the lines were asked for starts the tracks again.

        A request that is on its way is answered first, so that it is known what the payer has.
        """
        while True:
            await workflow.wait_condition(lambda: not self._fits() and not self._on_its_way())
            self.send_back(Part.VISIT)
            await workflow.wait_condition(self._fits)

    async def follow(self) -> None:
        """While no track runs: add the line, or take it back."""
        if self._fits() or self._on_its_way():
            return
        if self.authorization.sending:  # nobody has sent it yet
            self.authorization.sending = None
            self.worklist.withdraw(WorkItemKind.SUBMIT_AUTHORIZATION, why="the lines are others now")
        if self._wanted():
            self._add()
        else:
            await self._take_back()

    def _wanted(self) -> bool:
        return self.case.site is Site.HOME and self.case.as_assessed.needs_nursing

    def _fits(self) -> bool:
        """Before benefits are verified and once the referral ends there is no line to change."""
        over = self.control.leaving or self.control.closing is not None or self.case.visit_done
        return over or not self.authorization.lines or self._wanted() == bool(self._nursing())

    def _on_its_way(self) -> bool:
        sending = self.authorization.sending
        sent = sending is not None and sending.contact_id in self.authorization.payer_may_have
        return sent or self.worklist.answered(SubmitAuthorization)

    def _nursing(self) -> tuple[Line, ...]:
        return tuple(line for line in self.authorization.lines if line.kind is LineKind.NURSING)

    def _add(self) -> None:
        lines, drafts = self.authorization.lines, Drafts(*self.tools)
        if not drafts.may_replace():
            return
        number = max(line.sequence for line in lines) + 1
        wanted = (line for line in drafts.of_the_order() if line.kind is LineKind.NURSING)
        added = [line.model_copy(update={"sequence": number}) for line in wanted]
        self.authorization.lines = (*lines, *added)
        self.journal.note("nursing.added", lines=[number])

    async def _take_back(self) -> None:
        dropped = self._nursing()
        await self.authorization_track.void_lines(dropped)
        self.authorization.lines = tuple(line for line in self.authorization.lines if line not in dropped)
        for line in dropped:
            self.authorization.tried.pop(line.sequence, None)
            self.authorization.refused_at.pop(line.sequence, None)
        self.journal.note("nursing.dropped", lines=[line.sequence for line in dropped])
