"""A store and a Temporal to reconcile, with a stand-in workflow that says of itself what it is told to."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import activity, workflow
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError

from desk.reconciliation import Difference, Reconciliation
from desk.referral_start import start_referral
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.referrals.reconciliation import ProcessStore
from firstdose.adapters.postgres.referrals.records import PostgresRecords
from firstdose.adapters.postgres.staff.staff import StaffDirectory
from firstdose.domain.policy import Policy
from firstdose.domain.work.journal import Batch, Opened, ReferralSnapshot, RunPoint
from firstdose.domain.work.stage import Stage
from tests.integration.stores.journals import AT, item
from workflows.messages import WORKFLOW, ReferralStart, Status, workflow_id

T = TypeVar("T")
ENDS = "ends"
FAILS = "fails"
BREAKS = "breaks"
RECORDS = "records"


@workflow.defn(name=WORKFLOW, sandboxed=False)
class Pretender:
    """Has the status that it was told last, and ends, fails, breaks or records when told so."""

    @workflow.init
    def __init__(self, start: ReferralStart) -> None:
        self._start = start
        self._status = Status(stage=Stage.INTAKE)
        self._word = ""

    @workflow.run
    async def run(self, start: ReferralStart) -> str:
        await workflow.wait_condition(lambda: bool(self._word))
        match self._word:
            case "fails":
                raise ApplicationError("told to fail", non_retryable=True)
            case "breaks":
                raise RuntimeError("told to break")
            case "records":
                await workflow.execute_activity(
                    "record",
                    start_to_close_timeout=timedelta(seconds=5),
                    retry_policy=RetryPolicy(initial_interval=timedelta(minutes=5)),
                )
        return "completed"

    @workflow.query
    def status(self) -> Status:
        return self._status

    @workflow.query
    def start(self) -> ReferralStart:
        return self._start

    @workflow.signal
    def be(self, status: Status) -> None:
        self._status = status

    @workflow.signal
    def say(self, word: str) -> None:
        self._word = word


@activity.defn(name="record")
async def refuse_as_older() -> None:
    raise ApplicationError("store_is_ahead", type="store_is_ahead")


async def eventually(asking: Callable[[], Awaitable[T]]) -> T:
    """The first answer that is one; what lists show is a little late."""
    async with asyncio.timeout(30):
        while True:
            if answer := await asking():
                return answer
            await asyncio.sleep(0.05)


class World:
    """One store and one Temporal, and what somebody does to them."""

    def __init__(self, pool: Pool, client: Client, vault: Vault, audit: AuditTrail) -> None:
        self.pool = pool
        self.client = client
        self._vault, self._audit = vault, audit
        self._records = PostgresRecords(
            pool, vault, audit, Outbox(vault, audit), StaffDirectory(pool), PayerTable(pool), Policy()
        )

    def workflow(self, referral_id: str) -> WorkflowHandle[Any, Any]:
        return self.client.get_workflow_handle(workflow_id(referral_id))

    async def starts(self, referral_id: str, status: Status | None = None) -> None:
        """The relay has started the workflow."""
        await self.pool.execute("UPDATE messages SET state = 'applied'")
        await start_referral(self.client, referral_id, "mercy", "FD-34679A")
        if status is not None:
            await self.workflow(referral_id).signal("be", status)

    async def records(self, referral_id: str, number: int, status: Status, *, run: str = "run") -> None:
        """The store has recorded that much, and where the referral stands."""
        known = [Opened(key=f"o {each.id}", at=AT, item=each) for each in status.open_items]
        told = Batch(
            referral_id=referral_id,
            entries=tuple(known),
            standing=ReferralSnapshot(stage=status.stage, closing=status.closing, lines=status.lines),
            number=number,
            run=RunPoint(run_id=run, events=number),
            open_items=tuple(each.id for each in status.open_items),
            state='{"some": "state"}',
        )
        await self._records.record(told)

    def reconciliation(
        self, referral_id: str, *, mend: bool = True, meanwhile: Callable[[], Awaitable[None]] | None = None
    ) -> Reconciliation:
        async def settling() -> None:
            if meanwhile is not None:
                await meanwhile()
            await self.until_at_rest(referral_id)

        store = ProcessStore(self.pool, self._vault, self._audit, "operator:7")
        return Reconciliation(self.client, store, mend=mend, settling=settling)

    async def reconcile(
        self, referral_id: str, *, mend: bool = True, meanwhile: Callable[[], Awaitable[None]] | None = None
    ) -> list[Difference]:
        """`meanwhile` happens between the first look and the second."""
        reconciliation = self.reconciliation(referral_id, mend=mend, meanwhile=meanwhile)
        return [each async for each in reconciliation.these([referral_id])]

    async def everything(self, of: str) -> list[Difference]:
        """The server has the workflows of other tests as well: only what concerns this referral."""
        reconciliation = self.reconciliation(of)
        return [each async for each in reconciliation.everything() if each.referral_id == of]

    async def until_at_rest(self, referral_id: str) -> None:
        async def at_rest() -> bool:
            described = await self.workflow(referral_id).describe()
            return not described.raw_description.HasField("pending_workflow_task")

        await eventually(at_rest)

    async def actions(self, referral_id: str) -> list[str]:
        rows = await self.pool.fetch(
            "SELECT action FROM audit WHERE chain = $1 AND actor = 'operator:7' ORDER BY seq", referral_id
        )
        return [row["action"] for row in rows]

    async def until_it_has(self, referral_id: str, status: WorkflowExecutionStatus) -> None:
        async def has_it() -> bool:
            return (await self.workflow(referral_id).describe()).status is status

        await eventually(has_it)

    async def was_resumed(self, referral_id: str) -> bool:
        start = await self.workflow(referral_id).query("start", result_type=ReferralStart)
        return bool(start.state)


def status(referral_id: str, *items: int, recorded: int = 3, **more: Any) -> Status:
    shown = {"stage": Stage.AUTHORIZATION, "open_items": [item(referral_id, each) for each in items], **more}
    return Status.model_validate({**shown, "recorded": recorded})
