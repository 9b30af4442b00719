"""Visits for a nurse with a phone: offers to accept or decline, my visits, and the report of one."""

from datetime import timedelta
from typing import Final

from starlette.responses import Response

from desk.http.item_bodies import ItemId
from desk.http.permits import permit_reading
from desk.http.problems import HttpProblem
from desk.web.item_forms.page_form import item_form
from desk.web.page import DeskPage, NursePage
from desk.web.route import page_router
from desk.web.visit_facts import VisitFacts, visit_facts
from firstdose.adapters.postgres.staff.nurse_visits import NurseVisit
from firstdose.adapters.postgres.staff.work_items import WorkItemView
from firstdose.domain.work.permissions import permit_item
from firstdose.domain.work.work_item import WorkItemKind

router = page_router()

HOME: Final = "/visits"
_TEMPLATES: Final = {
    WorkItemKind.CONFIRM_VISIT: "visit_offer.html",
    WorkItemKind.REPORT_VISIT: "visit_report.html",
}
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
    """An offer to be answered, or a visit with its report: the form is that of the work item."""
    item = await _mine(page, item_id)
    facts = await visit_facts(page, item.referral_id, item.id)
    made = item_form(page, item, facts.referral, back=HOME)
    return page.render(_TEMPLATES[item.kind], item=item, facts=facts, made=made)


async def _of_held(page: DeskPage, visit: NurseVisit) -> VisitFacts:
    return await visit_facts(page, visit.referral_id, visit.report)


async def _mine(page: DeskPage, item_id: str) -> WorkItemView:
    """The visit's work item, if it is this nurse's. Raises Problem 403 and 404, and Refused."""
    item = await page.desk.worklist.get(item_id)
    if item is None or item.kind not in _TEMPLATES:
        raise HttpProblem(404)
    permit_item(page.actor, item)
    if item.kind is WorkItemKind.REPORT_VISIT:
        await permit_reading(page.desk, page.actor, item.referral_id)
    return item
