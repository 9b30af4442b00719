"""The authorization's part of the recorded state: the lines, the requests that the payer has, and what was tried."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field
from temporalio import workflow

from firstdose.domain.authorization.denial import Tried, WayOn
from firstdose.domain.authorization.lines import APPEALS, InformationRequest, Line, LineState, PayerAnswer
from firstdose.domain.authorization.steps import REFUSED, Step, at
from firstdose.domain.clock.clocks import Clock
from firstdose.domain.payer.channel import Channel
from workflows.mechanism.journal import Journal


@dataclass
class PayerRequest:
    """An authorization request that the payer has, and the clock that runs."""

    contact_id: str
    clock: Clock | None
    channel: Channel
    asked_at: datetime | None = None
    """When we began to ask: nothing that the payer says of it is older."""
    known: PayerAnswer = field(default_factory=PayerAnswer)
    """What the payer has answered by this channel; a person may have received more."""
    due_at: datetime | None = None
    """When the payer must have answered, as the clock stands; None while it is paused, or where none runs."""
    wanted: InformationRequest | None = None
    """What the payer last wanted to see, as it or a person told us."""
    ask_people_at: datetime | None = None
    """When a person asks the payer if it has not answered by then; None once a person is at it."""

    def due(self, at: datetime | None) -> None:
        """An electronic payer is asked by people when its clock has run out; another one from the start."""
        self.due_at = at
        self.ask_people_at = at if at and self.channel.electronic else workflow.now()


@dataclass(frozen=True)
class Sending:
    """A submission without an answer yet: it is tried again as it was, so that the payer is asked first."""

    contact_id: str
    lines: tuple[Line, ...]
    began_at: datetime | None = None


@dataclass(frozen=True)
class AskedPayer:
    """The payer of a request, as its plan named it then, and the ways by which it was asked."""

    payer: str
    phone: str | None = None
    fax: str | None = None
    portal: str | None = None
    electronic: bool = True
    by_people: bool = False
    reference: str | None = None
    """What the payer gave the person who submitted it."""


@dataclass
class OpenVoid:
    """A void that a person asks the payer for, and until when the end of the referral waits for the answer."""

    asks: dict[str, Any]
    until: datetime
    refused: bool = False
    """Whether the payer refuses it: a supervisor knows of it and says whether to ask again."""


@dataclass(frozen=True)
class Filing:
    """An appeal that was decided on and is not filed yet, and the window for it."""

    way: WayOn
    sequences: tuple[int, ...]
    window: Clock | None


@dataclass
class AuthorizationState:
    """What belongs to a line is kept by its sequence, what belongs to a request by its contact."""

    lines: tuple[Line, ...] = ()
    requests: dict[str, PayerRequest] = field(default_factory=dict)
    """What the payer was asked: each line names the contact that carries its present request."""
    sending: Sending | None = None
    payer_may_have: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Requests and their lines, from before they are sent: a cancel may come on the way."""
    asked_payers: dict[str, AskedPayer] = field(default_factory=dict)
    """Whom to ask about each of these requests."""
    voids: dict[str, OpenVoid] = field(default_factory=dict)
    """By the key of the cancellation."""
    answered: list[str] = field(default_factory=list)
    """Contacts of which the payer has told us that there is an answer to read, in that order."""
    unread: list[str] = field(default_factory=list)
    """Contacts whose answer cannot be read from the store: a person says when to try again."""
    refused_at: dict[int, datetime] = field(default_factory=dict)
    """When the payer's refusal reached us: the window for filing runs from there."""
    tried: dict[int, Tried] = field(default_factory=dict)
    paid_otherwise: list[int] = field(default_factory=list)
    """Lines that the plan denied and that somebody else pays, or nobody needs, while it pays others."""
    under_review: dict[int, LineState] = field(default_factory=dict)
    """The lines that the last review showed, as they were."""
    filing: Filing | None = None
    renewed_for: str = ""
    """The key of the visit for which an authorization was renewed."""
    obtaining: Annotated[bool, Field(exclude=True)] = False
    """Whether the track that receives the payer's answers is at work right now."""

    @property
    def pending(self) -> list[PayerRequest]:
        """The requests with a line that the payer has yet to decide, or about which it waits for us."""
        contacts = {line.contact for line in at(self.lines, Step.WAIT, Step.INFORM)}
        return [request for contact, request in self.requests.items() if contact in contacts]

    def asked_about(self, request: PayerRequest) -> tuple[Line, ...]:
        """The lines about which the payer waits for information."""
        return tuple(line for line in at(self.lines, Step.INFORM) if line.contact == request.contact_id)

    def tried_for(self, line: Line) -> Tried:
        return self.tried.get(line.sequence, Tried())

    def appeal_level(self, lines: Iterable[Line]) -> int:
        return max((self.tried_for(line).appeals for line in lines if line.certification in APPEALS), default=0)

    def expect(self, contact_id: str) -> None:
        """There is an answer to read."""
        if contact_id not in self.answered:
            self.answered.append(contact_id)

    def set_lines(self, lines: tuple[Line, ...], by: str, journal: Journal, *, at: datetime | None = None) -> None:
        """What changed is noted with who brought it about; `at` is when the payer's answer came."""
        changed = [new for old, new in zip(self.lines, lines, strict=True) if new != old]
        if by == "payer":
            refused = (line.sequence for line in changed if line.state in REFUSED)
            self.refused_at |= dict.fromkeys(refused, at or workflow.now())
        self.lines = lines
        journal.note("authorization.lines", by=by, lines={str(line.sequence): line.state for line in changed})


def contacts_of(lines: Iterable[Line]) -> list[str]:
    """The requests that carry the lines: a person reads there what the payer said."""
    return list(dict.fromkeys(line.contact for line in lines if line.contact))


_REQUESTED: Final = {"sequence", "kind", "code", "units", "state"}
_AUTHORIZED: Final = {"authorized_units", "reason_code", "number", "valid_from", "valid_to"}


def shown(lines: Iterable[Line]) -> list[dict[str, object]]:
    """Lines as a work item shows them: requested against authorized."""
    return [line.model_dump(mode="json", include=_REQUESTED | _AUTHORIZED, exclude_none=True) for line in lines]
