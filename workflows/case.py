"""The state that the tracks of one referral share. Values and enums: each track writes its own part, all may read."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from temporalio.workflow import ActivityHandle

from firstdose.domain.assessment import Assessment
from firstdose.domain.authorization import Line, PayerAnswer
from firstdose.domain.channel import UNKNOWN_PLAN, Plan
from firstdose.domain.clocks import Clock
from firstdose.domain.coverage import Benefits, Paying
from firstdose.domain.denial import Tried
from firstdose.domain.facts import Outline
from firstdose.domain.gates import Gate
from firstdose.domain.policy import Policy
from firstdose.domain.referral import Site, Urgency
from firstdose.domain.stage import Closing, Stage
from firstdose.domain.therapy import Reservation, Therapy
from firstdose.domain.visit import Visit
from firstdose.ports import Opening
from workflows.messages import Override


class Part(StrEnum):
    """A part of the work that a change can make stale, in the order in which they are set aside."""

    RENEWAL = "renewal"
    AUTHORIZATION = "authorization"
    COVERAGE = "coverage"
    THERAPY = "therapy"
    VISIT = "visit"


@dataclass
class Request:
    """The authorization request that the payer has: its contact, the payer's last word, and the clock that runs."""

    contact_id: str
    known: PayerAnswer
    clock: Clock | None
    electronic: bool
    ask_people_at: datetime | None
    """When a person asks the payer if it has not answered by then; None once a person is at it."""


@dataclass
class Case:
    referral_id: str
    outline: Outline = field(default_factory=Outline)
    plan: Plan = UNKNOWN_PLAN
    policy: Policy = field(default_factory=Policy)
    stage: Stage = Stage.INTAKE
    site: Site = Site.HOME

    patient_reached: bool = False
    contact_attempts: int = 0
    next_attempt_at: datetime | None = None

    benefits: Benefits | None = None
    paying: Paying = Paying.PLAN
    lines: tuple[Line, ...] = ()
    request: Request | None = None
    verifying: str | None = None
    """The contact of a verification without an answer yet."""
    submitting: str | None = None
    """The contact of a submission without an answer yet: it is tried again, so that the payer is asked first."""
    calls: dict[str, ActivityHandle[Any]] = field(default_factory=dict)
    """Calls to the payer that go on although the track that made them starts again, by their key."""
    tried: Tried = field(default_factory=Tried)
    payer_may_have: str | None = None
    """The contact of the last electronic request, from before it is sent: a cancel may come while it is on its way."""
    waiting: bool = False
    """Whether a track waits for the payer right now."""
    notified: set[str] = field(default_factory=set)
    """Contacts of which the payer has told us that there is an answer."""
    assessment: Assessment | None = None

    accepted: bool = False
    agreement_signed: bool = False
    order_settled: bool = False
    reservation: Reservation | None = None
    reservation_key: str = ""
    therapy: Therapy | None = None
    nurses_asked: set[str] = field(default_factory=set)
    visit: Visit | None = None
    visit_key: str = ""
    reaction: str | None = None
    """The visit at which the patient reacted, until a supervisor has looked at it."""
    visit_done: bool = False

    overrides: dict[str, Override] = field(default_factory=dict)
    refused: str = ""
    """The last signal that was refused, and why."""
    closing: Closing | None = None
    stale: set[Part] = field(default_factory=set)
    blocked_by: tuple[str, ...] = ()

    def open(self, opening: Opening) -> None:
        self.outline, self.plan, self.policy = opening.outline, opening.plan, opening.policy
        self.site = opening.outline.site

    @property
    def urgent(self) -> bool:
        return self.outline.urgency is not Urgency.ROUTINE

    @property
    def overridden(self) -> frozenset[Gate]:
        """The gates that two supervisors let this referral pass."""
        return frozenset(each.gate for each in self.overrides.values() if each.approved_by)

    @property
    def at_risk(self) -> bool:
        """Therapy starts without the payer's answer."""
        return Gate.AUTHORIZATION in self.overridden
