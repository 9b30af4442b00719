"""What the process needs of the outside, as protocols, and the errors that they raise.

Requests carry ids, codes and dates only: whoever implements a port loads what it needs of the patient by itself.
"""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from firstdose.domain.authorization.lines import InformationRequest, Line, LineKind, PayerAnswer, Submission
from firstdose.domain.care.therapy import Reservation
from firstdose.domain.care.visit import HeldVisit, Visit
from firstdose.domain.clock.clocks import Clock, Extension
from firstdose.domain.clock.rules import ClockPurpose as ClockPurpose
from firstdose.domain.clock.state import ClockState
from firstdose.domain.payer.channel import Plan
from firstdose.domain.payer.coverage import Benefits
from firstdose.domain.policy import Policy
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.facts import DeidentifiedFacts
from firstdose.domain.work.journal import Batch, Recorded


class PortError(Exception):
    """The outside did not do what was asked. `problem` says why, in a code and never in data."""

    def __init__(self, problem: ProblemCode) -> None:
        super().__init__(problem.value)
        self.problem = problem


class Impossible(PortError):
    """It can never succeed as asked: a person must look."""


class Unavailable(PortError):
    """It may succeed later; `retry_after` is what the other side asked for, if it did."""

    def __init__(self, problem: ProblemCode, retry_after: timedelta | None = None) -> None:
        super().__init__(problem)
        self.retry_after = retry_after


class EffectRequest(BaseModel):
    """What an activity is asked. `key` names the effect: the same key again is the same effect, done once."""

    model_config = ConfigDict(frozen=True)

    referral_id: str
    key: str


class AuthorizationRequest(EffectRequest):
    """Ask the payer for the lines, in one submission; `key` is the contact's id and the payer's trace number for it."""

    lines: tuple[Line, ...]
    expedited: bool = False
    replaces: str | None = None
    """The contact whose request this one updates, renews, appeals or cancels."""
    appeal_level: int = 0
    """How often the payer is asked to think again: 1 for a first appeal."""


class ClockRequest(EffectRequest):
    """Start a clock at `at` by the rules of the referral's plan: by the first of `purposes` that a rule knows.

    Of several kinds of line it is the clock that is due first.
    """

    purposes: tuple[ClockPurpose, ...]
    at: datetime
    kinds: frozenset[LineKind]
    expedited: bool = False


class ClockJudgment(EffectRequest):
    """Say how the clock stands at `at`, after the `extension` that the payer told us of."""

    clock: Clock
    at: datetime
    extension: Extension | None = None


class JudgedClock(BaseModel):
    """The clock, with its extension if its rule grants one, and how it stands."""

    model_config = ConfigDict(frozen=True)

    clock: Clock
    state: ClockState


class DecisionWait(EffectRequest):
    """Wait for another word of the payer than the one that is `known`; ask for it `every` so often."""

    every: timedelta
    known: PayerAnswer
    rung: bool = False
    """Whether the payer says that it has news: if it cannot be asked for them, a person is."""


class DocumentsReply(EffectRequest):
    """Send the referral's documents of these kinds for the request that the contact `key` carried."""

    documents: tuple[str, ...]
    information: InformationRequest = InformationRequest()


class NurseSearch(EffectRequest):
    """Nurses with the skill and license for this referral's order, at most `limit`, best first.

    The license must hold on `day`, the first on which the visit is possible: today, if it is not said. With `only`,
    whether that nurse is among them.
    """

    limit: int
    day: date | None = None
    only: str | None = None


class VisitHold(EffectRequest):
    """Hold (or release) a visit."""

    visit: Visit


class Recipient(StrEnum):
    PATIENT = "patient"
    PHARMACIST = "pharmacist"
    NURSE = "nurse"
    PRESCRIBER = "prescriber"
    SUPERVISOR = "supervisor"


class Topic(StrEnum):
    """What a notice is about; the notifier holds the words."""

    WELCOME = "welcome"
    ASSESSMENT_DUE = "assessment_due"
    VISIT_OFFERED = "visit_offered"
    VISIT_DISPATCHED = "visit_dispatched"
    VISIT_CANCELLED = "visit_cancelled"
    REACTION = "reaction"


class Notice(EffectRequest):
    recipient: Recipient
    topic: Topic


class Opening(BaseModel):
    """What a workflow begins with: the outline of the facts, the plan, and the policy it keeps to the end."""

    model_config = ConfigDict(frozen=True)

    outline: DeidentifiedFacts
    plan: Plan
    policy: Policy
    possible_duplicates: tuple[str, ...] = ()
    """The ids of referrals that may be the same order under another number."""


class Records(Protocol):
    """The truth about a referral, kept with its audit."""

    async def open(self, referral_id: str) -> Opening: ...

    async def record(self, batch: Batch) -> Recorded:
        """Record the entries, each once by its key, in one transaction with their audit; and the state after them.

        A batch of an older copy of Temporal's state is Unavailable as `store_is_ahead` and changes nothing.
        """


class PayerGateway(Protocol):
    """The payer as the process speaks to it: by referral and contact, each request at most once in effect."""

    async def verify_benefits(self, request: EffectRequest) -> Benefits: ...

    async def submit(self, request: AuthorizationRequest) -> Submission:
        """Send the request unless the payer has it already. Its answer may well be "pended"."""

    async def inquire(self, request: EffectRequest) -> PayerAnswer:
        """The newest answer for this contact: ours if one has come, otherwise the payer's when asked now."""

    async def read(self, request: EffectRequest) -> PayerAnswer | None:
        """The newest stored answer for this contact, without asking the payer."""

    async def send_documents(self, reply: DocumentsReply) -> None: ...

    async def start_clock(self, request: ClockRequest) -> Clock | None:
        """None if no rule knows such a step."""

    async def judge_clock(self, judgment: ClockJudgment) -> JudgedClock: ...

    async def void(self, request: AuthorizationRequest) -> None:
        """Cancel what the payer has for `replaces`; nothing to cancel is no error."""


class Pharmacy(Protocol):
    """Drug and supplies."""

    async def reserve(self, request: EffectRequest) -> Reservation: ...

    async def release(self, request: EffectRequest) -> None:
        """Give back what was reserved under this key; nothing reserved is no error."""


class NurseRoster(Protocol):
    """Who can visit, and who holds which visit."""

    async def find(self, search: NurseSearch) -> tuple[str, ...]:
        """Roster ids."""

    async def hold(self, hold: VisitHold) -> HeldVisit:
        """Hold the nurse for the visit, if nothing of the roster speaks against it."""

    async def release(self, request: EffectRequest) -> None:
        """Release what is held under this key; nothing held is no error."""


class Notifier(Protocol):
    """Tells people that something waits for them, in words without PHI."""

    async def tell(self, notice: Notice) -> None:
        """Store the notice for delivery, once per key."""
