"""What people see of a referral: rows of the list, the whole, what happened, and why it is not further."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from firstdose.adapters.postgres.referrals.remark_view import RemarkView
from firstdose.adapters.postgres.staff.work_items import WorkItemView
from firstdose.domain.authorization.lines import Line, LineState
from firstdose.domain.authorization.requested_period import Period, differences, requested_period
from firstdose.domain.authorization.requests import RequestRecord
from firstdose.domain.clock.clocks import Clock
from firstdose.domain.clock.state import Phase, state
from firstdose.domain.referral.facts import BlockedStep, DeidentifiedFacts
from firstdose.domain.referral.open_question import OpenQuestion
from firstdose.domain.referral.order import Order
from firstdose.domain.referral.referral import Referral
from firstdose.domain.work.role import Role
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.stall import Stall
from firstdose.domain.work.work_item import WorkItemKind

_SECOND = timedelta(seconds=1)
WORDS: Final = "remarks"
"""Where an entry has the payer's own words: PHI, as a note is."""


class View(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", hide_input_in_errors=True, validate_by_name=True, validate_by_alias=True
    )


class Running(View):
    """The payer's clock: by which rule, until when with what stood still and what was added; None where no rule is."""

    rule: str | None = None
    version: str | None = None
    citation: str | None = None
    phase: Phase | None = None
    due_at: datetime | None = None
    paused_since: datetime | None = None
    """None if it runs."""
    extended_at: datetime | None = None
    """When the payer announced an extension, which `due_at` includes."""

    @classmethod
    def of(cls, clock: Clock | None, now: datetime) -> "Running":
        if clock is None:
            return cls()
        standing = state(clock, now)
        return cls(
            rule=clock.rule,
            version=clock.version,
            citation=clock.citation,
            phase=standing.phase,
            due_at=standing.due_at,
            paused_since=clock.paused_since if standing.phase is Phase.PAUSED else None,
            extended_at=clock.extensions[0].at if clock.extensions else None,
        )


class ReferralRow(View):
    """A referral in the list: codes and dates only. `authorization` sums up all its lines."""

    id: str
    number: str = Field(validation_alias="referral_number")
    source: str
    outline: DeidentifiedFacts
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


class LineView(Line):
    """Requested against authorized. `differs` names what the payer's last answer grants otherwise than requested."""

    differs: tuple[str, ...] = ()
    answered_at: datetime | None = None
    """When the payer's last answer to it came."""

    @classmethod
    def of(cls, line: Line, order: Order | None, requests: Iterable[RequestRecord]) -> "LineView":
        requested = requested_period(order, line) if order else None
        answered = [request.heard[line.sequence] for request in requests if line.sequence in request.heard]
        return cls(
            **line.model_dump(), differs=differences(line, requested), answered_at=max(answered) if answered else None
        )


class RequestView(View):
    """A request that a payer got; a line's `contact` names the one that carries it. `trace` is our number for it."""

    contact: str
    payer: str
    channel: str
    trace: str | None
    sent_at: datetime
    decided_at: datetime | None
    withdrawn: bool
    clock: Running

    @classmethod
    def of(cls, request: RequestRecord, traces: Mapping[str, str], now: datetime) -> "RequestView":
        return cls(
            contact=request.contact,
            payer=request.payer,
            channel=request.channel,
            trace=traces.get(request.contact),
            sent_at=request.sent_at,
            decided_at=request.decided_at,
            withdrawn=request.withdrawn,
            clock=Running.of(request.clock, now),
        )


class ReferralView(View):
    """One referral. `facts` is PHI, and None once it was shredded; `requested` are the days that they ask for.

    `stalls` is what keeps it from moving though nobody is waited for.
    """

    standing: ReferralRow
    revision: int
    lines: tuple[LineView, ...]
    requests: tuple[RequestView, ...]
    work_items: tuple[WorkItemView, ...]
    team: dict[Role, str]
    requested: Period | None = Field(repr=False)
    facts: Referral | None = Field(repr=False)
    questions: tuple[OpenQuestion, ...] = Field(default=(), repr=False)
    """What the facts leave open, in words: PHI as they are."""
    remarks: tuple[RemarkView, ...] = Field(default=(), repr=False)
    """What the payers said last about eligibility and to the requests that carry the lines: PHI."""
    stalls: tuple[Stall, ...] = ()


class TimelineEntry(View):
    """Something that happened. `what` is a code such as `work_item.opened`; `note` is what a person wrote: PHI."""

    at: datetime
    what: str
    actor: str | None = None
    details: dict[str, Any] = Field(default_factory=dict)
    note: str | None = Field(default=None, repr=False)

    def without_words(self) -> "TimelineEntry":
        """For whom facts are not shown."""
        details = {name: value for name, value in self.details.items() if name != WORDS}
        return self.model_copy(update={"note": None, "details": details})


class Blocker(View):
    """An open work item, who is responsible, and when it is escalated next (None: never again)."""

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


class PayerDue(View):
    """A request that the payer has."""

    contact: str
    payer: str
    since: datetime
    clock: Running

    @classmethod
    def of(cls, request: RequestRecord, now: datetime) -> "PayerDue":
        clock = Running.of(request.clock, now)
        return cls(contact=request.contact, payer=request.payer, since=request.sent_at, clock=clock)


class Why(View):
    """What keeps the referral where it is. `closed_gates` as the process last saw them; `missing` by what it blocks.

    `payer` is the request that is due first, `payers` are all that payers have. `stalls` is what stands still without
    anybody being waited for, the gravest first; while `temporal` is away, only what the store knows of it.
    """

    stage: Stage
    on_hold: bool
    waiting_for: tuple[str, ...]
    next_due: datetime | None
    work_items: tuple[Blocker, ...]
    payer: PayerDue | None
    payers: tuple[PayerDue, ...]
    closed_gates: tuple[str, ...]
    missing: dict[BlockedStep, tuple[str, ...]]
    stalls: tuple[Stall, ...] = ()
    temporal: Literal["ok", "away"] = "ok"
