"""Actions of staff on a referral: stored first, delivered by the relay, answered when the outcome is known."""

import math
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import orjson
from fastapi import Header
from pydantic import BaseModel, StringConstraints
from starlette.responses import JSONResponse

from desk.http.app_context import AppContext
from desk.http.budgets import long_wait
from desk.http.guard import ANSWERED_WITHIN
from desk.http.problems import HttpProblem
from firstdose.adapters.postgres.deadline import database_within
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.messages.messages import Conflict, TooFast, UnknownReferral
from firstdose.adapters.postgres.referrals.views import ReferralRow
from firstdose.adapters.postgres.staff.work_items import WorkItemView
from firstdose.domain.work.message import STAFF_LIMIT, Message, MessageKind, MessageState
from firstdose.domain.work.role import Actor
from firstdose.ports import Unavailable

PATIENCE: Final = timedelta(seconds=10)
"""How long a caller waits for the outcome; the delivery continues after that."""
_patience: ContextVar[timedelta | None] = ContextVar("patience", default=None)

_NUL: Final = rb"\u0000"

IdempotencyKey = Annotated[
    Annotated[str, StringConstraints(pattern=r"^[!-~]{1,128}$")] | None,
    Header(alias="Idempotency-Key", description="the same key again is the same action, done once"),
]


class ActionOutcome(BaseModel):
    """The outcome, and the present state. `id` is the id of a new override."""

    status: MessageState
    message_id: str
    id: str | None = None
    referral: ReferralRow | None = None
    work_item: WorkItemView | None = None


OUTCOMES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": ActionOutcome, "description": "Applied"},
    202: {"model": ActionOutcome, "description": "Stored; what becomes of it is not known yet"},
}


def ask(
    kind: MessageKind, referral_id: str, actor: Actor, body: dict[str, Any], sealed: dict[str, Any] | None = None
) -> Message:
    """The message that asks it. `sealed` never reaches the workflow. Raises Problem 422 for what cannot be stored."""
    _require_storable(body, sealed)
    return Message(
        id=new_id(),
        referral_id=referral_id,
        kind=kind,
        actor=actor,
        body=body,
        sealed=sealed or None,
        received_at=datetime.now(UTC),
    )


async def carry_out(
    desk: AppContext, message: Message, key: str | None, state: Callable[[], Awaitable[dict[str, Any]]]
) -> JSONResponse:
    """200 when it is applied, 202 when that is not known yet; both name the message.

    `state` is the present state. Raises Problem: 404, 429, and 409 with that state when it was refused.
    """
    keyed = key and _keyed(message.actor, key)
    try:
        stored = await desk.messages.post(message, idempotency_key=keyed, limit=STAFF_LIMIT)
    except UnknownReferral:
        raise HttpProblem(404, "there is no such referral") from None
    except TooFast as error:
        raise _too_fast(error.retry_after) from None
    except Conflict:
        raise HttpProblem(409, "this Idempotency-Key came with something else before", **await state()) from None
    outcome = await _outcome(desk, stored)
    with database_within(ANSWERED_WITHIN.total_seconds()):
        now = await _if_known(state)
    if outcome.state is MessageState.REFUSED:
        raise HttpProblem(409, outcome.refusal, message_id=stored.id, **now)
    answer = {"status": outcome.state.value, "message_id": stored.id}
    if message.kind is MessageKind.OVERRIDE:
        answer["id"] = stored.id
    applied = outcome.state is MessageState.APPLIED
    return JSONResponse({**answer, **now}, status_code=200 if applied else 202)


async def asked_before(desk: AppContext, referral_id: str, actor: Actor, key: str | None) -> bool:
    """Whether this actor has asked something of the referral under this key. Raises Unavailable."""
    return bool(key) and await desk.messages.knows_key(referral_id, _keyed(actor, key or ""))


def _keyed(actor: Actor, key: str) -> str:
    """Each actor has keys of their own."""
    return f"{actor.label} {key}"


async def _outcome(desk: AppContext, stored: Message) -> Message:
    """The outcome, if it is known in time. If too many callers wait already, the present state of the message."""
    with long_wait() as has_room:
        try:
            return await desk.messages.outcome(stored.id, (_patience.get() or PATIENCE) if has_room else timedelta(0))
        except Unavailable:
            # It is stored: an error would have the caller send it once more.
            return stored


async def _if_known(state: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    try:
        return await state()
    except Unavailable:
        return {}


@contextmanager
def waiting_for_outcome(patience: timedelta) -> Iterator[None]:
    """Within, a caller waits this long at most: a person who looks at a page that does not come thinks it is broken."""
    token = _patience.set(patience)
    try:
        yield
    finally:
        _patience.reset(token)


def plain(model: BaseModel) -> dict[str, Any]:
    """As JSON has it."""
    return model.model_dump(mode="json")


def _too_fast(retry_after: timedelta) -> HttpProblem:
    seconds = math.ceil(retry_after.total_seconds())
    most, within = STAFF_LIMIT.most, round(STAFF_LIMIT.within.total_seconds())
    detail = f"you have sent this referral {most} actions within {within} seconds; wait {seconds} seconds"
    return HttpProblem(429, detail, headers={"retry-after": str(seconds)})


def _require_storable(body: dict[str, Any], sealed: dict[str, Any] | None) -> None:
    """Valid JSON for Python, but not for the store: NUL, lone surrogates, numbers beyond 64 bits, very deep nesting."""
    try:
        written = orjson.dumps([body, sealed])
    except TypeError:
        written = _NUL
    if _NUL in written:
        raise HttpProblem(422, "a text or number cannot be stored")
