"""The workflows of referrals as Temporal has them: how they run, and what they say of themselves."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Final, NamedTuple

from temporalio.client import Client, RPCTimeoutOrCancelledError, WorkflowExecutionStatus, WorkflowQueryFailedError
from temporalio.service import RPCError, RPCStatusCode

from desk.referral_start import start_referral
from firstdose.domain.problem import ProblemCode
from firstdose.ports import Unavailable
from workflows.messages import WORKFLOW, Status, workflow_id

_RPC: Final = timedelta(seconds=10)
_PREFIX: Final = workflow_id("")


class WorkflowRun(NamedTuple):
    """The newest run of a workflow."""

    run_id: str
    status: WorkflowExecutionStatus | None
    at_rest: bool
    """No workflow task is waited for or under way."""
    is_behind: bool
    """It cannot record: the store has a later state of this referral."""

    @property
    def runs(self) -> bool:
        return self.status in (None, WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.CONTINUED_AS_NEW)


class WorkflowRuns:
    """Raises Unavailable when Temporal does not answer."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def find(self, referral_id: str) -> WorkflowRun | None:
        """None if Temporal does not know it."""
        found = None
        with _known_or_not():
            found = await self._client.get_workflow_handle(workflow_id(referral_id)).describe(rpc_timeout=_RPC)
        if found is None:
            return None
        raw = found.raw_description
        behind = any(
            activity.last_failure.application_failure_info.type == ProblemCode.STORE_IS_AHEAD
            for activity in raw.pending_activities
        )
        return WorkflowRun(found.run_id, found.status, not raw.HasField("pending_workflow_task"), behind)

    async def status(self, referral_id: str) -> Status | None:
        """The workflow's answer; None without a worker or if its task fails."""
        handle = self._client.get_workflow_handle(workflow_id(referral_id))
        try:
            status: Status = await handle.query("status", result_type=Status, rpc_timeout=_RPC)
        except (WorkflowQueryFailedError, RPCError, RPCTimeoutOrCancelledError, RuntimeError):
            return None
        return status

    async def start_again(self, referral_id: str, source: str, number: str, state: str) -> None:
        """From this state; one that runs is left."""
        with _answering():
            await start_referral(self._client, referral_id, source, number, state=state)

    async def terminate(self, referral_id: str, run_id: str, reason: str) -> None:
        """End this run; one that has ended already is left."""
        handle = self._client.get_workflow_handle(workflow_id(referral_id), run_id=run_id)
        with _known_or_not():
            await handle.terminate(reason=reason, rpc_timeout=_RPC)

    async def not_running(self, referral_ids: Sequence[str]) -> list[str]:
        """Those of which visibility shows no running workflow. It may be late: `find` knows."""
        names = ", ".join(f"'{workflow_id(each)}'" for each in referral_ids)
        shown = {each async for each in self._running(f" AND WorkflowId IN ({names})")}
        return [each for each in referral_ids if workflow_id(each) not in shown]

    async def running(self, *, size: int) -> AsyncIterator[list[str]]:
        """The ids of all running workflows of referrals, in chunks, without the prefix."""
        chunk: list[str] = []
        async for name in self._running(""):
            chunk.append(name.removeprefix(_PREFIX))
            if len(chunk) == size:
                yield chunk
                chunk = []
        if chunk:
            yield chunk

    async def in_trouble(self) -> list[str]:
        """Those whose workflow task keeps failing."""
        return [each.removeprefix(_PREFIX) async for each in self._running(" AND TemporalReportedProblems IS NOT NULL")]

    async def _running(self, further: str) -> AsyncIterator[str]:
        query = f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus = 'Running'{further}"
        with _answering():
            async for execution in self._client.list_workflows(query, rpc_timeout=_RPC):
                yield execution.id


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    # A lazy client that cannot connect raises a plain RuntimeError.
    except (RPCError, RPCTimeoutOrCancelledError, RuntimeError) as error:
        raise Unavailable(ProblemCode.TEMPORAL_UNAVAILABLE) from error


@contextmanager
def _known_or_not() -> Iterator[None]:
    """Ends at once, without an error, when Temporal does not know the workflow or its run has ended."""
    with _answering():
        try:
            yield
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
