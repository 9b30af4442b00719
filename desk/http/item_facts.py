"""What a work item shows of the facts to whoever may read them; the workflow has neither texts nor numbers of these."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from desk.http.app_context import AppContext
from desk.http.identity import may_see_facts
from firstdose.adapters.postgres.referrals.remark_view import RemarkView
from firstdose.adapters.postgres.staff.work_items import WorkItemView
from firstdose.domain.payer.document_words import DocumentInWords, documents_in_words
from firstdose.domain.referral.open_question import OpenQuestion, open_questions
from firstdose.domain.work.role import Actor
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.work_item import POSSIBLE_DUPLICATE, WorkItemKind

_READ: Final = "item_facts_read"


class AlikeReferral(BaseModel):
    """One of two referrals that may be the same order; `number` is its source's number for it."""

    model_config = ConfigDict(hide_input_in_errors=True)

    referral_id: UUID
    source: str
    number: str | None = Field(repr=False)
    received_at: datetime
    stage: Stage
    closing: Closing | None
    drugs: tuple[str, ...] = Field(repr=False)
    requested_start: date | None = Field(repr=False)


class ItemFacts(BaseModel):
    """`questions` are about the facts that the item asks for; `alike` are this referral and the other one.

    `wanted` are the documents that the payer asks for, `remarks` what it said in the answers that the item rests on.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    questions: tuple[OpenQuestion, ...] = ()
    alike: tuple[AlikeReferral, ...] = ()
    wanted: tuple[DocumentInWords, ...] = Field(default=(), repr=False)
    remarks: tuple[RemarkView, ...] = Field(default=(), repr=False)


async def item_facts(desk: AppContext, actor: Actor, item: WorkItemView) -> ItemFacts:
    """Empty for whom facts are not shown. That somebody saw them is audited, in each referral that they saw."""
    if not (may_see_facts(actor) and item.is_open):
        return ItemFacts()
    if item.kind is WorkItemKind.COMPLETE_REFERRAL:
        return ItemFacts(questions=await _questions(desk, actor, item))
    if item.asks.get("reason") == POSSIBLE_DUPLICATE:
        both = [await _alike(desk, actor, item, each) for each in (item.referral_id, item.asks.get("other"))]
        return ItemFacts(alike=tuple(one for one in both if one))
    wanted = documents_in_words(item.asks.get("wanted") or ())
    return ItemFacts(wanted=wanted, remarks=await _remarks(desk, actor, item))


async def _remarks(desk: AppContext, actor: Actor, item: WorkItemView) -> tuple[RemarkView, ...]:
    """Those about other lines than the item's are left out."""
    if item.kind is WorkItemKind.REVIEW_BENEFITS:
        said = await desk.payer_words.remarks_on_coverage(item.referral_id)
    else:
        contacts, problem = item.asks.get("contacts", ()), item.asks.get("problem")
        said = await desk.payer_words.remarks(item.referral_id, contacts, problem=problem)
    lines = {line.get("sequence") for line in item.asks.get("lines") or ()}
    remarks = tuple(one for one in said if one.line is None or not lines or one.line in lines)
    if remarks:
        await desk.note(actor, _READ, {"item": item.id}, chain=item.referral_id)
    return remarks


async def _questions(desk: AppContext, actor: Actor, item: WorkItemView) -> tuple[OpenQuestion, ...]:
    facts = await desk.facts(item.referral_id)
    questions = open_questions(facts, item.asks.get("missing", ())) if facts else ()
    if questions:
        await desk.note(actor, _READ, {"item": item.id}, chain=item.referral_id)
    return questions


async def _alike(desk: AppContext, actor: Actor, item: WorkItemView, referral_id: Any) -> AlikeReferral | None:
    found = await desk.referrals.get(str(referral_id))
    if found is None:
        return None
    row, facts = found.standing, found.facts
    if facts:
        await desk.note(actor, _READ, {"item": item.id}, chain=str(row.id))
    order = facts.order if facts else None
    names = (one.drug.name for one in order.medications) if order else ()
    return AlikeReferral(
        referral_id=UUID(str(row.id)),
        source=row.source,
        number=facts.source_referral_id if facts else None,
        received_at=row.created_at,
        stage=row.stage,
        closing=row.closing,
        drugs=tuple(name for name in names if name),
        requested_start=order.requested_start if order else None,
    )
