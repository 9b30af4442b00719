"""The end of the process: on service and handed over to billing, or closed early with every effect undone."""

from temporalio import workflow

from firstdose.domain.authorization.lines import taken_back
from firstdose.domain.work.journal import HandedOver
from firstdose.domain.work.stage import Closing, Milestone, Stage, farewell
from firstdose.domain.work.work_item import WorkItemKind
from workflows.authorization.may_have import PayerMayHave
from workflows.authorization.voiding import Voiding
from workflows.mechanism.track import Track
from workflows.undoing import Undoing


class ServiceTrack(Track):
    def accept(self) -> None:
        """Approved and suitable: the source is notified, once, and the preparations begin."""
        if not self.case.accepted:
            self.case.accepted = True
            self.journal.tell(Milestone.ACCEPTED)
        self.move(Stage.PREPARATION)

    async def begin(self) -> Closing:
        """The patient has had the first infusion: billing gets its record, the source the last milestone."""
        if self.case.stage is not Stage.ON_SERVICE:
            await _task_committed()
            now, visit = workflow.now(), self.case.visit
            others = set(WorkItemKind) - {WorkItemKind.VOID_AUTHORIZATION}
            self.worklist.withdraw(*others, why="the patient is on service", keep=self.case.undone)
            self.journal.add(
                HandedOver(
                    at=now,
                    lines=self.authorization.lines,
                    served_on=visit.visit_at if visit else self.case.started_at or now,
                )
            )
            self.move(Stage.ON_SERVICE)
            self.journal.tell(farewell(Closing.COMPLETED))
        await self.journal.flushed()
        if self.authorization.voids:
            await Voiding(*self.tools).settled()
            await self.journal.flushed()
        await self._undone()
        return Closing.COMPLETED

    async def leave(self, closing: Closing) -> Closing:
        """Every effect is undone, in reverse order; then the source is notified of the reason."""
        self.control.leave(closing)
        PayerMayHave(*self.tools).note_untaken()
        Undoing(*self.tools).on_leaving()
        others = set(WorkItemKind) - {WorkItemKind.VOID_AUTHORIZATION}
        self.worklist.withdraw(*others, why=f"the referral is closed: {closing}", keep=self.case.undone)
        await self.effects.undo_all()
        await Voiding(*self.tools).settled()
        if self.case.closing is None:
            await _task_committed()
            self.case.closing = closing
            self.authorization.lines = taken_back(self.authorization.lines)
            self.move(Stage.CLOSED)
            self.journal.tell(farewell(closing))
        await self.journal.flushed()
        await self._undone()
        return closing

    async def _undone(self) -> None:
        """Who counted on what was undone has acknowledged it, or a supervisor was asked."""
        await Undoing(*self.tools).settled()
        await self.journal.flushed()


async def _task_committed() -> None:
    """The end is in the history before anybody outside hears of it: a task that is lost may be decided otherwise.

    The journal is written within the task, and a claim or a last milestone cannot be taken back. A timer ends the task.
    """
    await workflow.sleep(0.001)
