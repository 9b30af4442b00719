"""What people see of a referral: rows of the list, the whole, what happened, and why it is not further."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from firstdose.adapters.postgres.work_items import WorkItemView
from firstdose.domain.authorization import Line, LineState
from firstdose.domain.facts import Blocks, Outline
from firstdose.domain.referral import Referral
from firstdose.domain.role import Role
from firstdose.domain.stage import Closing, Stage
from firstdose.domain.work_item import WorkItemKind

_SECOND = timedelta(seconds=1)


class View(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class ReferralRow(View):
    """A referral in the list: codes and dates only. `authorization` is the word for all its lines."""

    id: str
    source: str
    outline: Outline
    stage: Stage
    closing: Closing | None
    authorization: LineState
    waiting_for: tuple[str, ...]
    next_due: datetime | None
    on_hold: bool
    visit_at: datetime | None
    blocked_by: tuple[str, ...]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "ReferralRow":
        return cls.model_validate(dict(row))


class ReferralView(View):
    """One referral. `facts` is PHI, and None once it was shredded."""

    standing: ReferralRow
    revision: int
    lines: tuple[Line, ...]
    work_items: tuple[WorkItemView, ...]
    team: dict[Role, str]
    facts: Referral | None = Field(repr=False)


class TimelineEntry(View):
    """Something that happened. `what` is a code such as `work_item.opened`; `note` is what a person wrote: PHI."""

    at: datetime
    what: str
    actor: str | None = None
    details: dict[str, Any] = Field(default_factory=dict)
    note: str | None = Field(default=None, repr=False)


class Blocker(View):
    """An open work item, whose it is, and when it is escalated next (None: never again)."""

    item: str
    kind: WorkItemKind
    role: Role
    assignee: str | None
    due_at: datetime
    overdue_by: timedelta | None
    level: int
    escalates_at: datetime | None

    @classmethod
    def of(cls, item: WorkItemView, now: datetime, escalates_at: datetime | None) -> "Blocker":
        return cls(
            item=item.id,
            kind=item.kind,
            role=item.role,
            assignee=item.assignee,
            due_at=item.due_at,
            overdue_by=timedelta(seconds=(now - item.due_at) // _SECOND) if now > item.due_at else None,
            level=item.level,
            escalates_at=escalates_at,
        )


class Running(View):
    """The payer's clock: by which rule, until when."""

    rule: str | None
    due_at: datetime | None


class PayerWait(View):
    """The request that the payer has."""

    contact: str
    payer: str
    since: datetime
    clock: Running


class Why(View):
    """What keeps the referral where it is. `closed_gates` as the process last saw them; `missing` by what it blocks."""

    stage: Stage
    on_hold: bool
    waiting_for: tuple[str, ...]
    next_due: datetime | None
    work_items: tuple[Blocker, ...]
    payer: PayerWait | None
    closed_gates: tuple[str, ...]
    missing: dict[Blocks, tuple[str, ...]]
