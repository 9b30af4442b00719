"""Delivers stored messages to their workflows: each at least once, in order, until its outcome is known."""

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
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from desk.metrics import MESSAGES
from desk.referral_start import start_referral
from firstdose.adapters.postgres.messages.messages import Messages
from firstdose.adapters.postgres.referrals.referrals import ReferralReader
from firstdose.domain.work.judgment import NOT_OPEN
from firstdose.domain.work.message import Message, MessageKind, MessageState
from firstdose.ports import Unavailable
from workflows.messages import (
    AmendRequest,
    ApproveOverride,
    CancelRequest,
    HoldRequest,
    OverrideRequest,
    PayerAnswered,
    ResolveWorkItem,
    ResumeRequest,
    workflow_id,
)

log = structlog.get_logger(__name__)

CLOSED: Final = "the referral is closed"
LEASE: Final = timedelta(seconds=20)
"""Longer than any attempt, so that only one process at a time has a message."""
_RPC: Final = timedelta(seconds=10)
_ATTEMPT_S: Final = 15.0
_LONGEST_WAIT_S: Final = 30.0
_NEVER: Final = (RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION)
"""Temporal's status codes for a bad request."""
_CONTRADICTED: Final = 8
"""Attempts in about a minute and a half."""
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


class DeliveryOutcome(NamedTuple):
    """The result of an attempt: a final state, or None if it must be repeated.

    `problem` is a code for an error of the message itself, so that a retry may be useless.
    """

    state: MessageState | None
    refusal: str | None = None
    problem: str | None = None


_APPLIED: Final = DeliveryOutcome(MessageState.APPLIED)
_LATER: Final = DeliveryOutcome(None)


def _refused(why: str) -> DeliveryOutcome:
    return DeliveryOutcome(MessageState.REFUSED, why)


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

    async def _attempt(self, message: Message) -> DeliveryOutcome:
        try:
            async with asyncio.timeout(_ATTEMPT_S):
                return await self._hand_over(message)
        except WorkflowAlreadyStartedError:
            return _APPLIED
        except WorkflowUpdateFailedError as error:
            if await self._contradicts_the_store(message, error):
                return _LATER
            return await self._missing(message) if _was_cut_off(error) else _refused(_reason(error))
        except ValidationError:
            return DeliveryOutcome(None, problem="unreadable")
        except RPCError as error:
            return await self._not_taken(message, error)
        # A lazy client that cannot connect raises a plain RuntimeError.
        except (RPCTimeoutOrCancelledError, TimeoutError, RuntimeError):
            return _LATER
        except Unavailable:
            raise
        except Exception:
            log.exception("message_failed", action_id=message.id, kind=message.kind)
            return DeliveryOutcome(None, problem="failed")

    async def _contradicts_the_store(self, message: Message, error: WorkflowUpdateFailedError) -> bool:
        """Whether the workflow does not have an item that is open here: one of the two is corrected soon.

        Not for long, since what the referral's people do next waits behind it.
        """
        if message.kind is not MessageKind.RESOLVE or _reason(error) != NOT_OPEN or message.attempts > _CONTRADICTED:
            return False
        return await self._messages.item_is_open(str(message.body.get("item_id")))

    async def _hand_over(self, message: Message) -> DeliveryOutcome:
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
        if referral is not None:
            standing = referral.standing
            await start_referral(self._client, message.referral_id, standing.source, standing.number)

    async def _not_taken(self, message: Message, error: RPCError) -> DeliveryOutcome:
        if error.status is RPCStatusCode.NOT_FOUND:
            return await self._missing(message)
        return DeliveryOutcome(None, problem=error.status.name.lower()) if error.status in _NEVER else _LATER

    async def _missing(self, message: Message) -> DeliveryOutcome:
        """No workflow runs. It is refused if the referral has ended; otherwise the workflow has not been started yet.

        That is done by an earlier message, or by reconciliation if Temporal has lost it or somebody ended it there.
        """
        try:
            description = await self._workflow(message).describe(rpc_timeout=_RPC)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                return _LATER
            # Temporal forgets closed workflows when their retention ends.
            return await self._unless_ended(message)
        match description.status:
            case WorkflowExecutionStatus.COMPLETED:
                return _refused(CLOSED)
            case WorkflowExecutionStatus.RUNNING:
                return _LATER
            case _:
                return await self._unless_ended(message)

    async def _unless_ended(self, message: Message) -> DeliveryOutcome:
        referral = await self._referrals.get(message.referral_id)
        return _refused(CLOSED) if referral is None or referral.standing.stage.is_end else _LATER

    def _workflow(self, message: Message) -> WorkflowHandle[object, object]:
        return self._client.get_workflow_handle(workflow_id(message.referral_id))


def _was_cut_off(error: WorkflowUpdateFailedError) -> bool:
    """The workflow ended before it answered, so the message was not refused."""
    return isinstance(error.cause, ApplicationError) and error.cause.type == "AcceptedUpdateCompletedWorkflow"


def _reason(error: WorkflowUpdateFailedError) -> str:
    """The validator's text, which names fields and never values."""
    cause = error.cause
    return cause.message[:_LONGEST_REFUSAL] if isinstance(cause, ApplicationError) else "the workflow refused it"
