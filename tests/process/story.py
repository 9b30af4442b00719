"""A story: a real workflow on a time-skipping server, with staff who answer their work items as scripted."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self, cast
from uuid import uuid4

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.testservice.v1 import LockTimeSkippingRequest, UnlockTimeSkippingRequest
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle, WorkflowUpdateFailedError, WorkflowUpdateStage
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from activities.dispatch import DispatchActivities
from activities.outreach import OutreachActivities
from activities.payer import PayerActivities
from activities.pharmacy import PharmacyActivities
from activities.records import RecordActivities
from firstdose.adapters.workflow_runner import REFERRAL_RUNNER
from firstdose.domain.care.visit import TAUGHT, ReportItem
from firstdose.domain.work.journal import Opened
from firstdose.domain.work.judging.context import shown_moment
from firstdose.domain.work.judging.payer_word import GRANTED
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.ports import VisitHold
from tests.process.outside import Outside, Roster, Shelves
from workers.build import referral_workers
from workflows.mechanism.state import ReferralState
from workflows.messages import Done, ReferralStart, ResolveWorkItem, workflow_id
from workflows.referral import ReferralWorkflow

Answer = Mapping[str, Any] | Callable[[WorkItem, datetime], Mapping[str, Any]] | None
"""A resolution, or how to make it from the item and the time; None leaves the item lying."""


def visit_at(_: WorkItem, now: datetime) -> dict[str, Any]:
    return {"outcome": "accepted", "visit_at": (now + timedelta(days=2)).isoformat()}


def placed(item: WorkItem, now: datetime) -> dict[str, Any]:
    nurse = {"nurse": "rn-1"} if item.asks["site"] == "home" else {}
    return {**visit_at(item, now), "outcome": "placed", **nurse}


def ready(_: WorkItem, now: datetime) -> dict[str, Any]:
    return {"outcome": "ready", "beyond_use": (now + timedelta(days=14)).isoformat(), "kit_present": True}


def started(item: WorkItem, _: datetime) -> dict[str, Any]:
    return {"outcome": "started", "started_at": item.asks["delivered_at"]}


Script = Mapping[K, Sequence[Answer]]

UNDO: K = cast(K, "undo")
"""The `reconcile` items that ask somebody to acknowledge what was undone: scripts answer them apart."""

USUAL: dict[K, Answer] = {
    K.CONTACT_PATIENT: {"outcome": "reached"},
    K.ASSESS_PATIENT: {"outcome": "suitable_for_home"},
    K.REVIEW_BENEFITS: {"outcome": "accepted", "agreement_signed": True, "bill_pay_account": True},
    K.SETTLE_ORDER: {"outcome": "settled"},
    K.PREPARE_THERAPY: ready,
    K.REVIEW_CHANGE: {"outcome": "still_holds"},
    K.CONFIRM_VISIT: visit_at,
    K.PLACE_VISIT: placed,
    K.CONFIRM_TIME: {"outcome": "confirmed"},
    K.CONFIRM_START: started,
    K.REPORT_VISIT: {
        "outcome": "completed",
        "items": [str(each) for each in ReportItem],
        "shown_back": [str(each) for each in TAUGHT],
    },
    UNDO: {"outcome": "done"},
}
"""What staff answer when nothing is wrong."""

_LOOKS = 3


class ServerStuck(Exception):
    """Not the story's fault: pytest runs it again, for this and for nothing else."""


@dataclass
class Story(AbstractAsyncContextManager["Story"]):
    """`script` lists what staff answer to each kind of item, in turn; the last answer is repeated."""

    env: WorkflowEnvironment
    outside: Outside
    script: Script = field(default_factory=dict)
    by_update: bool = True
    """Whether scripted answers come as updates, as the desk sends them, or as signals, as from the Web UI."""
    referral_id: str = field(default_factory=lambda: str(uuid4()))
    state: str = ""
    """The recorded state from which the referral is started again."""
    items: list[WorkItem] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    handle: WorkflowHandle[ReferralWorkflow, Closing] = field(init=False)
    _answering: set[asyncio.Task[None]] = field(default_factory=set)
    _looks: int = 0
    _seen: int = 0
    """The last event when the story was last looked at."""

    def __post_init__(self) -> None:
        self.roster, self.shelves = Roster(self.outside), Shelves(self.outside)

    def goes_on_with(self, held: dict[str, VisitHold], reserved: set[str]) -> None:
        """What was held and reserved before the referral was started again."""
        self.roster.held, self.shelves.reserved = dict(held), set(reserved)

    async def __aenter__(self) -> Self:
        await self._start_workers()
        self.outside.staff = self._answer
        self._asked: dict[K, int] = defaultdict(int)
        start = ReferralStart(referral_id=self.referral_id, source="springfield", state=self.state)
        self.handle = await self.env.client.start_workflow(
            ReferralWorkflow.run,
            start,
            id=workflow_id(self.referral_id),
            task_queue="referrals",
        )
        still_open = ReferralState.at_start(start).worklist.open.values()
        if self.state:
            opened = Counter(_asked_as(entry.item) for entry in self.outside.entries if isinstance(entry, Opened))
            self._asked |= opened - Counter(_asked_as(item) for item in still_open)
        for item in still_open:
            await self._answer(item)
        return self

    async def _start_workers(self) -> None:
        self._stack = AsyncExitStack()
        acts = (
            RecordActivities(self.outside),
            PayerActivities(self.outside),
            OutreachActivities(self.outside),
            PharmacyActivities(self.shelves),
            DispatchActivities(self.roster),
        )
        for worker in referral_workers(self.env.client, acts):
            await self._stack.enter_async_context(worker)

    async def __aexit__(self, *_: object) -> None:
        for answering in self._answering:
            answering.cancel()
        await asyncio.gather(*self._answering, return_exceptions=True)
        await self._stack.aclose()

    async def _answer(self, item: WorkItem) -> None:
        """Beside the record, since the workflow takes an answer only when that is done. Time stands still meanwhile."""
        self.items.append(item)
        if (answer := self._scripted(item)) is None:
            return
        await self._lock_time()
        self._answering.add(asyncio.create_task(self._send(item, _resolution(item, answer, (item.role,)))))

    async def _send(self, item: WorkItem, request: ResolveWorkItem) -> None:
        try:
            await self._sleep_until_visit(item)
            if self.by_update:
                await self._update(request)
            else:
                await self.handle.signal("resolve_work_item", request)
        finally:
            await self._unlock_time()

    async def _sleep_until_visit(self, item: WorkItem) -> None:
        """A visit is reported once it has begun."""
        waits = item.kind is K.REPORT_VISIT and self.env.supports_time_skipping
        if waits and (begins := shown_moment(item.asks["visit_at"])):
            await self.env.sleep(max(begins - await self.env.get_current_time(), timedelta()))

    async def _lock_time(self) -> None:
        if self.env.supports_time_skipping:
            await self.env.client.test_service.lock_time_skipping(LockTimeSkippingRequest())

    async def _unlock_time(self) -> None:
        if self.env.supports_time_skipping:
            await self.env.client.test_service.unlock_time_skipping(UnlockTimeSkippingRequest())

    async def _update(self, request: ResolveWorkItem) -> None:
        """Until it is accepted.

        The time-skipping server now and then forgets to say that it was; asked again by the same id, it does.
        A reset ends the run that has it in hand: as the inbox does, it is sent again while the referral runs.
        """
        accepted, key = WorkflowUpdateStage.ACCEPTED, str(uuid4())
        while True:
            try:
                async with asyncio.timeout(2):
                    await self.handle.start_update(
                        ReferralWorkflow.resolve_work_item, request, id=key, wait_for_stage=accepted
                    )
                    return
            except TimeoutError:
                pass
            except RPCError:
                if (await self.handle.describe()).status is not WorkflowExecutionStatus.RUNNING:
                    raise

    def _scripted(self, item: WorkItem) -> Mapping[str, Any] | None:
        kind = _asked_as(item)
        answers = self.script.get(kind, [USUAL.get(kind)])
        answer = answers[min(self._asked[kind], len(answers) - 1)]
        self._asked[kind] += 1
        return answer(item, item.opened_at) if callable(answer) else answer

    async def resolve(
        self,
        item: WorkItem,
        answer: Answer,
        *,
        roles: tuple[Role, ...] | None = None,
        message_id: str | None = None,
    ) -> None:
        """Resolve an item through the update that staff use, as its role or as others; a refusal is kept."""
        resolution = answer(item, item.opened_at) if callable(answer) else answer or {}
        plain = _resolution(item, resolution, (item.role,) if roles is None else roles)
        request = plain.model_copy(update={"message_id": message_id})
        try:
            await self.steer(ReferralWorkflow.resolve_work_item, request)
        except WorkflowUpdateFailedError as error:
            self.refusals.append(str(error.cause))
        except RPCError:
            self.refusals.append("the referral is closed")

    async def signals(self, item: WorkItem, answer: Answer) -> None:
        """Resolve an item as somebody does from the Web UI."""
        resolution = answer(item, item.opened_at) if callable(answer) else answer or {}
        await self.handle.signal("resolve_work_item", _resolution(item, resolution, (item.role,)))

    async def steer(self, update: Any, request: Any) -> Done:
        """Send an update and wait for its outcome. Raises WorkflowUpdateFailedError."""
        done: Done = await self.handle.execute_update(update, request)
        return done

    async def is_reset_to_its_first_task(self) -> None:
        """As `temporal workflow reset` does: a new run begins after the first task; messages since then come again."""
        events = [event async for event in self.handle.fetch_history_events()]
        first = next(e for e in events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED)
        request = ResetWorkflowExecutionRequest(
            namespace=self.env.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=self.handle.id, run_id=""),
            reason="a test",
            workflow_task_finish_event_id=first.event_id,
            request_id=str(uuid4()),
        )
        await self.env.client.workflow_service.reset_workflow_execution(request)
        self.handle = self.env.client.get_workflow_handle_for(ReferralWorkflow.run, self.handle.id)

    async def finds_open(self, *kinds: K) -> None:
        """Staff find these items on their worklist once more, where `reconcile` puts them back, and answer them."""
        async with asyncio.timeout(30):
            while not set(kinds) <= {item.kind for item in await self._open_items()}:  # noqa: ASYNC110 - no event for it
                await asyncio.sleep(0)
        for item in await self._open_items():
            await self._answer(item)

    async def _open_items(self) -> tuple[WorkItem, ...]:
        return (await self.handle.query(ReferralWorkflow.status)).open_items

    async def ends(self) -> Closing:
        """Wait for the end; time passes by itself while nothing else happens. Raises ServerStuck.

        Each story is then replayed: a step that is not deterministic shows.
        """
        ending = asyncio.create_task(self.handle.result())
        for _ in range(20):
            done, _pending = await asyncio.wait([ending], timeout=3)
            if done:
                await self._replay()
                await asyncio.gather(*self._answering)
                return ending.result()
            await self._look_whether_stuck()
        ending.cancel()
        raise TimeoutError(f"the story does not end; at last: {await self._last_events()}")

    async def _replay(self) -> None:
        replayer = Replayer(
            workflows=[ReferralWorkflow], data_converter=self.env.client.data_converter, workflow_runner=REFERRAL_RUNNER
        )
        await replayer.replay_workflow(await self.handle.fetch_history())

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what staff or the outside see; time does not skip meanwhile. Raises ServerStuck."""
        for _ in range(7):
            with suppress(TimeoutError):
                async with asyncio.timeout(3), self.outside.happened:
                    await self.outside.happened.wait_for(condition)
                    return
            await self._look_whether_stuck()
        raise TimeoutError(f"what the story waits for does not come; at last: {await self._last_events()}")

    async def _look_whether_stuck(self) -> None:
        """The time-skipping server, under load, sometimes gives out a task that reaches no worker, and then waits."""
        last = [event async for event in self.handle.fetch_history_events()][-1]
        seen, self._seen = self._seen, last.event_id
        started = last.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED
        self._looks = self._looks + 1 if started and last.event_id == seen else 0
        if self._looks == _LOOKS:  # a task may take some seconds when the store is away
            raise ServerStuck

    async def _last_events(self) -> list[str]:
        events = [event async for event in self.handle.fetch_history_events()]
        return [f"{event.event_id} {EventType.Name(event.event_type)}" for event in events[-12:]]

    def asked(self, kind: K) -> list[WorkItem]:
        """The items of a kind that came up, in order."""
        return [item for item in self.items if _asked_as(item) == kind]


def _asked_as(item: WorkItem) -> K:
    return UNDO if item.kind is K.RECONCILE and item.asks.get("step") == "undo" else item.kind


def _resolution(item: WorkItem, answer: Mapping[str, Any], roles: tuple[Role, ...]) -> ResolveWorkItem:
    nurses = (item.offered_to,) if item.offered_to else ()
    actor = Actor(id="somebody", roles=roles, nurses=nurses)
    resolution = with_evidence(answer, item.opened_at)
    return ResolveWorkItem(actor=actor, item_id=item.id, resolution=resolution)


def with_evidence(answer: Mapping[str, Any], told_at: datetime) -> dict[str, Any]:
    """The answer with who at the payer said so, when, and the number of what was granted, where it has none."""
    if not answer.get("lines"):
        return {"told_at": told_at.isoformat(), **answer} if "told_by" in answer else dict(answer)
    lines = [{**line, **_number(line)} for line in answer["lines"]]
    return {"told_by": "A. Clerk", "told_at": told_at.isoformat(), **answer, "lines": lines}


def _number(line: Mapping[str, Any]) -> dict[str, Any]:
    granted = line["state"] in GRANTED and not line.get("number")
    return {"number": f"N-{line['sequence']}"} if granted else {}
