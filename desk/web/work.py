"""The worklist as a page: views with their counts, filters in the address, search, and acts on one item or several."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.responses import Response

from desk.http.item_bodies import ItemId
from desk.http.problems import HttpProblem
from desk.http.work_reading import find_work, may_be_searched, work_counts, work_page
from desk.web.flash import Flash
from desk.web.forms import FormView
from desk.web.page import DeskPage, WorkerPage
from desk.web.route import page_router
from desk.web.words import words
from desk.web.work_acts import do_with_work
from desk.web.work_address import PATH, WorkAddress
from firstdose.adapters.postgres.staff.work_views import WorkRow
from firstdose.domain.referral.order import TherapyKind
from firstdose.domain.work.journal import WaitingFor
from firstdose.domain.work.permissions import WORKING, Act, may
from firstdose.domain.work.role import Role
from firstdose.domain.work.stage import Stage
from firstdose.domain.work.work_item import WorkItemKind

router = page_router()

_VISITS: Final = (WorkItemKind.CONFIRM_VISIT, WorkItemKind.REPORT_VISIT)
_WORKING: Final = tuple(role for role in Role if role in WORKING)
_CHOICES: Final[Mapping[str, Any]] = {
    "roles": [(role, words(role)) for role in _WORKING],
    "acts": [("take", "Take it"), ("assign", "Give it to somebody"), ("snooze", "Snooze it")],
    "stages": [(stage, words(stage)) for stage in Stage],
    "therapies": [(kind, words(kind)) for kind in TherapyKind],
    "whom": [(each, words(each)) for each in (*WaitingFor, *_WORKING)],
}


@router.get(PATH)
async def work(page: WorkerPage) -> Response:
    """A view of the work: what is mine, and what nobody has yet of my roles, unless another is asked for."""
    return await _listed(page, page.form_view("acts"))


@router.post("/work/acts")
async def act(page: WorkerPage) -> Response:
    """Take, assign or snooze what was chosen."""
    match await do_with_work(page):
        case dict() as wrong:
            return await _listed(page, page.refused(wrong), 409 if wrong.keys() == {""} else 422)
        case done:
            return await page.done(page.address, done)


@router.post("/work/{item_id}/claim")
async def claim(item_id: ItemId, page: WorkerPage) -> Response:
    """Make it mine."""
    try:
        await page.desk.worklist.claim(item_id, page.actor)
    except LookupError:
        raise HttpProblem(404) from None
    return await page.done(page.address, Flash.CLAIMED)


@router.post("/work/search")
async def search(page: WorkerPage) -> Response:
    """Posted, so that whom somebody looks for stands in no address. That they looked is audited."""
    text = page.form.one("q")
    if not may_be_searched(text):
        return await _listed(page, page.form_view("acts"), 422, page.refused({"q": "Enter what to look for."}))
    rows = await find_work(page.desk, page.actor, text)
    found: dict[str, Any] = {"form": page.form_view("acts"), "search": page.refused({}), "more": None, "sorts": {}}
    return await _shown(page, WorkAddress.of(page), rows, **found)


async def _listed(page: DeskPage, form: FormView, status: int = 200, search: FormView | None = None) -> Response:
    address = WorkAddress.of(page)
    found = await work_page(page.desk, page.actor, address, address.cursor)
    more = address.after(found.cursor) if found.cursor else None
    search = search or page.form_view("search")
    listed: dict[str, Any] = {"form": form, "search": search, "more": more, "sorts": address.sorts()}
    return await _shown(page, address, found.items, status=status, **listed)


async def _shown(
    page: DeskPage, address: WorkAddress, rows: Sequence[WorkRow], *, status: int = 200, **content: Any
) -> Response:
    known, day_ends = may(page.actor, Act.SEE_PATIENTS), address.query(page.desk, page.actor, page.now).day_ends
    counts = await work_counts(page.desk, page.actor, address)
    return page.render(
        "work.html",
        status=status,
        address=address,
        filters=FormView(name="filters", values=_as_values(address)),
        views=tuple(address.views(page.actor, counts)),
        rows=[(row, _leads_to(page, row)) for row in rows],
        known=known,
        day_ends=day_ends,
        today=page.now.astimezone(page.zone).date(),
        **_CHOICES,
        **content,
    )


def _as_values(address: WorkAddress) -> dict[str, tuple[str, ...]]:
    return {name: (str(value),) for name, value in address.model_dump(mode="json", exclude_none=True).items()}


def _leads_to(page: DeskPage, row: WorkRow) -> str:
    """The case; for a nurse the visit."""
    if row.kind in _VISITS and Role.NURSE in page.actor.roles:
        return f"/visits/{row.item}"
    return f"/referrals/{row.referral_id}"
