"""What a person gets of the worklist, for the page, the API and the command line: by their roles, and audited."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

from desk.http.app_context import AppContext
from desk.http.problems import HttpProblem
from firstdose.adapters.postgres.paging import BadCursor, Page
from firstdose.adapters.postgres.staff.work_views import OF_EVERYBODY, WorkQuery, WorkRow, WorkSort, WorkView
from firstdose.domain.referral.order import TherapyKind
from firstdose.domain.work.journal import WaitingFor
from firstdose.domain.work.permissions import WORKING, Act, may
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.stage import Stage

_LONGEST: Final = 200

Payer = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80, pattern=r"^[^\x00-\x1f]*$")]


class WorkFilters(BaseModel):
    """A view of the work and what it is narrowed to. `role` narrows a view to one role, else it is all of the reader's.

    Views of referrals, `expiring` and `waiting`, have no other filter and an order of their own.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    view: WorkView = WorkView.START
    waiting_for: Role | WaitingFor = WaitingFor.PAYER
    role: Role | None = None
    payer: Payer | None = None
    stage: Stage | None = None
    therapy: TherapyKind | None = None
    sort: WorkSort = WorkSort.DUE

    def permit(self, actor: Actor) -> None:
        """Raises Problem 403 for a view of others' work."""
        if may(actor, Act.SEE_PATIENTS):
            return
        if self.view in OF_EVERYBODY or self.role not in (None, Role.NURSE):
            raise HttpProblem(403, "This view is not for your role.")

    def query(self, desk: AppContext, actor: Actor, now: datetime) -> WorkQuery:
        """Today ends where the staff are."""
        tomorrow = now.astimezone(desk.web.zone).date() + timedelta(days=1)
        narrowed = {"view", "waiting_for", "role", "payer", "stage", "therapy", "sort"}
        return WorkQuery(
            reader=actor.id,
            roles=frozenset(actor.roles) & WORKING,
            day_ends=datetime.combine(tomorrow, time(), desk.web.zone),
            **self.model_dump(include=narrowed),
        )


async def work_page(
    desk: AppContext, actor: Actor, filters: WorkFilters, cursor: str | None, limit: int = 50
) -> Page[WorkRow]:
    """Raises Problem 400 for a cursor of another list, and 403."""
    filters.permit(actor)
    try:
        found = await desk.work.page(filters.query(desk, actor, datetime.now(UTC)), cursor, limit)
    except BadCursor:
        raise HttpProblem(400, "this is no cursor of this list") from None
    return found.model_copy(update={"items": tuple(_shown(actor, row) for row in found.items)})


async def work_counts(desk: AppContext, actor: Actor, filters: WorkFilters) -> Mapping[WorkView, int]:
    """How much there is in each view that is counted and that this person sees."""
    counted = await desk.work.counts(filters.query(desk, actor, datetime.now(UTC)))
    return {view: number for view, number in counted.counts.items() if view in views_of(actor)}


def views_of(actor: Actor) -> tuple[WorkView, ...]:
    return tuple(view for view in WorkView if view not in OF_EVERYBODY or may(actor, Act.SEE_PATIENTS))


def may_be_searched(text: str) -> bool:
    return len(text.strip()) > 0 and len(text) <= _LONGEST and text.isprintable()


async def find_work(desk: AppContext, actor: Actor, text: str) -> tuple[WorkRow, ...]:
    """The referrals that a caller or a number names; that somebody looked is audited. Raises Problem 403."""
    if not may(actor, Act.SEE_PATIENTS):
        raise HttpProblem(403, "Your roles do not search for patients.")
    rows = await desk.work.find(text)
    await desk.note(actor, "work_searched", {"found": len(rows)})
    return rows


def _shown(actor: Actor, row: WorkRow) -> WorkRow:
    return row if may(actor, Act.SEE_PATIENTS) else row.without_patient()
