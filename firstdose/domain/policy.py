"""What a pharmacy decides for itself, as data: waits, attempts, tables. Edited in a file, never in code.

A referral keeps the policy that it began with, so a change never breaks a running one.
"""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from firstdose.domain.authorization.coding import PER_DIEMS, PerDiem
from firstdose.domain.clock.rules import ClockRule
from firstdose.domain.work.reasons import HoldReason
from firstdose.domain.work.work_item import WorkItemKind


def _hours(number: float) -> timedelta:
    return timedelta(hours=number)


class PatientContact(BaseModel):
    """How often, and how far apart, the patient is tried before the referral closes as unreachable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attempts: int = Field(default=5, ge=1, le=50)
    apart: timedelta = timedelta(days=2)


class EscalationRule(BaseModel):
    """An overdue work item is escalated `levels` times, `apart` from each other, and then waits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    levels: int = Field(default=3, ge=0, le=10)
    apart: timedelta = timedelta(hours=24)


class PayerContact(BaseModel):
    """How long the electronic way is tried before people take over, and how often a pending request is asked after."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    give_up_after: timedelta = timedelta(hours=4)
    """When people are asked too; whoever is first wins."""
    keep_trying: timedelta = timedelta(days=30)
    inquire_every: timedelta = timedelta(hours=6)
    void_within: timedelta = timedelta(days=7)
    """How long a referral that ends waits for the person who voids its authorization."""


class NurseDispatch(BaseModel):
    """How visits are placed. `lead` is how long before the visit the gates are looked at again."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    offers: int = Field(default=5, ge=0, le=50)
    answer_within: timedelta = timedelta(minutes=30)
    lead: timedelta = timedelta(hours=2)
    report_within: timedelta = timedelta(hours=24)
    short_notice: timedelta = Field(default=timedelta(days=3), ge=timedelta())
    """An authorization that ends sooner than this does not limit the time of the visit: it is renewed."""
    report_early: timedelta = Field(default=timedelta(), ge=timedelta())
    """How long before the time that was agreed a visit may have begun."""


class Horizons(BaseModel):
    """How far from today a date that a person enters may lie; beyond that it is taken for a slip of the pen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    visit: timedelta = timedelta(days=90)
    """After the first moment that is possible."""
    beyond_use: timedelta = timedelta(days=366)
    authorization: timedelta = timedelta(days=731)


class StartCall(BaseModel):
    """How often, and how far apart, a start without a nurse is asked about before a supervisor decides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    attempts: int = Field(default=3, ge=1, le=50)
    apart: timedelta = timedelta(hours=24)


class UndoRule(BaseModel):
    """How long people have to acknowledge what was undone before the next is asked, and then a supervisor."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    nurse_within: timedelta = timedelta(minutes=15)
    """For a nurse who is on the way or about to leave."""
    within: timedelta = timedelta(hours=24)


class ResultAges(BaseModel):
    """How long before the visit a result may have been settled, so that the visit may rest on it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    assessment: timedelta = Field(default=timedelta(days=30), gt=timedelta())
    verification: timedelta = Field(default=timedelta(days=30), gt=timedelta())
    verified_in_month: bool = True
    """Benefits are verified in the calendar month of the visit, so in its plan year too: both begin with a month."""


class Policy(BaseModel):
    """All of it. Durations are ISO 8601 (`PT4H`) or seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: str = Field(default="default", max_length=40)
    licensed_states: frozenset[str] = frozenset({"IL", "IN", "IA", "MI", "MO", "OH", "WI"})
    due: dict[WorkItemKind, timedelta] = Field(default_factory=dict)
    """By when a work item of a kind is done; a kind that is not named has `due_default`."""
    due_default: timedelta = timedelta(hours=24)
    rounds: int = Field(default=5, ge=1, le=100)
    """How often the same is asked with nothing changed before a supervisor decides."""
    same_start_within: timedelta = Field(default=timedelta(days=7), ge=timedelta())
    """Two orders of one drug for one patient may be the same one if they start not farther apart than this."""
    contact: PatientContact = PatientContact()
    escalation: EscalationRule = EscalationRule()
    payer: PayerContact = PayerContact()
    dispatch: NurseDispatch = NurseDispatch()
    start_call: StartCall = StartCall()
    undo: UndoRule = UndoRule()
    horizons: Horizons = Horizons()
    override_for: timedelta = Field(default=timedelta(days=7), gt=timedelta())
    """How long an override of the authorization lasts where the supervisor who asks for it says no end."""
    ages: ResultAges = ResultAges()
    holds_that_release: frozenset[HoldReason] = frozenset({HoldReason.HOSPITALIZED})
    """Reasons for a hold on which the nurse and the stock are released at once."""
    clocks: tuple[ClockRule, ...] = Field(default=(), exclude=True)
    """The pharmacy's own, which stand before the general ones (clock/default_rules.py).

    They stay with the worker: clocks are started in activities, and what they gave is kept.
    """
    per_diems: tuple[PerDiem, ...] = PER_DIEMS

    def due_for(self, kind: WorkItemKind) -> timedelta:
        return self.due.get(kind, DUE.get(kind, self.due_default))


DUE = {
    WorkItemKind.CONTACT_PATIENT: _hours(24),
    WorkItemKind.VERIFY_BENEFITS: _hours(8),
    WorkItemKind.SUBMIT_AUTHORIZATION: _hours(8),
    WorkItemKind.ASSESS_PATIENT: _hours(48),
    WorkItemKind.REVIEW_BENEFITS: _hours(48),
    WorkItemKind.CONFIRM_TIME: _hours(8),
    WorkItemKind.REVIEW_REACTION: _hours(1),
    WorkItemKind.APPROVE_OVERRIDE: _hours(4),
    WorkItemKind.REVIEW_CHANGE: _hours(4),
    WorkItemKind.RECONCILE: _hours(4),
}
"""The pharmacy's usual times; docs/process.md, "Due times", shows them."""
