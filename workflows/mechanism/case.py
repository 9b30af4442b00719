"""The state that the tracks of one referral share. Values alone: each track writes its own part, all may read."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID, uuid5

from pydantic import Field

from firstdose.domain.authorization.denial import Tried, WayOn
from firstdose.domain.authorization.lines import InformationRequest, Line, LineState, PayerAnswer
from firstdose.domain.authorization.steps import Step, at
from firstdose.domain.care.assessment import Assessment
from firstdose.domain.care.gates import Gate
from firstdose.domain.care.therapy import PreparedTherapy, Reservation
from firstdose.domain.care.visit import Visit
from firstdose.domain.clock.clocks import Clock
from firstdose.domain.payer.channel import UNKNOWN_PLAN, Channel, Plan
from firstdose.domain.payer.coverage import Benefits, Paying
from firstdose.domain.policy import Policy
from firstdose.domain.referral.facts import DeidentifiedFacts
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.referral import Urgency
from firstdose.domain.work.stage import Closing, Stage
from firstdose.ports import Opening
from workflows.messages import Override

_KEYS = UUID("0b4c5b0e-6d0e-5c1b-9f5a-3f1f6f0a7c11")
"""The namespace of the keys that referrals make."""


class Part(StrEnum):
    """A part of the work that a change can make stale, in the order in which they are set aside."""

    RENEWAL = "renewal"
    AUTHORIZATION = "authorization"
    COVERAGE = "coverage"
    THERAPY = "therapy"
    VISIT = "visit"


@dataclass
class PayerRequest:
    """An authorization request that the payer has: its contact, the payer's last word, and the clock that runs."""

    contact_id: str
    known: PayerAnswer
    """What it said by this channel: people may have heard more."""
    clock: Clock | None
    channel: Channel
    due_at: datetime | None
    """When the payer must have answered, as the clock stands; None while it is paused, or where none runs."""
    wanted: InformationRequest | None
    """What the payer last wanted to see, as it or a person told us."""
    ask_people_at: datetime | None
    """When a person asks the payer if it has not answered by then; None once a person is at it."""


@dataclass(frozen=True)
class Sending:
    """A submission without an answer yet: it is tried again as it was, so that the payer is asked first."""

    contact_id: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Filing:
    """An appeal that was decided on and is not filed yet, and the window for it."""

    way: WayOn
    sequences: tuple[int, ...]
    window: Clock | None


@dataclass
class Case:
    referral_id: str
    outline: DeidentifiedFacts = field(default_factory=DeidentifiedFacts)
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
    requests: dict[str, PayerRequest] = field(default_factory=dict)
    """What the payer was asked, by contact: each line names the one that carries its present request."""
    verifying: str | None = None
    """The contact of a verification without an answer yet."""
    sending: Sending | None = None
    tried: dict[int, Tried] = field(default_factory=dict)
    """By the sequence of a line."""
    under_review: dict[int, LineState] = field(default_factory=dict)
    """The lines that the last review showed, by their sequence, as they were."""
    filing: Filing | None = None
    refused_at: dict[int, datetime] = field(default_factory=dict)
    """When the payer's refusal of a line reached us, by its sequence: the window for filing runs from there."""
    payer_may_have: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Contacts of electronic requests and their lines, from before they are sent: a cancel may come on the way."""
    authorizing: Annotated[bool, Field(exclude=True)] = False
    """Whether the track that hears the payer is at work right now."""
    notified: list[str] = field(default_factory=list)
    """Contacts of which the payer has told us that there is an answer, in that order."""
    unread: list[str] = field(default_factory=list)
    """Contacts whose answer cannot be read from the store: a person says when to try again."""
    assessment: Assessment | None = None

    accepted: bool = False
    agreement_signed: bool = False
    order_settled: bool = False
    reservation: Reservation | None = None
    reservation_key: str = ""
    returning_stock: bool = False
    """What was reserved under this key is on its way back to the shelf."""
    therapy: PreparedTherapy | None = None
    nurses_asked: set[str] = field(default_factory=set)
    visit: Visit | None = None
    visit_key: str = ""
    placing: Visit | None = None
    """The visit that is being placed under `visit_key`."""
    over: str = ""
    """The key of the visit that was reported as not done: the source was told what became of it."""
    renewed_for: str = ""
    """The key of the visit for which an authorization was renewed."""
    reaction: str | None = None
    """The visit at which the patient reacted, until a supervisor has looked at it."""
    visit_done: bool = False

    overrides: dict[str, Override] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    """How many keys of each purpose were made."""
    opened: bool = False
    possible_duplicates: list[str] = field(default_factory=list)
    """Referrals that may be the same order under another number, until intake has looked at them."""
    refused: str = ""
    """The last signal that was refused, and why."""
    closing: Closing | None = None
    stale: set[Part] = field(default_factory=set)
    blocked_by: tuple[str, ...] = ()

    def open(self, opening: Opening) -> None:
        self.outline, self.plan, self.policy = opening.outline, opening.plan, opening.policy
        self.site = opening.outline.site
        self.possible_duplicates = list(opening.possible_duplicates)
        self.opened = True

    def new_key(self, purpose: str) -> str:
        """A key for an effect, a UUID. The same step has the same one in whatever run of the workflow it is taken."""
        self.keys[purpose] = number = self.keys.get(purpose, 0) + 1
        return self.key_for(purpose, number)

    def key_for(self, purpose: str, *about: object) -> str:
        """A key for the one effect of this purpose about these."""
        return str(uuid5(_KEYS, f"{self.referral_id}:{purpose}:{':'.join(map(str, about))}"))

    @property
    def owed(self) -> list[PayerRequest]:
        """The requests with a line that the payer has yet to decide, or about which it waits for us."""
        contacts = {line.contact for line in at(self.lines, Step.WAIT, Step.INFORM)}
        return [request for contact, request in self.requests.items() if contact in contacts]

    def tried_for(self, line: Line) -> Tried:
        return self.tried.get(line.sequence, Tried())

    def notify(self, contact_id: str) -> None:
        if contact_id not in self.notified:
            self.notified.append(contact_id)

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
