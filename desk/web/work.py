"""The worklist as a page: open work of one's roles, the first due first."""

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from desk.http.parameters import CursorText
from desk.http.problems import HttpProblem
from desk.http.work_items import ItemId
from desk.web.flash import Flash
from desk.web.page import WorkerPage
from desk.web.route import page_router
from firstdose.adapters.postgres.paging import BadCursor
from firstdose.domain.work.role import Role

router = page_router()


@router.get("/work")
async def work(page: WorkerPage, role: Annotated[Role | None, Query()] = None, cursor: CursorText = None) -> Response:
    """Open items of a role: one's first, unless another is asked for."""
    shown = role or page.actor.roles[0]
    wanted = None if shown is Role.SUPERVISOR and role is None else shown
    try:
        found = await page.desk.worklist.list(role=wanted, cursor=cursor)
    except BadCursor:
        raise HttpProblem(400) from None
    return page.render("work.html", items=found.items, cursor=found.cursor, role=wanted)


@router.post("/work/{item_id}/claim")
async def claim(item_id: ItemId, page: WorkerPage) -> Response:
    """Make it mine."""
    try:
        await page.desk.worklist.claim(item_id, page.actor)
    except LookupError:
        raise HttpProblem(404) from None
    return await page.done(page.address, Flash.CLAIMED)
