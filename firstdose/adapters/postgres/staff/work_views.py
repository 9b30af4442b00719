"""The views of the worklist: which work each shows to whom, and what a row of it has."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from firstdose.domain.authorization.lines import LineState
from firstdose.domain.referral.facts import DeidentifiedFacts
from firstdose.domain.work.reasons import HoldReason
from firstdose.domain.work.role import Role
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.work_item import WorkItemKind


class WorkView(StrEnum):
    """A saved view. `start` is what a person begins with: theirs, and what nobody has yet of their roles."""

    START = "start"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    ROLE = "role"
    ALL = "all"
    OVERDUE = "overdue"
    DUE_TODAY = "due_today"
    EXPIRING = "expiring"
    WAITING = "waiting"


BY_REFERRAL: Final = frozenset({WorkView.EXPIRING, WorkView.WAITING})
"""Views of referrals, whether somebody has work with them or not. Their order is their own."""
OF_EVERYBODY: Final = BY_REFERRAL | {WorkView.ALL}
"""Views that show more than the work of one's own roles."""


class WorkSort(StrEnum):
    """The order of work: the first due first, the last due first, the longest open first, the most urgent first."""

    DUE = "due"
    DUE_LAST = "due_last"
    AGE = "age"
    URGENCY = "urgency"


class WorkQuery(BaseModel):
    """Which work, in which order.

    `day_ends` is when today ends where the reader is; `waiting_for` is for the view `waiting`.
    """

    model_config = ConfigDict(frozen=True)

    view: WorkView = WorkView.START
    reader: str
    roles: frozenset[Role]
    day_ends: datetime
    waiting_for: str = "payer"
    role: Role | None = None
    payer: str | None = None
    stage: Stage | None = None
    therapy: str | None = None
    sort: WorkSort = WorkSort.DUE


class HoldShown(BaseModel):
    """Why a referral is on hold, and until when; without `until` somebody ends it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    reason: HoldReason
    until: datetime | None = None


class Authorized(BaseModel):
    """What an approved line of the drug still allows: units of its code. None used a unit before the first visit."""

    model_config = ConfigDict(frozen=True)

    code: str
    units: int


class WorkRow(BaseModel):
    """A row: an open work item, or a referral without one. Codes, dates and initials."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    referral_id: str
    number: str
    initials: str | None = Field(default=None, repr=False)
    outline: DeidentifiedFacts
    stage: Stage
    closing: Closing | None
    authorization: LineState
    authorization_number: str | None = Field(default=None, repr=False)
    authorization_ends: date | None = None
    authorized: Authorized | None = None
    on_hold: bool
    hold: HoldShown | None = None
    discharge_at: datetime | None = Field(default=None, repr=False)
    waiting_for: tuple[str, ...]
    created_at: datetime
    item: str | None = None
    kind: WorkItemKind | None = None
    role: Role | None = None
    assignee: str | None = None
    opened_at: datetime | None = None
    due_at: datetime | None = None
    level: int | None = None
    asks: dict[str, Any] | None = None
    attempt: int | None = None
    """Which call to the patient this is, of `attempts`."""
    attempts: int | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The paths of the facts that some step waits for."""
        return tuple(dict.fromkeys(path for paths in self.outline.missing.values() for path in paths))

    def without_patient(self) -> "WorkRow":
        """For somebody who may do the work and not learn whom it is about."""
        hidden = {"initials": None, "authorization_number": None, "discharge_at": None}
        return self.model_copy(update=hidden)


class WorkCounts(BaseModel):
    """How much there is in a view, up to a thousand and one."""

    model_config = ConfigDict(frozen=True)

    counts: dict[WorkView, int]


def parts_of(query: WorkQuery, view: WorkView, now: datetime) -> Iterable[dict[str, Any]]:
    """The lists that a view is merged from: each has an index."""
    nothing = {"role": None, "assignee": None, "unassigned": False, "due_before": None}
    roles = [query.role] if query.role else sorted(query.roles)
    each_role = [{**nothing, "role": role} for role in roles]
    mine = {**nothing, "assignee": query.reader}
    unassigned = [{**part, "unassigned": True} for part in each_role]
    match view:
        case WorkView.START:
            return [mine, *unassigned]
        case WorkView.MINE:
            return [mine]
        case WorkView.UNASSIGNED:
            return unassigned
        case WorkView.OVERDUE:
            return [{**part, "due_before": now} for part in each_role]
        case WorkView.DUE_TODAY:
            return [{**part, "due_before": query.day_ends} for part in each_role]
        case WorkView.ROLE:
            return each_role
        case _:
            return [{**nothing, "role": query.role}]
