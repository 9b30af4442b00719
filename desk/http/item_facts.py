"""What a work item shows of the facts to whoever may read them; the workflow has neither texts nor numbers of these."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from desk.http.app_context import AppContext
from firstdose.adapters.postgres.payers.set_aside import UnreadableShown
from firstdose.adapters.postgres.referrals.remark_view import RemarkView
from firstdose.adapters.postgres.staff.work_items import WorkItemView
from firstdose.domain.authorization.answer_match import FOREIGN
from firstdose.domain.payer.document_words import DocumentInWords, documents_in_words
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.open_question import OpenQuestion, open_questions
from firstdose.domain.referral.referral import Referral
from firstdose.domain.work.permissions import may_do
from firstdose.domain.work.role import Actor
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.work_item import POSSIBLE_DUPLICATE, WorkItemKind

_NO_ANSWER: Final = (ProblemCode.UNREADABLE_ANSWER, ProblemCode.PAYER_REFUSED_REQUEST, *FOREIGN)
"""Problems with a stored response that can be shown: what came instead of an answer."""
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


class OfferedVisit(BaseModel):
    """What a nurse decides by: the area, the drugs, for how long, and from when on."""

    model_config = ConfigDict(hide_input_in_errors=True)

    area: str | None = Field(repr=False)
    """The city and state, with the first three digits of the ZIP code."""
    drugs: tuple[str, ...] = Field(repr=False)
    duration_days: int | None
    requested_start: date | None
    discharge_at: datetime | None

    @classmethod
    def of(cls, referral: Referral) -> "OfferedVisit":
        address, order = referral.patient.address, referral.order
        place = ", ".join(filter(None, (address.city, address.state)))
        area = " ".join(filter(None, (place, (address.postal_code or "")[:3])))
        return cls(
            area=area or None,
            drugs=tuple(one.drug.name for one in order.medications if one.drug.name),
            duration_days=order.longest_days,
            requested_start=order.requested_start,
            discharge_at=referral.discharge_at,
        )


class ItemFacts(BaseModel):
    """`questions` are about the facts that the item asks for; `alike` are this referral and the other one.

    `wanted` are the documents that the payer asks for, `remarks` what it said in the answers that the item rests on.
    `offer` is all that a nurse sees of the patient before the visit is accepted.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    offer: OfferedVisit | None = Field(default=None, repr=False)
    questions: tuple[OpenQuestion, ...] = ()
    alike: tuple[AlikeReferral, ...] = ()
    wanted: tuple[DocumentInWords, ...] = Field(default=(), repr=False)
    remarks: tuple[RemarkView, ...] = Field(default=(), repr=False)


async def item_facts(desk: AppContext, actor: Actor, item: WorkItemView) -> ItemFacts:
    """Empty for whom facts are not shown. That somebody saw them is audited, in each referral that they saw."""
    if not item.is_open:
        return ItemFacts()
    if item.kind is WorkItemKind.CONFIRM_VISIT:
        return ItemFacts(offer=await _offer(desk, actor, item)) if may_do(actor, item) else ItemFacts()
    if not await desk.access.may_read(actor, item.referral_id):
        return ItemFacts()
    if item.kind is WorkItemKind.COMPLETE_REFERRAL:
        return ItemFacts(questions=await _questions(desk, actor, item))
    if item.asks.get("reason") == POSSIBLE_DUPLICATE:
        both = [await _alike(desk, actor, item, each) for each in (item.referral_id, item.asks.get("other"))]
        return ItemFacts(alike=tuple(one for one in both if one))
    wanted = documents_in_words(item.asks.get("wanted") or ())
    return ItemFacts(wanted=wanted, remarks=await _remarks(desk, actor, item))


async def sent_instead(desk: AppContext, actor: Actor, item: WorkItemView) -> UnreadableShown | None:
    """What a payer sent that is no answer, where the item is about that."""
    unclear = item.asks.get("problem") in _NO_ANSWER and await desk.access.may_read(actor, item.referral_id)
    return await desk.contacts.unreadable(item.referral_id) if unclear else None


async def _offer(desk: AppContext, actor: Actor, item: WorkItemView) -> OfferedVisit | None:
    facts = await desk.facts(item.referral_id)
    if facts is None:
        return None
    await desk.note(actor, _READ, {"item": item.id}, chain=item.referral_id)
    return OfferedVisit.of(facts)


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
