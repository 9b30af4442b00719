"""The worklist: list, claim, assign and resolve work items."""

from collections.abc import Awaitable
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body
from pydantic import ValidationError
from starlette.responses import JSONResponse

from desk.http.actions import OUTCOMES, IdempotencyKey, ask, asked_before, carry_out, plain
from desk.http.app_context import AppContext, Context
from desk.http.identity import Reader, Worker
from desk.http.item_bodies import Assign, AssignSeveral, Handled, ItemId, Snooze, SnoozeSeveral, TakeSeveral
from desk.http.item_facts import ItemFacts, item_facts, sent_instead
from desk.http.parameters import CursorText, Limit, SearchText
from desk.http.permits import forbidding
from desk.http.problems import HttpProblem
from desk.intake.problems import problems
from firstdose.adapters.postgres.keys.vault import NoDataKey
from firstdose.adapters.postgres.messages.messages import Conflict
from firstdose.adapters.postgres.paging import BadCursor, Page
from firstdose.adapters.postgres.payers.set_aside import UnreadableShown
from firstdose.adapters.postgres.pool import transaction
from firstdose.adapters.postgres.staff.work_items import WorkItemView
from firstdose.domain.referral.corrections import with_facts
from firstdose.domain.referral.fact_groups import FactGroup
from firstdose.domain.referral.today import latest_today
from firstdose.domain.sealed_text import TextSealer, sealed_texts
from firstdose.domain.work.judging.context import ResolutionContext
from firstdose.domain.work.judgment import judge_content
from firstdose.domain.work.message import MessageKind
from firstdose.domain.work.open_answer import not_open
from firstdose.domain.work.permissions import groups_told, permit_answer, permit_changes, permit_item, stands_in
from firstdose.domain.work.resolution import Resolution
from firstdose.domain.work.resolutions import OF_KIND, Refused, split
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.work_item import WorkItemKind, WorkItemState

router = APIRouter(prefix="/api/work-items", tags=["work items"])


class WorkItemToDo(WorkItemView):
    """A work item with the JSON schema of its answer, what of the facts it asks about, and a payer's odd answer."""

    resolution_schema: dict[str, Any]
    unreadable: UnreadableShown | None = None
    shown: ItemFacts = ItemFacts()


@router.get("")
async def list_work_items(
    desk: Context,
    _actor: Reader,
    *,
    role: Role | None = None,
    assignee: SearchText = None,
    overdue: bool | None = None,
    referral: UUID | None = None,
    cursor: CursorText = None,
    limit: Limit = 50,
) -> Page[WorkItemView]:
    """Open items, the most pressing first, without those that are snoozed."""
    about = str(referral) if referral else None
    try:
        return await desk.worklist.list(
            role=role, assignee=assignee, overdue=overdue, referral=about, cursor=cursor, limit=limit
        )
    except BadCursor:
        raise HttpProblem(400, "this is no cursor of this list") from None


@router.get("/{item_id}")
async def get_work_item(item_id: ItemId, desk: Context, actor: Reader) -> WorkItemToDo:
    """One item, and what an answer to it looks like."""
    item = await _found(desk, item_id)
    came = await sent_instead(desk, actor, item)
    shown = await item_facts(desk, actor, item)
    return WorkItemToDo(**item.model_dump(), resolution_schema=_schema(item.kind), unreadable=came, shown=shown)


@router.post("/claim")
async def take_several(body: TakeSeveral, desk: Context, actor: Worker) -> list[Handled]:
    """Make several mine. Each is done or not by itself."""
    return [await _handled(item, desk.worklist.claim(item, actor)) for item in body.items]


@router.post("/assign")
async def assign_several(body: AssignSeveral, desk: Context, actor: Worker) -> list[Handled]:
    """Give several to one person. Each is done or not by itself."""
    return [await _handled(item, desk.worklist.assign(item, body.assignee, actor)) for item in body.items]


@router.post("/snooze")
async def snooze_several(body: SnoozeSeveral, desk: Context, actor: Worker) -> list[Handled]:
    """Keep several off the list until then. Each is done or not by itself."""
    return [await _handled(item, desk.worklist.snooze(item, body.until, actor)) for item in body.items]


async def _handled(item: str, doing: Awaitable[WorkItemView]) -> Handled:
    try:
        await doing
    except (LookupError, Refused, Conflict) as error:
        return Handled(item=item, done=False, problem=str(error))
    return Handled(item=item, done=True)


@router.post("/{item_id}/assign")
async def assign(item_id: ItemId, body: Assign, desk: Context, actor: Worker) -> WorkItemView:
    """Give it to somebody."""
    return await _or_why_not(desk, item_id, desk.worklist.assign(item_id, body.assignee, actor))


@router.post("/{item_id}/claim")
async def claim(item_id: ItemId, desk: Context, actor: Worker) -> WorkItemView:
    """Make it mine."""
    return await _or_why_not(desk, item_id, desk.worklist.claim(item_id, actor))


@router.post("/{item_id}/release")
async def release(item_id: ItemId, desk: Context, actor: Worker) -> WorkItemView:
    """Give it back to everybody of its role."""
    return await _or_why_not(desk, item_id, desk.worklist.release(item_id, actor))


@router.post("/{item_id}/snooze")
async def snooze(item_id: ItemId, body: Snooze, desk: Context, actor: Worker) -> WorkItemView:
    """Keep it off the list until then, at most until it is due."""
    return await _or_why_not(desk, item_id, desk.worklist.snooze(item_id, body.until, actor))


@router.post("/{item_id}/resolve", responses=OUTCOMES)
async def resolve(
    item_id: ItemId,
    body: Annotated[dict[str, Any], Body(description="an answer by the item's `resolution_schema`")],
    desk: Context,
    actor: Worker,
    key: IdempotencyKey = None,
) -> JSONResponse:
    """Answer it. Fields that may contain PHI stay in the store; the rest goes to the workflow, which decides."""
    item = await _found(desk, item_id)
    with forbidding():
        permit_item(actor, item)
    # The same answer again has its outcome, whatever has become of the item.
    if not await asked_before(desk, item.referral_id, actor, key):
        _require_free(item, actor)
    open_part, sealed = await _read(desk, item, body)
    await _try_facts(desk, item.referral_id, sealed.get("facts"))
    told = {"item_id": item.id, "resolution": open_part}
    if groups := _permitted_groups(actor, item, open_part, sealed):
        told["groups"] = sorted(groups)
    message = ask(MessageKind.RESOLVE, item.referral_id, actor, told, sealed=sealed)

    async def state() -> dict[str, Any]:
        return {"work_item": plain(await _found(desk, item_id))}

    return await carry_out(desk, message, key, state)


async def _read(desk: AppContext, item: WorkItemView, answer: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The part for the workflow, with the payer's numbers sealed, and the part that stays in the store.

    Raises Problem 422 with the fields, and 404.
    """
    try:
        resolution = OF_KIND[item.kind].model_validate(answer)
    except ValidationError as error:
        raise HttpProblem(422, "some fields are not acceptable", errors=problems(error, str)) from None
    _judge(item, answer, resolution)
    resolution = sealed_texts(resolution, await _texts(desk, item.referral_id))
    open_part, sealed = split(item.kind, resolution.model_dump(mode="json", exclude_unset=True))
    nurses = [each for name in ("nurse", "on_word_of") if isinstance(each := open_part.get(name), str)]
    known = [nurse for nurse in nurses if await desk.worklist.knows_nurse(nurse)]
    if "nurse" in open_part and open_part["nurse"] not in (None, *known):
        listed = [{"path": "nurse", "problem": "the roster has no nurse of this id"}]
        raise HttpProblem(422, "some fields are not acceptable", errors=listed)
    if wrong := [{"path": path, "problem": "not a value that we know"} for path in not_open(open_part, known)]:
        raise HttpProblem(422, "some fields are not acceptable", errors=wrong)
    return open_part, sealed


def _permitted_groups(
    actor: Actor, item: WorkItemView, open_part: dict[str, Any], sealed: dict[str, Any]
) -> frozenset[FactGroup]:
    """Whose facts the answer changes. Raises Problem 403 for an answer that this person may not give."""
    groups = groups_told(sealed)
    with forbidding():
        permit_answer(actor, item, open_part)
        permit_changes(actor, groups, standing_in=stands_in(actor, item))
    return groups


def _judge(item: WorkItemView, answer: dict[str, Any], resolution: Resolution) -> None:
    """By the item and the time; the workflow judges again, by all that it knows. Raises Problem 422."""
    if not item.is_open:  # the same answer again, by its key: its outcome is known
        return
    try:
        judge_content(item.as_asked, answer, resolution, ResolutionContext(), datetime.now(UTC))
    except Refused as refused:
        field, _, why = str(refused).partition(": ")
        raise HttpProblem(422, str(refused), errors=[{"path": field, "problem": why}]) from None


async def _texts(desk: AppContext, referral_id: str) -> TextSealer:
    try:
        async with transaction(desk.pool) as connection:
            return (await desk.vault.sealer(connection, referral_id)).texts
    except NoDataKey:
        raise HttpProblem(404, "there is no such referral any more") from None


async def _try_facts(desk: AppContext, referral_id: str, facts: dict[str, Any] | None) -> None:
    """Refuse facts that could not be applied later. Raises Problem 422."""
    known = await desk.facts(referral_id) if facts else None
    if known is None or not facts:
        return
    try:
        with_facts(known, facts, today=latest_today(datetime.now(UTC)))
    except ValidationError as error:
        listed = problems(error, lambda path: f"facts.{path}".rstrip("."))
        raise HttpProblem(422, "some facts are not acceptable", errors=listed) from None


def _require_free(item: WorkItemView, actor: Actor) -> None:
    """Raises Problem 409 for an item that is closed, or that somebody else has claimed."""
    if not item.is_open:
        raise HttpProblem(409, "the work item is not open any more", work_item=plain(item))
    theirs = item.state is WorkItemState.CLAIMED and item.assignee != actor.id
    if theirs and Role.SUPERVISOR not in actor.roles:
        raise HttpProblem(409, "somebody else has claimed the work item", work_item=plain(item))


async def _found(desk: AppContext, item_id: str) -> WorkItemView:
    item = await desk.worklist.get(item_id)
    if item is None:
        raise HttpProblem(404, "there is no such work item")
    return item


async def _or_why_not(desk: AppContext, item_id: str, doing: Awaitable[WorkItemView]) -> WorkItemView:
    """Raises Problem 403, 404 and 409."""
    try:
        return await doing
    except (LookupError, Refused, Conflict) as error:
        raise await _not_now(desk, item_id, error) from None


async def _not_now(desk: AppContext, item_id: str, error: Exception) -> HttpProblem:
    if isinstance(error, LookupError):
        return HttpProblem(404, "there is no such work item")
    if isinstance(error, Refused):
        return HttpProblem(403, str(error))
    return HttpProblem(409, str(error), work_item=plain(await _found(desk, item_id)))


@cache
def _schema(kind: WorkItemKind) -> dict[str, Any]:
    return OF_KIND[kind].model_json_schema()
