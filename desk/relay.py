"""Brings stored messages to their workflows: each at least once, in order, until its outcome is known."""

import asyncio
from datetime import timedelta
from typing import Final, NamedTuple

import structlog
from pydantic import BaseModel, ValidationError
from temporalio.client import (
    Client,
    RPCTimeoutOrCancelledError,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from desk.measures import MESSAGES
from firstdose.adapters.postgres.messages import Messages
from firstdose.adapters.postgres.referrals import ReferralReader
from firstdose.domain.message import Message, MessageKind, MessageState
from firstdose.domain.stage import Stage
from firstdose.ports import Unavailable
from workflows.messages import (
    REFERRALS_QUEUE,
    WORKFLOW,
    AmendRequest,
    ApproveOverride,
    CancelRequest,
    HoldRequest,
    OverrideRequest,
    PayerAnswered,
    ReferralStart,
    ResolveWorkItem,
    ResumeRequest,
    workflow_id,
)

log = structlog.get_logger(__name__)

CLOSED: Final = "the referral is closed"
LEASE: Final = timedelta(seconds=20)
"""Longer than any attempt, so that a message is with one process at a time."""
_RPC: Final = timedelta(seconds=10)
_DETAILS: Final = """One referral, from the source's webhook to the first infusion at home.

**Current Details** say where it stands: each line of the prior authorization, and the work items of people.
**Search Attributes** find referrals by stage, payer, therapy, who is waited for and what is due when.

Staff act at the desk. From here `resolve_work_item`, `hold`, `resume` and `cancel` can be sent as updates; `actor` is
`{"id": …, "roles": […]}`. Nothing here names the patient: the facts are sealed in PostgreSQL.
Write no note here, it stays in the history as it was typed: notes and facts belong to the desk.
"""
_ATTEMPT_S: Final = 15.0
_LONGEST_WAIT_S: Final = 30.0
_NEVER: Final = (RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION)
"""How Temporal says that the request itself is at fault."""
_LONGEST_REFUSAL: Final = 500
_REQUESTS: Final[dict[MessageKind, type[BaseModel]]] = {
    MessageKind.AMEND: AmendRequest,
    MessageKind.CANCEL: CancelRequest,
    MessageKind.HOLD: HoldRequest,
    MessageKind.RESUME: ResumeRequest,
    MessageKind.RESOLVE: ResolveWorkItem,
    MessageKind.OVERRIDE: OverrideRequest,
    MessageKind.APPROVE: ApproveOverride,
}


class Outcome(NamedTuple):
    """What became of an attempt: a final state, or None when it must be made again.

    `problem` is a code that says what is wrong with the message itself, so that trying again may be of no use.
    """

    state: MessageState | None
    refusal: str | None = None
    problem: str | None = None


_APPLIED: Final = Outcome(MessageState.APPLIED)
_LATER: Final = Outcome(None)


def _refused(why: str) -> Outcome:
    return Outcome(MessageState.REFUSED, why)


class MessageRelay:
    """Delivers one message at a time per referral; the store sees to that. `referrals` knows their source and stage."""

    def __init__(self, messages: Messages, client: Client, referrals: ReferralReader) -> None:
        self._messages = messages
        self._client = client
        self._referrals = referrals

    async def claim(self, limit: int) -> list[Message]:
        """Messages that are due. Raises Unavailable."""
        return await self._messages.claim(limit, LEASE)

    async def deliver(self, message: Message) -> None:
        """Try once, and settle or postpone it. Raises Unavailable."""
        outcome = await self._attempt(message)
        if outcome.problem:
            parked = await self._messages.set_back(message.id, outcome.problem) is MessageState.PARKED
            MESSAGES.labels(message.kind, "parked" if parked else "set_back").inc()
            return
        MESSAGES.labels(message.kind, outcome.state or "postponed").inc()
        if outcome.state is not None:
            await self._messages.settle(message.id, outcome.state, outcome.refusal)
            return
        delay = timedelta(seconds=min(2 ** min(message.attempts - 1, 10) / 2, _LONGEST_WAIT_S))
        log.info("message_postponed", action_id=message.id, kind=message.kind, attempt=message.attempts, delay_s=delay)
        await self._messages.postpone(message.id, delay)

    async def _attempt(self, message: Message) -> Outcome:
        try:
            async with asyncio.timeout(_ATTEMPT_S):
                return await self._hand_over(message)
        except WorkflowAlreadyStartedError:
            return _APPLIED
        except WorkflowUpdateFailedError as error:
            return _refused(_reason(error))
        except ValidationError:
            return Outcome(None, problem="unreadable")
        except RPCError as error:
            return await self._not_taken(message, error)
        # A lazy client that cannot connect raises a plain RuntimeError.
        except (RPCTimeoutOrCancelledError, TimeoutError, RuntimeError):
            return _LATER
        except Unavailable:
            raise
        except Exception:
            log.exception("message_failed", action_id=message.id, kind=message.kind)
            return Outcome(None, problem="failed")

    async def _hand_over(self, message: Message) -> Outcome:
        match message.kind:
            case MessageKind.START:
                await self._start(message)
            case MessageKind.PAYER_ANSWERED:
                answered = PayerAnswered.model_validate(message.body)
                await self._workflow(message).signal(message.kind, answered, rpc_timeout=_RPC)
            case _:
                sent = {**message.body, "actor": message.actor, "message_id": message.id}
                request = _REQUESTS[message.kind].model_validate(sent)
                await self._workflow(message).execute_update(message.kind, request, id=message.id, rpc_timeout=_RPC)
        return _APPLIED

    async def _start(self, message: Message) -> None:
        referral = await self._referrals.get(message.referral_id)
        source = referral.standing.source if referral else ""
        await self._client.start_workflow(
            WORKFLOW,
            ReferralStart(referral_id=message.referral_id, source=source),
            id=workflow_id(message.referral_id),
            task_queue=REFERRALS_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            static_summary=f"Referral from {source}",
            static_details=_DETAILS,
            rpc_timeout=_RPC,
        )

    async def _not_taken(self, message: Message, error: RPCError) -> Outcome:
        if error.status is RPCStatusCode.NOT_FOUND:
            return await self._missing(message)
        return Outcome(None, problem=error.status.name.lower()) if error.status in _NEVER else _LATER

    async def _missing(self, message: Message) -> Outcome:
        """Closed, or not there at all: a workflow that was never started is started by an earlier message."""
        try:
            description = await self._workflow(message).describe(rpc_timeout=_RPC)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                return _LATER
            # Temporal forgets closed workflows when their retention ends.
            referral = await self._referrals.get(message.referral_id)
            return _refused(CLOSED) if referral is None or referral.standing.stage is Stage.CLOSED else _LATER
        return _LATER if description.status is WorkflowExecutionStatus.RUNNING else _refused(CLOSED)

    def _workflow(self, message: Message) -> WorkflowHandle[object, object]:
        return self._client.get_workflow_handle(workflow_id(message.referral_id))


def _reason(error: WorkflowUpdateFailedError) -> str:
    """The validator's own words, which name fields and never values."""
    cause = error.cause
    if not isinstance(cause, ApplicationError):
        return "the workflow refused it"
    return CLOSED if cause.type == "AcceptedUpdateCompletedWorkflow" else cause.message[:_LONGEST_REFUSAL]
