"""What the process needs of the outside, as protocols, and the errors that they raise.

Requests carry ids, codes and dates only: whoever implements a port loads what it needs of the patient by itself.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from pydantic import BaseModel, ConfigDict, Field

from firstdose.domain.authorization import InformationRequest, Line, LineKind, PayerAnswer, PayerEvent, Submission
from firstdose.domain.channel import Channel, Plan
from firstdose.domain.clock_rules import Purpose as ClockPurpose
from firstdose.domain.clock_state import ClockState
from firstdose.domain.clocks import Clock, Extension
from firstdose.domain.coverage import Benefits
from firstdose.domain.facts import Outline
from firstdose.domain.journal import Batch, Recorded
from firstdose.domain.policy import Policy
from firstdose.domain.referral import Referral, Site
from firstdose.domain.therapy import Reservation
from firstdose.domain.visit import Visit

MOST_OF_A_BODY: Final = 20_000
"""Bytes of what a payer sent that an error carries."""


class PortError(Exception):
    """The outside did not do what was asked. Texts are fixed words, never data."""


class Impossible(PortError):
    """It can never succeed as asked: a person must look. `problem` is a short code such as `payer_refused_request`."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class Unavailable(PortError):
    """It may succeed later; `retry_after` is what the other side asked for, if it did."""

    def __init__(self, problem: str, retry_after: timedelta | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.retry_after = retry_after


class UnreadableAnswer(Unavailable):
    """What came is no answer that we can read. `body`, its beginning, is PHI: only for the sealed store."""

    def __init__(self, body: bytes) -> None:
        super().__init__("unreadable_answer")
        self.body = body[:MOST_OF_A_BODY]


class RefusedRequest(Impossible):
    """The payer refuses the request as it is. `body`, its reasons if it gives any: likewise."""

    def __init__(self, body: bytes = b"") -> None:
        super().__init__("payer_refused_request")
        self.body = body[:MOST_OF_A_BODY]


class Request(BaseModel):
    """What an activity is asked. `key` names the effect: the same key again is the same effect, done once."""

    model_config = ConfigDict(frozen=True)

    referral_id: str
    key: str


class AuthorizationRequest(Request):
    """Ask the payer for the lines, in one submission; `key` is the contact's id and the payer's trace number for it."""

    lines: tuple[Line, ...]
    expedited: bool = False
    replaces: str | None = None
    """The contact whose request this one updates, renews, appeals or cancels."""
    appeal_level: int = 0
    """How often the payer is asked to think again: 1 for a first appeal."""


class ClockRequest(Request):
    """Start a clock at `at` by the rules of the referral's plan: by the first of `purposes` that a rule knows.

    Of several kinds of line it is the clock that is due first.
    """

    purposes: tuple[ClockPurpose, ...]
    at: datetime
    kinds: frozenset[LineKind]
    expedited: bool = False


class ClockJudgement(Request):
    """Say how the clock stands at `at`, after the `extension` that the payer told us of."""

    clock: Clock
    at: datetime
    extension: Extension | None = None


class JudgedClock(BaseModel):
    """The clock, with its extension if its rule grants one, and how it stands."""

    model_config = ConfigDict(frozen=True)

    clock: Clock
    state: ClockState


class DecisionWait(Request):
    """Wait for another word of the payer than the one that is `known`; ask for it `every` so often."""

    every: timedelta
    known: PayerAnswer


class DocumentsReply(Request):
    """Send the referral's documents of these kinds for the request that the contact `key` carried."""

    documents: tuple[str, ...]
    information: InformationRequest = InformationRequest()


class NurseSearch(Request):
    """Nurses with the skill and licence for this referral's order, at most `limit`, best first."""

    limit: int


class VisitHold(Request):
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
    REACTION = "reaction"


class Notice(Request):
    recipient: Recipient
    topic: Topic


class Opening(BaseModel):
    """What a workflow begins with: the outline of the facts, the plan, and the policy it keeps to the end."""

    model_config = ConfigDict(frozen=True)

    outline: Outline
    plan: Plan
    policy: Policy


class Records(Protocol):
    """The truth about a referral, kept with its audit."""

    async def open(self, referral_id: str) -> Opening: ...

    async def record(self, batch: Batch) -> Recorded:
        """Record the entries, each once, in one transaction with its audit; entries recorded before are passed over."""


class PayerDesk(Protocol):
    """The payer as the process speaks to it: by referral and contact, each request at most once in effect."""

    async def verify_benefits(self, request: Request) -> Benefits: ...

    async def submit(self, request: AuthorizationRequest) -> Submission:
        """Send the request unless the payer has it already. Its answer may well be "pended"."""

    async def inquire(self, request: Request) -> PayerAnswer:
        """The newest answer for this contact: ours if one has come, otherwise the payer's when asked now."""

    async def read(self, request: Request) -> PayerAnswer | None:
        """The newest stored answer for this contact, without asking the payer."""

    async def send_documents(self, reply: DocumentsReply) -> None: ...

    async def start_clock(self, request: ClockRequest) -> Clock | None:
        """None if no rule knows such a step."""

    async def judge_clock(self, judgement: ClockJudgement) -> JudgedClock: ...

    async def void(self, request: AuthorizationRequest) -> None:
        """Cancel what the payer has for `replaces`; nothing to cancel is no error."""


class Pharmacy(Protocol):
    """Drug and supplies."""

    async def reserve(self, request: Request) -> Reservation: ...

    async def release(self, request: Request) -> None:
        """Give back what was reserved under this key; nothing reserved is no error."""


class NurseRoster(Protocol):
    """Who can visit, and who holds which visit."""

    async def find(self, search: NurseSearch) -> tuple[str, ...]:
        """Roster ids."""

    async def hold(self, hold: VisitHold) -> bool:
        """Hold the nurse for the visit; False if the nurse was given to another patient meanwhile."""

    async def release(self, request: Request) -> None:
        """Release what is held under this key; nothing held is no error."""


class Notifier(Protocol):
    """Tells people that something waits for them, in words without PHI."""

    async def tell(self, notice: Notice) -> None:
        """Store the notice for delivery, once per key."""


class X12Envelope(StrEnum):
    """How an X12 interchange travels over HTTPS."""

    PLAIN = "plain"
    CORE = "core"
    """As a field of a multipart form: CAQH CORE connectivity."""


class BackendServices(BaseModel):
    """SMART Backend Services: how to get an access token. The key itself lies outside, under the name `credential`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token_url: str = Field(pattern=r"^https?://[!-~]+$", max_length=500)
    client_id: str = Field(min_length=1, max_length=200)
    credential: str = Field(min_length=1, max_length=200)
    key_id: str | None = Field(default=None, max_length=200)
    """`kid`, as the payer knows our public key."""
    scope: str = Field(default="system/*.*", max_length=500)


class PayerEndpoint(BaseModel):
    """How to speak to a payer electronically."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    payer: str
    name: str
    base_url: str
    subscription_filter: str = "orgIdentifier"
    trust_outcome_when_no_review_action: bool = False
    timeout: timedelta = timedelta(seconds=30)
    auth: BackendServices | None = None
    client_certificate: str | None = None
    """The name of the credential with which we prove ourselves when the connection is made (mutual TLS)."""
    requests_per_minute: int | None = None
    """By all workers together; None if the payer sets no limit."""
    burst: int = 1
    """How many of them at once."""
    at_once: int = 10
    """Requests under way in one worker, a tenth of its activity slots: a payer that is slow holds no more."""
    x12_url: str | None = None
    """Where X12 goes, if not to `base_url`: a clearinghouse is often another's."""
    x12_envelope: X12Envelope = X12Envelope.PLAIN
    x12_sender: str | None = None
    """Who we are to the clearinghouse (ISA06); our NPI if it has no other name for us."""
    x12_receiver: str | None = None
    """Who takes the interchange (ISA08); the payer's id in capitals if nobody else does."""
    x12_payer: str | None = None
    """The payer's own number (NM109), where it is not its id in capitals."""
    x12_test: bool = False
    x12_login: str | None = None
    """The name of the credential with which we log in to the clearinghouse: HTTP Basic, or in the CORE form."""


class PayerCase(BaseModel):
    """One contact with a payer, with everything about the patient that the payer needs: PHI, in memory only."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    endpoint: PayerEndpoint
    referral: Referral
    site: Site
    trace: str
    """Our number for this contact, which the payer repeats (X12 TRN02, at most 50 characters)."""
    lines: tuple[Line, ...] = ()
    expedited: bool = False
    previous_trace: str | None = None
    created_at: datetime


class ReceivedAnswer(BaseModel):
    """An answer as it came (kept sealed, PHI) and as it was read."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    raw: bytes
    answer: PayerAnswer


class PayerChannel(Protocol):
    """One way to speak to payers. Implementations hold no state and retry nothing.

    Every method raises Impossible or Unavailable.
    """

    async def verify_benefits(self, case: PayerCase) -> Benefits: ...

    async def submit(self, case: PayerCase) -> ReceivedAnswer: ...

    async def inquire(self, case: PayerCase) -> ReceivedAnswer | None:
        """The payer's present answer for the trace number, or None if it has no such request."""

    async def send_documents(self, case: PayerCase, kinds: Sequence[str]) -> None: ...

    async def void(self, case: PayerCase) -> None: ...


class Purpose(StrEnum):
    ELIGIBILITY = "eligibility"
    AUTHORIZATION = "authorization"
    DOCUMENTS = "documents"
    CANCELLATION = "cancellation"


class Contact(BaseModel):
    """The stored intent of one contact with a payer. `attempted` says that the payer may already have it.

    `attempts` counts the requests that may have left us, and `channel` is the way of the last of them.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    referral_id: str
    payer: str
    purpose: Purpose
    trace: str
    attempted: bool = False
    channel: Channel | None = None
    attempts: int = 0
    created_at: datetime


class Via(StrEnum):
    """How an answer reached us."""

    RESPONSE = "response"
    NOTIFICATION = "notification"
    INQUIRY = "inquiry"


class ContactStore(Protocol):
    """Contacts with payers and their answers, sealed."""

    async def begin(self, contact: Contact) -> Contact:
        """Store the intent; if it is there already, return it as it stands."""

    async def mark_attempted(self, contact: Contact, channel: Channel) -> None:
        """Committed before the request leaves us by this channel.

        Raises Unavailable("request_under_way") if another attempt was noted since `contact` was read.
        """

    async def take_back(self, contact: Contact) -> None:
        """The attempt that was noted on `contact` surely had no effect: it stands again as it is given here.

        Nothing is done if there was yet another attempt.
        """

    async def keep_answer(
        self, contact_id: str, via: Via, received: ReceivedAnswer, event: PayerEvent | None = None
    ) -> PayerAnswer:
        """Keep it as `authorization.hear` judges: what now stands. What an event brought before is not judged again."""

    async def keep_unreadable(self, contact_id: str, body: bytes) -> None:
        """Keep what came instead of an answer; of each contact the newest few."""

    async def latest_answer(self, contact_id: str) -> PayerAnswer | None: ...

    async def find(self, contact_id: str) -> Contact | None: ...

    async def by_trace(self, payer: str, trace: str) -> Contact | None: ...
