"""Compares the store with the workflows, both ways; repairs what it can and reports what a person must look at.

The workflow has the present state of a referral; the store has what was recorded of it, and the state from which a
workflow that Temporal has lost, or knows only as it was earlier, is started again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from enum import StrEnum
from typing import Final, NamedTuple

from temporalio.client import Client, WorkflowExecutionStatus

from desk.workflow_runs import WorkflowRun, WorkflowRuns
from firstdose.adapters.postgres.paging import is_uuid
from firstdose.adapters.postgres.referrals.reconciliation import Deviation, ProcessStore, StoredProcess
from firstdose.domain.work.journal import ReferralSnapshot
from firstdose.domain.work.message import MessageState
from firstdose.ports import Impossible
from workflows.messages import Status, workflow_id

_PAGE: Final = 100
_AT_ONCE: Final = 8
_UNANSWERED: Final = 16
_SETTLED_AFTER_S: Final = 3.0


class Trouble(StrEnum):
    """Differences besides those of `Deviation`."""

    WORKFLOW_LOST = "workflow_lost"
    WORKFLOW_ENDED = "workflow_ended"
    WORKFLOW_OLDER = "workflow_older"
    WORKFLOW_SILENT = "workflow_silent"
    STORE_OLDER = "store_older"
    START_PARKED = "start_parked"
    REFERRAL_UNKNOWN = "referral_unknown"
    SHREDDED = "shredded"


class Repair(StrEnum):
    MENDED = "mended"
    TO_MEND = "to_mend"
    """It was only compared."""
    LEFT = "left"
    """A person must repair it."""


class Difference(NamedTuple):
    """`what` names the work item or the fields, if any; `fix` is what a person must do."""

    referral_id: str
    trouble: Trouble | Deviation
    outcome: Repair
    what: str = ""
    fix: str = ""


_FIXES: Final = {
    Trouble.WORKFLOW_SILENT: "see that a worker runs; if one does, its log and `firstdose replay --open` say why",
    Trouble.STORE_OLDER: "restore database and Temporal from one backup",
    Trouble.START_PARKED: "`firstdose undelivered list`, mend, then `firstdose undelivered retry`",
    Trouble.SHREDDED: "nothing can be read of it any more: it stays as it is",
    Trouble.REFERRAL_UNKNOWN: "terminate the workflow in Temporal, or restore the database that knows the referral",
}


async def a_few_seconds() -> None:
    await asyncio.sleep(_SETTLED_AFTER_S)


class Reconciliation:
    """One comparison. With `mend` false nothing is changed. Everything raises Unavailable.

    What differs must still do so after `settling`: it may have been on its way.
    """

    def __init__(
        self,
        client: Client,
        store: ProcessStore,
        *,
        mend: bool,
        settling: Callable[[], Awaitable[None]] = a_few_seconds,
    ) -> None:
        self._store = store
        self._runs = WorkflowRuns(client)
        self._mend = mend
        self._mended = Repair.MENDED if mend else Repair.TO_MEND
        self._settling = settling
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._unanswered = 0

    async def everything(self) -> AsyncIterator[Difference]:
        """Each open referral and each running workflow, looked at one by one."""
        async for page in self._store.open_ones(None, size=_PAGE):
            for difference in await self._compare_all(page):
                yield difference
        async for difference in self.strays():
            yield difference

    async def these(self, referral_ids: Sequence[str]) -> AsyncIterator[Difference]:
        """These referrals, as far as they are open."""
        async for page in self._store.open_ones(referral_ids, size=_PAGE):
            for difference in await self._compare_all(page):
                yield difference

    async def next_ones(self, after: str | None, *, number: int) -> tuple[list[Difference], str | None]:
        """So many open referrals, those that follow this one; and the last of them, None at the end of the list."""
        async for page in self._store.open_ones(None, size=number, after=after):
            return await self._compare_all(page), page[-1].id
        return [], None

    async def suspects(self) -> AsyncIterator[Difference]:
        """What lists alone make suspect: no running workflow, no referral, a workflow whose task fails."""
        async for page in self._store.open_ones(None, size=_PAGE):
            missing = set(await self._runs.not_running([each.id for each in page]))
            for difference in await self._compare_all(each for each in page if each.id in missing):
                yield difference
        troubled = [each for each in await self._runs.in_trouble() if is_uuid(each)]
        for difference in await self._compare_all((await self._store.find(troubled)).values()):
            yield difference
        async for difference in self.strays():
            yield difference

    async def strays(self) -> AsyncIterator[Difference]:
        """Running workflows whose referral has ended in the store, or is none."""
        async for chunk in self._runs.running(size=_PAGE):
            known = await self._store.find(filter(is_uuid, chunk))
            for each in chunk:
                if each not in known:
                    yield _unknown(each)
            for difference in await self._compare_all(each for each in known.values() if each.stage.is_end):
                yield difference

    async def _compare_all(self, referrals: Iterable[StoredProcess]) -> list[Difference]:
        found = await asyncio.gather(*(self._in_turn(self._compare(each)) for each in referrals))
        return [difference for differences in found for difference in differences]

    async def _in_turn(self, comparing: Awaitable[list[Difference]]) -> list[Difference]:
        async with self._room:
            return await comparing

    async def _compare(self, stored: StoredProcess) -> list[Difference]:
        run = await self._runs.find(stored.id)
        if run is not None and run.runs:
            return await self._compare_running(stored, run)
        if run is not None and run.status is WorkflowExecutionStatus.COMPLETED:
            return await self._compare_completed(stored)
        trouble = Trouble.WORKFLOW_LOST if run is None else Trouble.WORKFLOW_ENDED
        match stored.start:
            case MessageState.PENDING:
                return []
            case MessageState.PARKED:
                return [_left(stored.id, Trouble.START_PARKED)]
            case _:
                return await self._start_again(stored, trouble)

    async def _compare_running(self, stored: StoredProcess, run: WorkflowRun) -> list[Difference]:
        if run.is_behind:
            return await self._replace(stored, run)
        status = await self._status(stored.id)
        if status is None:
            return [_left(stored.id, Trouble.WORKFLOW_SILENT)]
        if status.recorded > stored.number:
            return await self._confirm_older_store(stored)
        if status.recorded < stored.number:
            return await self._confirm_older_workflow(stored, run, status)
        return await self._compare_contents(stored, status)

    async def _compare_completed(self, stored: StoredProcess) -> list[Difference]:
        """The workflow completed: its end is not recorded in the store, or Temporal has an older state of it."""
        status = await self._status(stored.id)
        if status is None:
            return [_left(stored.id, Trouble.WORKFLOW_SILENT)]
        if not status.stage.is_end or status.recorded < stored.number:
            return await self._start_again(stored, Trouble.WORKFLOW_ENDED)
        return await self._contents(stored, status, range(status.recorded + 1), mend=self._mend)

    async def _confirm_older_store(self, stored: StoredProcess) -> list[Difference]:
        """The store had recorded more than it knows now, unless it has recorded that since it was read."""
        now = (await self._store.find([stored.id]))[stored.id]
        status = await self._status(stored.id)
        older = status is not None and status.recorded > now.number
        return [_left(stored.id, Trouble.STORE_OLDER)] if older and now.number == stored.number else []

    async def _confirm_older_workflow(
        self, stored: StoredProcess, run: WorkflowRun, status: Status
    ) -> list[Difference]:
        """Nothing moves, and the workflow still knows of fewer batches than were recorded: an older state of it."""
        await self._settling()
        again, latest = await self._runs.find(stored.id), await self._status(stored.id)
        if again is None or latest is None or again.run_id != run.run_id or not again.at_rest:
            return []
        if latest.recorded != status.recorded or latest.recorded >= await self._number(stored):
            return []
        return await self._replace(stored, run)

    async def _compare_contents(self, stored: StoredProcess, status: Status) -> list[Difference]:
        found = await self._contents(stored, status, range(status.recorded, status.recorded + 1), mend=False)
        if not found:
            return []
        await self._settling()
        run, latest = await self._runs.find(stored.id), await self._status(stored.id)
        if run is None or latest is None or not run.at_rest or latest.recorded != status.recorded:
            return []
        return await self._contents(stored, latest, range(latest.recorded, latest.recorded + 1), mend=self._mend)

    async def _contents(self, stored: StoredProcess, status: Status, numbers: range, *, mend: bool) -> list[Difference]:
        found = await self._store.compare(stored.id, numbers, _standing(status), status.open_items, mend=mend)
        outcome = Repair.MENDED if mend else Repair.TO_MEND
        return [Difference(stored.id, each.deviation, outcome, each.what) for each in found or ()]

    async def _replace(self, stored: StoredProcess, run: WorkflowRun) -> list[Difference]:
        if self._mend:
            await self._runs.terminate(stored.id, run.run_id, "reconcile: the store knows a later state")
        if not stored.stage.is_end:
            return await self._start_again(stored, Trouble.WORKFLOW_OLDER)
        return [Difference(stored.id, Trouble.WORKFLOW_OLDER, self._mended)]

    async def _start_again(self, stored: StoredProcess, trouble: Trouble) -> list[Difference]:
        now = (await self._store.find([stored.id])).get(stored.id)
        if now is None or now.stage.is_end:
            return []
        try:
            state = await self._store.saved_state(stored.id)
        except Impossible:
            return [_left(stored.id, Trouble.SHREDDED)]
        if self._mend:
            await self._runs.start_again(stored.id, stored.source, stored.referral_number, state)
            await self._store.note(stored.id, "workflow.restarted", why=trouble, number=now.number)
        return [Difference(stored.id, trouble, self._mended)]

    async def _status(self, referral_id: str) -> Status | None:
        """Where no workflow has answered for a while none is asked any more: each would take its time-out."""
        if self._unanswered >= _UNANSWERED:
            return None
        status = await self._runs.status(referral_id)
        self._unanswered = 0 if status else self._unanswered + 1
        return status

    async def _number(self, stored: StoredProcess) -> int:
        now = (await self._store.find([stored.id])).get(stored.id)
        return now.number if now else 0


def _left(referral_id: str, trouble: Trouble) -> Difference:
    return Difference(referral_id, trouble, Repair.LEFT, fix=_FIXES[trouble])


def _unknown(name: str) -> Difference:
    """A name that is no id of ours may have been typed by a person: it stands where no log repeats it."""
    referral_id = name if is_uuid(name) else "unknown"
    return _left(referral_id, Trouble.REFERRAL_UNKNOWN)._replace(what=workflow_id(name))


def _standing(status: Status) -> ReferralSnapshot:
    return ReferralSnapshot(
        stage=status.stage,
        closing=status.closing,
        lines=status.lines,
        waiting_for=status.waiting_for,
        next_due=status.next_due,
        on_hold=status.hold is not None,
        blocked_by=status.blocked_by,
    )
