"""The journal: what a workflow tells the store, entry by entry, to be recorded once and in order.

Each entry becomes an audit record; some also move a work item, tell the source or hand over to billing. Entries carry
codes, ids and dates. What a person wrote stays in the store, found by `message_id`.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from firstdose.domain.authorization.lines import Line
from firstdose.domain.payer.channel import Plan
from firstdose.domain.referral.facts import DeidentifiedFacts
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.role import SYSTEM, Actor, Role
from firstdose.domain.work.stage import Closing, Milestone, Stage
from firstdose.domain.work.work_item import WorkItem, WorkItemKind


class Entry(BaseModel):
    """One thing that happened in a referral: who and why; what and when are the subclass's and the journal's."""

    model_config = ConfigDict(frozen=True)

    key: str = ""
    """What this entry is, whatever else happens beside it: the same key again is the same entry, recorded once."""
    at: datetime
    actor: Actor = SYSTEM
    message_id: str | None = None
    """The stored message that caused it, whose sealed part (facts, notes, a revision) belongs to it."""


class Opened(Entry):
    type: Literal["opened"] = "opened"
    item: WorkItem


class Resolved(Entry):
    type: Literal["resolved"] = "resolved"
    item_id: str
    kind: WorkItemKind | None = None
    resolution: dict[str, Any]


class Withdrawn(Entry):
    type: Literal["withdrawn"] = "withdrawn"
    item_id: str
    why: str


class Escalated(Entry):
    type: Literal["escalated"] = "escalated"
    item_id: str
    level: int


class Told(Entry):
    """The referral source is told a milestone."""

    type: Literal["told"] = "told"
    milestone: Milestone
    visit_at: datetime | None = None


class Amended(Entry):
    """The source or a person sent a new version of the facts, kept under `message_id`."""

    type: Literal["amended"] = "amended"


class HandedOver(Entry):
    """Billing gets a claim-ready record for each line."""

    type: Literal["handed_over"] = "handed_over"
    lines: tuple[Line, ...]
    served_on: datetime


class Noted(Entry):
    """Anything else worth an audit record: a hold, an override, a payer's answer, a compensation."""

    type: Literal["noted"] = "noted"
    action: str
    details: dict[str, Any] = Field(default_factory=dict)


AnyEntry = Annotated[
    Opened | Resolved | Withdrawn | Escalated | Told | Amended | HandedOver | Noted, Field(discriminator="type")
]


class WaitingFor(StrEnum):
    """Who is waited for besides the roles."""

    PAYER = "payer"
    PATIENT = "patient"
    PRESCRIBER = "prescriber"
    SYSTEM = "system"
    """Something of ours does not work: the store cannot be written, or an activity keeps failing."""


class ReferralSnapshot(BaseModel):
    """Where the referral stands, for the worklist, the list of referrals and the search attributes."""

    model_config = ConfigDict(frozen=True)

    stage: Stage = Stage.INTAKE
    closing: Closing | None = None
    lines: tuple[Line, ...] = ()
    waiting_for: tuple[Role | WaitingFor, ...] = ()
    next_due: datetime | None = None
    on_hold: bool = False
    visit_at: datetime | None = None
    blocked_by: tuple[str, ...] = ()


class RunPoint(BaseModel):
    """Which run of the workflow speaks, and how many events its history had when the workflow task began.

    A later word of the same run has at least as many; fewer come from an older copy of Temporal's state.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str = ""
    events: int = 0


class Batch(BaseModel):
    """Entries that belong together, where the referral stands after them, and the state to start again from."""

    model_config = ConfigDict(frozen=True)

    referral_id: str
    entries: tuple[AnyEntry, ...]
    standing: ReferralSnapshot
    number: int = 0
    """How many batches this workflow has recorded, with this one."""
    run: RunPoint = RunPoint()
    open_items: tuple[str, ...] = ()
    """The ids of the work items that are open after this batch: any other one in the store is not."""
    state: str = ""
    """The workflow's whole state as JSON: with it the store can have the referral started again."""


class FactsChanged(BaseModel):
    """What one message changed of the facts; `kind` is the work item's whose answer it was, if it was one."""

    model_config = ConfigDict(frozen=True)

    kind: WorkItemKind | None = None
    changes: frozenset[Change]


class Recorded(BaseModel):
    """What recording a batch changed of the facts, if it did: the new outline, the plan for it, the kinds of change."""

    model_config = ConfigDict(frozen=True)

    outline: DeidentifiedFacts | None = None
    plan: Plan | None = None
    changes: frozenset[Change] = frozenset()
    by_message: tuple[FactsChanged, ...] = ()
    """The same, message by message. Empty in what was recorded before they were told apart."""
    possible_duplicates: tuple[str, ...] = ()
    """The ids of referrals that, by the facts as they are now, may be the same order under another number."""
