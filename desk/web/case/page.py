"""The page of a case: what it is about, what to do next, what it waits for, what is known, and what happened."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import Query
from starlette.responses import Response

from desk.web.acts.legal import legal_acts
from desk.web.case.actions import Action, actions_of
from desk.web.case.authorization import line_rows, other_remarks, requests_of
from desk.web.case.clinical import clinical_terms
from desk.web.case.contacts import contact_terms
from desk.web.case.coverage import cost_terms, coverage_terms
from desk.web.case.documents import documents_of
from desk.web.case.head import closed_head, head_of
from desk.web.case.reading import OpenCase, open_case, why_not_further
from desk.web.case.reference import named_id, named_row
from desk.web.case.story import story_of
from desk.web.case.visit import visit_terms
from desk.web.case.waiting import people, waits_of
from desk.web.item_forms.page_form import ItemFormView, item_form
from desk.web.notes import note_section
from desk.web.page import DeskPage, StaffPage
from desk.web.route import page_router
from firstdose.adapters.postgres.referrals.views import ReferralRow

router = page_router()

Skip = Annotated[int, Query(ge=0, le=100_000)]

_IN_PLACE: Final = 3
"""Forms on a page; the others are a page away."""
_ROWS: Final = 60
"""Technical rows on a page."""


@router.get("/referrals/{reference}")
async def case(
    reference: str,
    page: StaffPage,
    *,
    rows: Annotated[Literal["all", ""], Query()] = "",
    skip: Skip = 0,
    told: Skip = 0,
) -> Response:
    """By its id or its number. Who has no part in it sees what everybody may, and how to read it all the same.

    `skip` technical rows and `told` sentences are newer than what is shown.
    """
    referral_id = await named_id(page, reference)
    opened = await open_case(page, referral_id)
    if opened is None:
        return await _closed(page, await named_row(page, referral_id))
    return page.render(
        "case.html",
        case=opened,
        head=head_of(opened),
        **_work(page, opened),
        acts=await legal_acts(page, opened.view),
        notes=await note_section(page, UUID(opened.id)) if opened.facts else None,
        **_sections(opened),
        story=story_of(opened.timeline, opened.view.lines, page.zone, page.now, skip=told),
        rows=_rows(opened, skip) if rows else None,
        more=_older(opened, skip) if rows else None,
    )


async def _closed(page: DeskPage, row: ReferralRow) -> Response:
    waits = people(await why_not_further(page, row.id), page.actor)
    return page.render("case_closed.html", head=closed_head(row), waits=waits)


def _work(page: DeskPage, opened: OpenCase) -> dict[str, Any]:
    mine, others = actions_of(opened)
    return {"mine": mine, "others": others, "waits": waits_of(opened), "forms": _forms(page, opened, mine)}


def _forms(page: DeskPage, opened: OpenCase, mine: Iterable[Action]) -> Mapping[str, ItemFormView]:
    """Of the first items, by their ids; a nurse's visits have pages for the phone."""
    back = f"/referrals/{opened.id}"
    here = [action.item for action in mine if action.leads_to.startswith("/work-items/")]
    forms = (item_form(page, item, opened.facts, back=back) for item in here[:_IN_PLACE])
    return {form.item.id: form for form in forms if form is not None}


def _sections(opened: OpenCase) -> dict[str, Any]:
    facts = opened.facts
    return {
        "lines": line_rows(opened),
        "requests": requests_of(opened),
        "remarks": other_remarks(opened),
        "clinical": clinical_terms(opened),
        "coverage": coverage_terms(opened),
        "cost": cost_terms(opened),
        "contacts": contact_terms(opened),
        "documents": documents_of(facts.documents) if facts else (),
        "visit": visit_terms(opened),
    }


def _rows(opened: OpenCase, skip: int) -> list[Any]:
    """The technical rows, the newest first."""
    return list(reversed(opened.timeline))[skip : skip + _ROWS]


def _older(opened: OpenCase, skip: int) -> str | None:
    left = len(opened.timeline) > skip + _ROWS
    return f"/referrals/{opened.id}?rows=all&skip={skip + _ROWS}#rows" if left else None
