"""A work item as a page: what is asked in words, who has it, and the form that answers it."""

from typing import Annotated, Any, Final

from fastapi import Query
from starlette.responses import Response

from desk.http.item_bodies import ItemId
from desk.http.item_facts import item_facts, sent_instead
from desk.http.problems import HttpProblem
from desk.http.work_items import release
from desk.web.addresses import safe_address
from desk.web.answers import AnswerRefused, answer_item
from desk.web.flash import Flash
from desk.web.forms import FormView
from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.asked_words import asked_facts
from desk.web.item_forms.page_form import item_form
from desk.web.item_forms.problem_places import beside_inputs
from desk.web.item_forms.reading import read_item_form
from desk.web.item_forms.scripts import SCRIPTS
from desk.web.page import DeskPage, WorkerPage
from desk.web.route import page_router
from desk.web.visit_facts import VisitFacts, visit_facts
from firstdose.adapters.postgres.staff.work_items import WorkItemView
from firstdose.domain.work.permissions import permit_item
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import WorkItemKind, WorkItemState

router = page_router()

_WORK: Final = "/work"
Back = Annotated[str | None, Query(max_length=1000)]


@router.get("/work-items/{item_id}")
async def work_item(item_id: ItemId, page: WorkerPage, back: Back = None) -> Response:
    """What is asked, and the form. `back` is the page to go to afterwards."""
    item = await _theirs(page, item_id)
    return await _shown(page, item, await _case(page, item), back=safe_address(back) if back else _WORK)


@router.post("/work-items/{item_id}")
async def answer(item_id: ItemId, page: WorkerPage) -> Response:
    """The answer. What cannot be taken comes back with all that was typed. An override wants a recent sign-in."""
    item = await _theirs(page, item_id)
    if item.kind is WorkItemKind.APPROVE_OVERRIDE:
        await page.require_recent_sign_in()
    case = await _case(page, item)
    asked = _asked(page, item, case)
    back = safe_address(page.form.one("back") or _WORK)
    read = read_item_form(asked, page.form)
    if read.problems:
        return await _shown(page, item, case, back=back, posted=page.refused(read.problems), status=422)
    match await answer_item(page, item.id, read.answer, beside_inputs(read.names, asked.patient_zone, page.now)):
        case AnswerRefused(form, status):
            return await _shown(page, await _theirs(page, item_id), case, back=back, posted=form, status=status)
        case said:
            return await page.done(back, said)


@router.post("/work-items/{item_id}/release")
async def give_back(item_id: ItemId, page: WorkerPage) -> Response:
    """Give it back to everybody of its role."""
    await release(item_id, page.desk, page.actor)
    return await page.done(page.address, Flash.RELEASED)


async def _shown(
    page: DeskPage,
    item: WorkItemView,
    case: VisitFacts,
    *,
    back: str,
    posted: FormView | None = None,
    status: int = 200,
) -> Response:
    content: dict[str, Any] = {
        "item": item,
        "case": case,
        "asked": asked_facts(_asked(page, item, case), page.now),
        "shown": await item_facts(page.desk, page.actor, item),
        "came": await sent_instead(page.desk, page.actor, item) if item.is_open else None,
        "script": SCRIPTS.get(item.kind, ()),
        "others": item.state is WorkItemState.CLAIMED and item.assignee != page.actor.id,
        "may_stand_in": Role.SUPERVISOR in page.actor.roles,
        "made": item_form(page, item, case.referral, posted, back=back) if item.is_open or posted else None,
    }
    return page.render("work_item.html", status=status, **content)


def _asked(page: DeskPage, item: WorkItemView, case: VisitFacts) -> AskedItem:
    return AskedItem(item=item, actor=page.actor, zone=page.zone, referral=case.referral)


async def _case(page: DeskPage, item: WorkItemView) -> VisitFacts:
    """What is known of the referral, as far as this person may read it; of an offer the template shows the area."""
    offer = item.kind is WorkItemKind.CONFIRM_VISIT
    if offer or await page.desk.access.may_read(page.actor, item.referral_id):
        return await visit_facts(page, item.referral_id, item.id)
    return VisitFacts(zone=page.zone, referral=None)


async def _theirs(page: DeskPage, item_id: str) -> WorkItemView:
    """The item, if it is this person's to do. Raises Problem 404, and Refused."""
    item = await page.desk.worklist.get(item_id)
    if item is None:
        raise HttpProblem(404)
    permit_item(page.actor, item)
    return item
