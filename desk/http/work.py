"""The worklist as staff see it on `/work`: the same views, filters, counts and search, for programs."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from desk.http.app_context import Context
from desk.http.identity import Worker
from desk.http.parameters import CursorText, Limit
from desk.http.problems import HttpProblem
from desk.http.work_reading import WorkFilters, find_work, may_be_searched, work_counts, work_page
from firstdose.adapters.postgres.paging import Page
from firstdose.adapters.postgres.staff.work_views import WorkRow, WorkView

router = APIRouter(prefix="/api/work", tags=["work"])


class WorkFilter(WorkFilters):
    """The query of `GET /api/work`."""

    cursor: CursorText = None
    limit: Limit = 50


class WorkSearch(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    q: str = Field(max_length=200)
    """A number, an id or its beginning, the source's number; name and birth date, a phone, or a member id."""


@router.get("")
async def list_work(desk: Context, actor: Worker, filters: Annotated[WorkFilter, Query()]) -> Page[WorkRow]:
    """A view of the work: what is mine, and what nobody has yet of my roles, unless another is asked for."""
    return await work_page(desk, actor, filters, filters.cursor, filters.limit)


@router.get("/counts")
async def count_work(desk: Context, actor: Worker) -> dict[WorkView, int]:
    """How much there is in each view, up to 1,001; in views of roles, of all of mine."""
    return dict(await work_counts(desk, actor, WorkFilters()))


@router.post("/search")
async def search_work(body: WorkSearch, desk: Context, actor: Worker) -> list[WorkRow]:
    """Find a referral or a caller. Posted, so that whom somebody looks for stands in no address; it is audited."""
    if not may_be_searched(body.q):
        problem = {"path": "q", "problem": "what to look for, in printable characters"}
        raise HttpProblem(422, "nothing can be looked for", errors=[problem])
    return list(await find_work(desk, actor, body.q))
