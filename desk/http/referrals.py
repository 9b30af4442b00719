"""Referrals: reading them, and steering them."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import JSONResponse

from desk.http.actions import OUTCOMES, IdempotencyKey, ask, carry_out, plain
from desk.http.app_context import AppContext, Context
from desk.http.identity import Reader, Supervisor, Worker
from desk.http.parameters import CursorText, Limit, Moment, SearchText
from desk.http.permits import forbidding, may_see_facts, permit_reading
from desk.http.problems import HttpProblem
from desk.intake.problems import problems
from firstdose.adapters.postgres.paging import BadCursor, Page
from firstdose.adapters.postgres.referrals.referrals import Filters
from firstdose.adapters.postgres.referrals.views import ReferralRow, ReferralView, TimelineEntry, Why
from firstdose.domain.care.gates import Gate
from firstdose.domain.referral.corrections import with_facts
from firstdose.domain.referral.fact_groups import FactGroup, groups_changed, groups_of
from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.today import latest_today
from firstdose.domain.referral.versions import keeping
from firstdose.domain.work.journal import WaitingFor
from firstdose.domain.work.message import MessageKind
from firstdose.domain.work.permissions import permit_amendment, permit_cancel
from firstdose.domain.work.reasons import HoldReason, OverrideReason
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.stage import Closing, Stage

router = APIRouter(prefix="/api/referrals", tags=["referrals"])


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class HoldBody(_Request):
    reason: HoldReason
    until: Moment | None = None


class Cancel(_Request):
    reason: Closing


class OverrideBody(_Request):
    """Only `authorization` is overridden. Without `until` the policy says when the override ends."""

    gate: Gate
    reason: OverrideReason
    until: Moment | None = None


class Approval(_Request):
    override_id: str = Field(pattern=r"^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|override-[0-9]{1,4})$")


@router.get("")
async def list_referrals(
    desk: Context,
    _actor: Reader,
    *,
    stage: Stage | None = None,
    payer: SearchText = None,
    waiting_for: Role | WaitingFor | None = None,
    overdue: bool | None = None,
    q: SearchText = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[ReferralRow]:
    """The newest first, without any fact about a person. `q` is a number (`FD-…`), the start of
    an id, or the source's whole number."""
    filters = Filters(stage=stage, payer=payer, waiting_for=waiting_for, overdue=overdue, q=q)
    try:
        return await desk.referrals.list(filters, cursor, limit)
    except BadCursor:
        raise HttpProblem(400, "this is no cursor of this list") from None


@router.get("/{referral_id}")
async def get_referral(referral_id: UUID, desk: Context, actor: Reader) -> ReferralView:
    """One referral with its facts, which an auditor does not see. That somebody saw them is audited."""
    found = await desk.referrals.get(str(referral_id))
    if found is None:
        raise _no_such_referral()
    stalls = await desk.stalls.of(str(referral_id), found.standing.stage)
    found = found.model_copy(update={"stalls": stalls.found})
    if not may_see_facts(actor):
        return found.model_copy(update={"facts": None, "requested": None, "questions": (), "remarks": ()})
    await permit_reading(desk, actor, str(referral_id))
    await desk.note(actor, "facts_read", chain=str(referral_id))
    return found


@router.get("/{referral_id}/timeline")
async def get_timeline(referral_id: UUID, desk: Context, actor: Reader) -> list[TimelineEntry]:
    """Everything that happened, the oldest first. An auditor sees no notes, and no words of payers."""
    entries = await desk.referrals.timeline(str(referral_id))
    if not entries:
        raise _no_such_referral()
    if not may_see_facts(actor):
        return [entry.without_words() for entry in entries]
    await permit_reading(desk, actor, str(referral_id))
    await desk.note(actor, "timeline_read", chain=str(referral_id))
    return list(entries)


@router.get("/{referral_id}/why")
async def get_why(referral_id: UUID, desk: Context, _actor: Reader) -> Why:
    """What the referral waits for, who is responsible, and when it escalates; first, whether it is stalled."""
    why = await desk.referrals.why(str(referral_id))
    if why is None:
        raise _no_such_referral()
    stalls = await desk.stalls.of(str(referral_id), why.stage)
    return why.model_copy(update={"stalls": stalls.found, "temporal": stalls.temporal.value})


@router.post("/{referral_id}/hold", responses=OUTCOMES)
async def hold(
    referral_id: UUID, body: HoldBody, desk: Context, actor: Worker, key: IdempotencyKey = None
) -> JSONResponse:
    """Pause every track at its next step."""
    return await _steer(desk, MessageKind.HOLD, referral_id, actor, plain(body), key)


@router.post("/{referral_id}/resume", responses=OUTCOMES)
async def resume(referral_id: UUID, desk: Context, actor: Worker, key: IdempotencyKey = None) -> JSONResponse:
    """Go on after a hold."""
    return await _steer(desk, MessageKind.RESUME, referral_id, actor, {}, key)


@router.post("/{referral_id}/cancel", responses=OUTCOMES)
async def cancel(
    referral_id: UUID, body: Cancel, desk: Context, actor: Worker, key: IdempotencyKey = None
) -> JSONResponse:
    """End it, and undo reservations and promises."""
    with forbidding():
        permit_cancel(actor, body.reason)
    return await _steer(desk, MessageKind.CANCEL, referral_id, actor, plain(body), key)


@router.post("/{referral_id}/override", responses=OUTCOMES)
async def override(
    referral_id: UUID, body: OverrideBody, desk: Context, actor: Supervisor, key: IdempotencyKey = None
) -> JSONResponse:
    """Ask to start without the payer's answer; it counts once another supervisor has approved. `id` names it."""
    return await _steer(desk, MessageKind.OVERRIDE, referral_id, actor, plain(body), key)


@router.post("/{referral_id}/approve", responses=OUTCOMES)
async def approve(
    referral_id: UUID, body: Approval, desk: Context, actor: Supervisor, key: IdempotencyKey = None
) -> JSONResponse:
    """Approve what another supervisor asked to override."""
    return await _steer(desk, MessageKind.APPROVE, referral_id, actor, plain(body), key)


@router.post("/{referral_id}/amend", responses=OUTCOMES)
async def amend(
    referral_id: UUID,
    body: Annotated[dict[str, Any], Body(description='a new version of the referral, or `{"facts": {path: value}}`')],
    desk: Context,
    actor: Worker,
    key: IdempotencyKey = None,
) -> JSONResponse:
    """Replace the facts by a new version, or correct some of them."""
    known = await desk.facts(str(referral_id))
    if known is None:
        raise _no_such_referral()
    sealed, groups = _amendment(known, body)
    with forbidding():
        permit_amendment(actor, groups)
    told = {"groups": sorted(groups)}
    return await _steer(desk, MessageKind.AMEND, referral_id, actor, told, key, sealed=sealed)


def _amendment(known: Referral, body: dict[str, Any]) -> tuple[dict[str, Any], frozenset[FactGroup]]:
    """What the store keeps of it, and whose facts it changes. Raises Problem 422."""
    today = latest_today(datetime.now(UTC))
    facts = body.get("facts")
    try:
        if isinstance(facts, dict) and len(body) == 1:
            with_facts(known, facts, today=today)
            return {"facts": facts}, groups_of(facts)
        amended = Referral.read(body, today=today)
    except ValidationError as error:
        raise HttpProblem(422, "some facts are not acceptable", errors=problems(error, str)) from None
    if amended.source_referral_id != known.source_referral_id:
        wrong = {"path": "source_referral_id", "problem": "this is another referral's number"}
        raise HttpProblem(422, "some facts are not acceptable", errors=[wrong])
    return {"referral": plain(amended)}, groups_changed(known, keeping(known, amended))


async def _steer(
    desk: AppContext,
    kind: MessageKind,
    referral_id: UUID,
    actor: Actor,
    body: dict[str, Any],
    key: str | None,
    *,
    sealed: dict[str, Any] | None = None,
) -> JSONResponse:
    async def state() -> dict[str, Any]:
        found = await desk.referrals.get(str(referral_id))
        return {"referral": plain(found.standing) if found else None}

    return await carry_out(desk, ask(kind, str(referral_id), actor, body, sealed), key, state)


def _no_such_referral() -> HttpProblem:
    return HttpProblem(404, "there is no such referral")
