"""What payers were asked and what they said, read back from what was noted of one referral. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict

from firstdose.domain.authorization import AWAITING, Line, LineState
from firstdose.domain.clock_state import answered
from firstdose.domain.clocks import Clock

_UNDECIDED: Final = AWAITING | {LineState.INFO_REQUESTED}
_AUTHORIZED: Final = frozenset({LineState.APPROVED, LineState.NOT_REQUIRED})


class Event(NamedTuple):
    """A journal entry about the authorization of one referral, or about its closing."""

    at: datetime
    action: str
    details: Mapping[str, Any]


@dataclass
class Asked:
    """One request that a payer got. `withdrawn`: we wanted no answer any more before it gave one."""

    contact: str
    payer: str
    channel: str
    sent_at: datetime
    clock: Clock | None
    """None where no rule sets a time."""
    decided_at: datetime | None = None
    withdrawn: bool = False
    asked_back: bool = False
    """Whether the payer wanted information before it decided."""
    states: dict[int, LineState] = field(default_factory=dict)
    """Of its lines, as far as they are known, up to the end of the request."""
    heard: dict[int, datetime] = field(default_factory=dict)
    """When the payer last spoke of each line, after the end too."""

    @property
    def ended(self) -> bool:
        return self.withdrawn or self.decided_at is not None

    @property
    def approved_first(self) -> bool:
        """Whether the payer's first decision authorized every line, without a question before."""
        return self.decided_at is not None and not self.asked_back and set(self.states.values()) <= _AUTHORIZED

    def hear(self, at: datetime, by: str, told: Mapping[int, LineState]) -> None:
        """It is decided when the payer's word leaves no line undecided. A word on no line decides nothing."""
        if by == "payer":
            self.heard |= dict.fromkeys(told, at)
        if self.ended or not told:
            return
        self.states |= told
        states = set(self.states.values())
        self.asked_back |= LineState.INFO_REQUESTED in states
        if states & _UNDECIDED:
            return
        if by == "payer":
            self.decided_at, self.clock = at, answered(self.clock, at) if self.clock else None
        else:
            self.withdrawn = True


class _Reading:
    """Requests as they come up, and which of them each line is in."""

    def __init__(self) -> None:
        self.found: list[Asked] = []
        self._carrier: dict[int, Asked] = {}

    def submitted(self, entry: Event) -> None:
        request = _begun(entry)
        self.given_up(entry)
        self.found.append(request)
        self._carrier |= dict.fromkeys(request.states, request)

    def told(self, entry: Event) -> None:
        told = {int(line): LineState(word) for line, word in entry.details["lines"].items()}
        for request in self.found:
            own = {line: word for line, word in told.items() if self._carrier.get(line) is request}
            request.hear(entry.at, entry.details["by"], own)

    def timed(self, entry: Event) -> None:
        """A clock was paused, resumed or extended; after the end of its request that changes nothing."""
        for request in self.found:
            if request.contact == entry.details["contact"] and not request.ended:
                request.clock = Clock.model_validate(entry.details["clock"])

    def closed(self) -> None:
        for request in self.found:
            request.withdrawn = request.withdrawn or not request.ended

    def given_up(self, entry: Event) -> None:
        """Lines are voided, or asked for in a new request: one that has no other is not waited for any more."""
        lines = entry.details["lines"]
        for request in self.found:
            left = {line: LineState.VOID for line in lines if request.states.get(line) in _UNDECIDED}
            request.hear(entry.at, "us", left)


def asked(entries: Iterable[Event]) -> list[Asked]:
    """The requests of one referral, from its entries, the oldest first."""
    reading = _Reading()
    for entry in entries:
        match entry.action:
            case "authorization.submitted":
                reading.submitted(entry)
            case "authorization.lines":
                reading.told(entry)
            case "authorization.clock":
                reading.timed(entry)
            case "authorization.voided":
                reading.given_up(entry)
            case _:
                reading.closed()
    return reading.found


class Period(BaseModel):
    """Days, the last one included."""

    model_config = ConfigDict(frozen=True)

    first: date
    last: date


def requested_period(start: date | None, days: int | None) -> Period | None:
    """From the day on which therapy is wanted; None while nobody has said that day."""
    return Period(first=start, last=start + timedelta(days=(days or 1) - 1)) if start else None


def differences(line: Line, wanted: Period | None) -> tuple[str, ...]:
    """In what the payer's last word on the line falls short of, or differs from, what was asked: `units`, `period`."""
    short = wanted is not None and (
        (line.valid_from is not None and line.valid_from > wanted.first)
        or (line.valid_to is not None and line.valid_to < wanted.last)
    )
    found = {"units": line.authorized_units not in (None, line.units), "period": short}
    return tuple(name for name, differs in found.items() if differs)


def _begun(entry: Event) -> Asked:
    details = entry.details
    clock = details["clock"]
    return Asked(
        contact=details["contact"],
        payer=details["payer"],
        channel=details["channel"],
        sent_at=entry.at,
        clock=None if clock is None else Clock.model_validate(clock),
        states=dict.fromkeys(details["lines"], LineState.SUBMITTED),
    )
