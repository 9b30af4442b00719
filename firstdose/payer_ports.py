"""What the payer's desk needs of a payer's systems, as protocols: channels, contacts, and what comes back over them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from pydantic import BaseModel, ConfigDict, Field

from firstdose.domain.authorization.answer_match import Named
from firstdose.domain.authorization.lines import Line, PayerAnswer, PayerEvent
from firstdose.domain.payer.channel import Channel
from firstdose.domain.payer.coverage import Benefits
from firstdose.domain.payer.remark import PayerRemark
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.referral import Referral
from firstdose.ports import Impossible, Unavailable

MOST_OF_A_BODY: Final = 20_000
"""Bytes of what a payer sent that an error carries."""


class UnreadableAnswer(Unavailable):
    """What came is no answer that we can read. `body`, its beginning, is PHI: only for the sealed store."""

    def __init__(self, body: bytes) -> None:
        super().__init__(ProblemCode.UNREADABLE_ANSWER)
        self.body = body[:MOST_OF_A_BODY]


class RefusedRequest(Impossible):
    """The payer refuses the request as it is. `body`, its reasons if it gives any: likewise.

    `remarks` say them in the payer's words, where they can be read. `received` is an answer that refuses; None where
    it is a refusal of the call itself.
    """

    def __init__(
        self, body: bytes = b"", remarks: tuple[PayerRemark, ...] = (), received: "Received | None" = None
    ) -> None:
        super().__init__(ProblemCode.PAYER_REFUSED_REQUEST)
        self.body = body[:MOST_OF_A_BODY]
        self.remarks = remarks
        self.received = received


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


OUR_CALLBACK: Final = "{desk}/webhooks/payers/{payer}/pas"
"""`{desk}` is our public address."""


class PayerEndpoint(BaseModel):
    """How to speak to a payer electronically."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    payer: str
    name: str
    base_url: str
    member_system: str | None = None
    """The system of its members' numbers, where it has told one; likewise that of its own number."""
    payer_system: str | None = None
    subscription_filter: str = "orgIdentifier"
    """The name of the filter's parameter, or the filter itself with `{system}` and `{npi}` in our number's place."""
    subscription_callback: str = OUR_CALLBACK
    """Where it tells its decisions; with `{secret}` in it nothing else proves that it is the payer."""
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
    previous_created_at: datetime | None = None
    created_at: datetime

    @property
    def day_of_service(self) -> date:
        """The day for which the plan must be in force: when therapy is wanted; that of asking once it is past."""
        today, wanted = self.created_at.date(), self.referral.order.requested_start
        return max(today, wanted) if wanted else today


class Received(BaseModel):
    """What a payer sent, as it came (kept sealed, PHI), and whom and which request it names."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    raw: bytes
    named: Named = Field(repr=False)


class ReceivedAnswer(Received):
    """An answer to a request for authorization, as it was read."""

    answer: PayerAnswer


class ReceivedBenefits(Received):
    """An answer to the question for benefits, as it was read."""

    benefits: Benefits


class PayerReply(BaseModel):
    """An answer by which no line is decided: benefits, or with `problem` why only a person can judge it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    problem: ProblemCode | None = None
    benefits: Benefits | None = None
    """Without remarks."""
    remarks: tuple[PayerRemark, ...] = ()


class UnclearAnswer(Impossible):
    """The payer answered, and only a person can say what follows. `remarks` say it in the payer's words.

    `received` is the answer as it came; None where it is not known yet whose it is.
    """

    def __init__(
        self, problem: ProblemCode, remarks: tuple[PayerRemark, ...] = (), received: Received | None = None
    ) -> None:
        super().__init__(problem)
        self.remarks = remarks
        self.received = received


class ForeignAnswer(Impossible):
    """What came is about another request or another patient. It is kept sealed and changes nothing.

    `problem` says which of them.
    """


class PayerChannel(Protocol):
    """One way to speak to payers. Implementations hold no state and retry nothing.

    Every method raises Impossible or Unavailable.
    """

    async def verify_benefits(self, case: PayerCase) -> ReceivedBenefits: ...

    async def submit(self, case: PayerCase) -> ReceivedAnswer: ...

    async def inquire(self, case: PayerCase) -> ReceivedAnswer | None:
        """The payer's present answer for the trace number, or None if it has no such request."""

    async def send_documents(self, case: PayerCase, kinds: Sequence[str]) -> None: ...

    async def void(self, case: PayerCase) -> Received | None:
        """Cancel `case.previous_trace`: what the payer said to it; None if it never had it."""


class ContactPurpose(StrEnum):
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
    purpose: ContactPurpose
    trace: str
    attempted: bool = False
    channel: Channel | None = None
    attempts: int = 0
    asked: tuple[Line, ...] = ()
    """The lines that it asks for, as they were sent; none in contacts from before they were kept."""
    created_at: datetime


class Via(StrEnum):
    """How an answer reached us."""

    RESPONSE = "response"
    NOTIFICATION = "notification"
    INQUIRY = "inquiry"

    @property
    def direct(self) -> bool:
        """Whether it is the answer to a call of ours."""
        return self is not Via.NOTIFICATION


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
        """Keep what `authorization.answers.receive` makes of it: what now stands.

        What an event brought before is not judged again.

        Raises ForeignAnswer, as `check_whose`.
        """

    async def check_whose(self, contact_id: str, via: Via, received: Received) -> None:
        """Judge whether it may change anything, by the facts of the contact's referral (`domain.answer_match`).

        Raises ForeignAnswer once it is kept apart, sealed and audited.
        """

    async def keep_reply(self, contact_id: str, received: Received, reply: PayerReply) -> PayerReply:
        """Keep the direct answer to a call of ours, and return it with its texts sealed.

        Raises ForeignAnswer, as `check_whose`.
        """

    async def keep_unreadable(self, contact_id: str, body: bytes) -> None:
        """Keep what came instead of an answer; of each contact the newest few."""

    async def latest_answer(self, contact_id: str) -> PayerAnswer | None: ...

    async def find(self, contact_id: str) -> Contact | None: ...

    async def by_trace(self, payer: str, trace: str) -> Contact | None: ...
