"""Visits for a nurse with a phone: offers to accept or decline, my visits, and the report of one."""

from datetime import timedelta
from typing import Any, Final

from starlette.responses import Response

from desk.http.item_bodies import ItemId
from desk.http.permits import permit_reading
from desk.http.problems import HttpProblem
from desk.web.answers import AnswerRefused, answer_item
from desk.web.forms import FormView
from desk.web.page import DeskPage, NursePage
from desk.web.route import page_router
from desk.web.visit_facts import VisitFacts, visit_facts
from desk.web.visit_forms import OFFER_FORM, REPORT_FORM, offer_answer, report_answer
from firstdose.adapters.postgres.staff.nurse_visits import NurseVisit
from firstdose.adapters.postgres.staff.work_items import WorkItemView
from firstdose.domain.care.visit import TAUGHT, ReportItem
from firstdose.domain.work.permissions import permit_item
from firstdose.domain.work.work_item import WorkItemKind

router = page_router()

HOME: Final = "/visits"
_SHOWN_AFTER: Final = timedelta(hours=24)
"""How long a visit stays on the list after it was due to begin."""


@router.get(HOME)
async def visits(page: NursePage) -> Response:
    offers = await page.desk.visits.offers(page.actor.id)
    held = await page.desk.visits.held(page.actor.id, since=page.now - _SHOWN_AFTER)
    return page.render(
        "visits.html",
        offers=[(offer, await visit_facts(page, offer.referral_id, offer.id)) for offer in offers],
        held=[(visit, await _of_held(page, visit)) for visit in held],
    )


@router.get("/visits/{item_id}")
async def visit(item_id: ItemId, page: NursePage) -> Response:
    """An offer to be answered, or a visit with its report."""
    item = await _mine(page, item_id)
    form = OFFER_FORM if item.kind is WorkItemKind.CONFIRM_VISIT else REPORT_FORM
    return _shown(page, item, await visit_facts(page, item.referral_id, item.id), page.form_view(form))


@router.post("/visits/{item_id}")
async def answer(item_id: ItemId, page: NursePage) -> Response:
    """Accept or decline an offer; report a visit."""
    item = await _mine(page, item_id)
    facts = await visit_facts(page, item.referral_id, item.id)
    read = offer_answer if item.kind is WorkItemKind.CONFIRM_VISIT else report_answer
    body, problems = read(page.form, facts.zone)
    if problems:
        return _shown(page, item, facts, page.refused(problems), 422)
    match await answer_item(page, item.id, body):
        case AnswerRefused(form, status):
            return _shown(page, item, facts, form, status)
        case said:
            return await page.done(HOME, said)


def _shown(page: DeskPage, item: WorkItemView, facts: VisitFacts, form: FormView, status: int = 200) -> Response:
    content: dict[str, Any] = {"item": item, "facts": facts, "form": form}
    if item.kind is WorkItemKind.CONFIRM_VISIT:
        return page.render("visit_offer.html", status=status, **content)
    return page.render("visit_report.html", status=status, **content, reported=tuple(ReportItem), taught=TAUGHT)


async def _of_held(page: DeskPage, visit: NurseVisit) -> VisitFacts:
    return await visit_facts(page, visit.referral_id, visit.report)


async def _mine(page: DeskPage, item_id: str) -> WorkItemView:
    """The visit's work item, if it is this nurse's. Raises Problem 403 and 404, and Refused."""
    item = await page.desk.worklist.get(item_id)
    if item is None or item.kind not in (WorkItemKind.CONFIRM_VISIT, WorkItemKind.REPORT_VISIT):
        raise HttpProblem(404)
    permit_item(page.actor, item)
    if item.kind is WorkItemKind.REPORT_VISIT:
        await permit_reading(page.desk, page.actor, item.referral_id)
    return item
