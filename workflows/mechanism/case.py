"""The state that the tracks of one referral share, apart from the authorization's.

Values alone: each track writes its own part, all may read.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID, uuid5

from firstdose.domain.care.assessment import Assessment
from firstdose.domain.care.gates import Gate
from firstdose.domain.care.nursing import as_assessed
from firstdose.domain.care.therapy import PreparedTherapy, Reservation
from firstdose.domain.care.visit import HeldVisit, ReportItem, Visit
from firstdose.domain.payer.agreed_terms import AgreedTerms
from firstdose.domain.payer.channel import UNKNOWN_PLAN, Plan
from firstdose.domain.payer.coverage import Benefits, Paying
from firstdose.domain.policy import Policy
from firstdose.domain.referral.facts import DeidentifiedFacts
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.referral import Urgency
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.undoing import Undone
from firstdose.ports import Opening
from workflows.mechanism.gate_log import GateLog
from workflows.messages import Override

_KEYS = UUID("0b4c5b0e-6d0e-5c1b-9f5a-3f1f6f0a7c11")
"""The namespace of the keys that referrals make."""


class Part(StrEnum):
    """A part of the work that a change can make stale, in the order in which they are set aside."""

    RENEWAL = "renewal"
    AUTHORIZATION = "authorization"
    COVERAGE = "coverage"
    VERIFICATION = "verification"
    """The plan's word alone: the lines stay as they are."""
    THERAPY = "therapy"
    VISIT = "visit"
    ASSESSMENT = "assessment"
    AGREEMENT = "agreement"


@dataclass
class Case:
    referral_id: str
    outline: DeidentifiedFacts = field(default_factory=DeidentifiedFacts)
    plan: Plan = UNKNOWN_PLAN
    policy: Policy = field(default_factory=Policy)
    stage: Stage = Stage.INTAKE
    site: Site = Site.HOME

    begun_at: datetime | None = None
    """When the process began; None in a state recorded before this was kept."""
    patient_reached: bool = False
    contact_attempts: int = 0
    next_attempt_at: datetime | None = None

    benefits: Benefits | None = None
    paying: Paying = Paying.PLAN
    verifying: str | None = None
    """The contact of a verification without an answer yet."""
    verified_at: datetime | None = None
    verified_by_people: bool = False
    assessment: Assessment | None = None
    assessed_at: datetime | None = None
    """When it was made, or last confirmed."""

    accepted: bool = False
    agreement_signed: bool = False
    agreed_on: AgreedTerms | None = None
    """What was signed. None in a referral that signed before it was kept."""
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
    not_held: HeldVisit | None = None
    """Why the roster did not hold the visit that was placed last."""
    over: str = ""
    """The key of the visit that was reported as not done: the source was told what became of it."""
    undone: dict[str, Undone] = field(default_factory=dict)
    """What was undone and somebody is told of, by the key of the visit or of the stock."""
    reaction: str | None = None
    """The visit at which the patient reacted, until a supervisor has looked at it."""
    visit_done: bool = False
    """Whether the first infusion is over: at the visit, or where no nurse is needed as the patient began it."""
    start_calls: int = 0
    """How often the patient was not reached by the call that confirms a start without a nurse."""
    next_start_call_at: datetime | None = None
    started_at: datetime | None = None
    """When the first infusion began that needed no nurse."""
    teaching_open: tuple[ReportItem, ...] = ()
    """What was taught at the first visit and the patient could not show back: the next contact takes it up."""

    overrides: dict[str, Override] = field(default_factory=dict)
    keys: dict[str, int] = field(default_factory=dict)
    """How many keys of each purpose were made."""
    opened: bool = False
    supplied_in_vain: int = 0
    """How often in a row nothing was supplied of what is missing."""
    possible_duplicates: list[str] = field(default_factory=list)
    """Referrals that may be the same order under another number, until intake has looked at them."""
    refused: str = ""
    """The last signal that was refused, and why."""
    closing: Closing | None = None
    stale: set[Part] = field(default_factory=set)
    under_review: dict[SettledResult, tuple[Change, ...]] = field(default_factory=dict)
    """The results that their owners look at again, and the changes because of which."""
    times_stale: dict[SettledResult, int] = field(default_factory=dict)
    """How often each was to be looked at again: every time is another question, although the same fact changes."""
    blocked_by: tuple[str, ...] = ()
    gates: GateLog = field(default_factory=GateLog)
    patient_from: date | None = None
    """The first day that suits the patient, where they have said one."""
    supply_from: datetime | None = None
    """When our stock has the drug, as the pharmacist expects it."""
    kit_refused: bool = False
    """Whether the prescriber refuses the anaphylaxis protocol."""

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
    def as_assessed(self) -> DeidentifiedFacts:
        """The outline with the pharmacist's decision about a nurse."""
        return as_assessed(self.outline, self.assessment)

    @property
    def without_nurse(self) -> bool:
        """No nurse is needed at home; the suite always has its visit."""
        return self.site is Site.HOME and not self.as_assessed.needs_nursing

    @property
    def urgent(self) -> bool:
        return self.outline.urgency is not Urgency.ROUTINE

    @property
    def overridden(self) -> frozenset[Gate]:
        """The gates that two supervisors let this referral pass."""
        return frozenset(each.gate for each in self.overrides.values() if each.in_force)

    @property
    def at_risk(self) -> bool:
        """Therapy starts without the payer's answer."""
        return Gate.AUTHORIZATION in self.overridden
