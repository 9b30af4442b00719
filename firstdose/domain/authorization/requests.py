"""The requests that payers got for one referral, and what becomes of each as its journal is recorded. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from firstdose.domain.authorization.lines import AWAITING, LineState
from firstdose.domain.clock.clocks import Clock
from firstdose.domain.clock.state import answered
from firstdose.domain.work.stage import Stage

_CONCERNING: Final = frozenset(
    {"authorization.submitted", "authorization.lines", "authorization.clock", "authorization.voided", "stage"}
)
_UNDECIDED: Final = AWAITING | {LineState.INFO_REQUESTED}
_AUTHORIZED: Final = frozenset({LineState.APPROVED, LineState.NOT_REQUIRED})


class RequestEvent(NamedTuple):
    """What the journal notes of a referral, with its action and details."""

    at: datetime
    action: str
    details: Mapping[str, Any]

    @property
    def concerns_requests(self) -> bool:
        return self.action in _CONCERNING


class RequestRecord(BaseModel):
    """One request that a payer got."""

    model_config = ConfigDict(frozen=True)

    contact: str
    payer: str
    channel: str
    plan_version: int | None = None
    sent_at: datetime
    clock: Clock | None
    """None where no rule sets a time."""
    decided_at: datetime | None = None
    withdrawn_at: datetime | None = None
    """From when on we wanted no answer any more, if that was before it gave one."""
    asked_back: bool = False
    """Whether the payer wanted information before it decided."""
    states: dict[int, LineState] = Field(default_factory=dict)
    """Of its lines, as far as they are known, up to the end of the request."""
    heard: dict[int, datetime] = Field(default_factory=dict)
    """When the payer last spoke of each line, after the end too."""

    @property
    def withdrawn(self) -> bool:
        return self.withdrawn_at is not None

    @property
    def ended(self) -> bool:
        return self.withdrawn or self.decided_at is not None

    @property
    def approved_first(self) -> bool:
        """Whether the payer's first decision authorized every line, without a question before."""
        return self.decided_at is not None and not self.asked_back and set(self.states.values()) <= _AUTHORIZED

    @property
    def undecided(self) -> bool:
        """Whether the payer has yet to decide a line."""
        return not _UNDECIDED.isdisjoint(self.states.values())


Requests = Sequence[RequestRecord]
"""Of one referral, the oldest first."""


def after(requests: Requests, event: RequestEvent) -> Requests:
    """The requests once this was noted. What does not concern them leaves them as they are."""
    match event.action:
        case "authorization.submitted":
            return [*_given_up(requests, event), _begun(event)]
        case "authorization.lines":
            return _told(requests, event)
        case "authorization.clock":
            return _timed(requests, event)
        case "authorization.voided":
            return _given_up(requests, event)
        case "stage" if event.details.get("stage") == Stage.CLOSED:
            ends = {"withdrawn_at": event.at}
            return [request if request.ended else request.model_copy(update=ends) for request in requests]
        case _:
            return requests


def _begun(event: RequestEvent) -> RequestRecord:
    details = event.details
    return RequestRecord(
        contact=details["contact"],
        payer=details["payer"],
        channel=details["channel"],
        plan_version=details.get("plan_version"),
        sent_at=event.at,
        clock=details["clock"],
        states=dict.fromkeys(details["lines"], LineState.SUBMITTED),
    )


def _told(requests: Requests, event: RequestEvent) -> Requests:
    """A line is in the newest request that asks for it."""
    carrier = {line: request for request in requests for line in request.states}
    told = {int(line): LineState(state) for line, state in event.details["lines"].items()}

    def of(request: RequestRecord) -> RequestRecord:
        own = {line: state for line, state in told.items() if carrier.get(line) is request}
        by_payer = event.details["by"] == "payer"
        return _answered(request, event.at, own) if by_payer else _changed_by_us(request, event.at, own)

    return [of(request) for request in requests]


def _timed(requests: Requests, event: RequestEvent) -> Requests:
    """A clock was paused, resumed or extended; after the end of its request that changes nothing."""
    clock, contact = Clock.model_validate(event.details["clock"]), event.details["contact"]
    return [
        request.model_copy(update={"clock": clock}) if request.contact == contact and not request.ended else request
        for request in requests
    ]


def _given_up(requests: Requests, event: RequestEvent) -> Requests:
    """Lines are voided, or asked for in a new request: one that has no other is not waited for any more."""

    def of(request: RequestRecord) -> RequestRecord:
        left = {line: LineState.VOID for line in event.details["lines"] if request.states.get(line) in _UNDECIDED}
        return _changed_by_us(request, event.at, left)

    return [of(request) for request in requests]


def _answered(request: RequestRecord, at: datetime, lines: dict[int, LineState]) -> RequestRecord:
    """It is decided when the payer's answer leaves no line undecided. An answer on no line decides nothing."""
    heard = request.model_copy(update={"heard": request.heard | dict.fromkeys(lines, at)})
    if request.ended or not lines:
        return heard
    changed = _with_states(heard, lines)
    if changed.undecided:
        return changed
    clock = answered(changed.clock, at) if changed.clock else None
    return changed.model_copy(update={"decided_at": at, "clock": clock})


def _changed_by_us(request: RequestRecord, at: datetime, lines: dict[int, LineState]) -> RequestRecord:
    """It is withdrawn when what we did leaves no line undecided."""
    if request.ended or not lines:
        return request
    changed = _with_states(request, lines)
    return changed if changed.undecided else changed.model_copy(update={"withdrawn_at": at})


def _with_states(request: RequestRecord, lines: dict[int, LineState]) -> RequestRecord:
    states = request.states | lines
    asked_back = request.asked_back or LineState.INFO_REQUESTED in states.values()
    return request.model_copy(update={"states": states, "asked_back": asked_back})
