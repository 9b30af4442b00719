"""Staff who answer every work item at once, through the update that the desk uses."""

import asyncio
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from temporalio import activity
from temporalio.client import Client

from activities.records import RecordActivities
from firstdose.domain.work.journal import Batch, Opened, Recorded
from firstdose.domain.work.message import MessageKind
from firstdose.domain.work.role import Actor
from firstdose.domain.work.work_item import WorkItem, WorkItemState
from firstdose.ports import Opening
from simulator.answers import resolution, script_of
from simulator.pace import Pace
from simulator.scenario import load_scenarios
from simulator.staff_api import Item
from workflows.messages import ResolveWorkItem, workflow_id

_REAL_TIME = Pace(speed=1)
_SLOTS = 150
_APART = timedelta(hours=4)

_visits = count()


class Staff:
    """`answering` are the answers on their way; one that is refused ends the measurement."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.answering: set[asyncio.Task[Any]] = set()

    def see(self, referral_id: str, item: WorkItem) -> None:
        """Answer it, without keeping the caller waiting."""
        task = asyncio.create_task(self._answer(referral_id, item))
        self.answering.add(task)
        task.add_done_callback(self._answered)

    async def _answer(self, referral_id: str, item: WorkItem) -> None:
        nurses = (item.offered_to,) if item.offered_to else ()
        actor = Actor(id="staff-1", roles=(item.role,), nurses=nurses)
        answer = ResolveWorkItem(actor=actor, item_id=item.id, resolution=usual(item))
        handle = self._client.get_workflow_handle(workflow_id(referral_id))
        await handle.execute_update(MessageKind.RESOLVE, answer)

    def _answered(self, task: asyncio.Task[Any]) -> None:
        self.answering.discard(task)
        if not task.cancelled():
            task.result()


def usual(item: WorkItem) -> dict[str, Any]:
    """What the simulated people answer when nothing is wrong."""
    shown = Item(
        id=item.id,
        referral_id=item.id.rpartition("-")[0],
        kind=item.kind,
        role=item.role,
        state=WorkItemState.OPEN,
        asks=item.asks,
        opened_at=item.opened_at,
    )
    (scripted,) = script_of(load_scenarios()["approved"], item.kind)
    answer = resolution(scripted, shown, item.opened_at, _REAL_TIME, lambda _: {})
    return {**answer, "visit_at": _visit_at(item.opened_at).isoformat()} if "visit_at" in answer else answer


def _visit_at(now: datetime) -> datetime:
    """Each visit in a slot of its own within the next weeks: no nurse is asked for two at once."""
    return now + timedelta(days=1) + next(_visits) % _SLOTS * _APART


class AttendedRecords(RecordActivities):
    """The product's activities, with staff who see each work item as soon as it is recorded."""

    def __init__(self, records: RecordActivities, staff: Staff) -> None:
        self._real = records
        self._staff = staff

    @activity.defn
    async def open_referral(self, referral_id: str) -> Opening:
        return await self._real.open_referral(referral_id)

    @activity.defn
    async def record(self, batch: Batch) -> Recorded:
        recorded = await self._real.record(batch)
        for entry in batch.entries:
            if isinstance(entry, Opened):
                self._staff.see(batch.referral_id, entry.item)
        return recorded
