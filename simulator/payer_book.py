"""What the simulated payers know: requests, subscriptions, and who delivered what how often.

With a file it outlives its process: a payer does not forget a request because our stack was killed.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel

from firstdose.domain.authorization.lines import LineKind
from simulator.scenario import (
    Fault,
    Misbehavior,
    PayerScript,
    Scenario,
    ScenarioRequest,
    ScenarioStep,
    Upon,
    load_scenarios,
    scenario_of,
)

_AWAY = Fault(fault=Misbehavior.OUTAGE)


class Asking(BaseModel):
    """One line of a request."""

    sequence: int
    code: str
    units: int

    @property
    def kind(self) -> LineKind:
        if self.code.startswith("996"):
            return LineKind.NURSING
        return LineKind.PER_DIEM if self.code.startswith("S") else LineKind.DRUG


class Filed(BaseModel):
    """One request that a payer has taken, and how far its script has come."""

    payer: str
    trace: str
    trace_system: str
    claim: str = ""
    """The address of the request, as it was sent over FHIR."""
    member: str = ""
    scenario: str
    lines: tuple[Asking, ...]
    appeal: bool = False
    cancels: str | None = None
    cancelled: bool = False
    deliveries: int = 0
    step: int = 0
    notified: int = 0
    answered_at: datetime
    due_at: datetime | None = None

    @property
    def script(self) -> tuple[ScenarioStep, ...]:
        payer = self.payer_script
        if self.cancels:
            return (ScenarioStep(answer=payer.cancellation),)
        return payer.appeal if self.appeal else payer.authorization

    @property
    def payer_script(self) -> PayerScript:
        return load_scenarios()[self.scenario].payer

    @property
    def taken_back(self) -> bool:
        """Whether the payer has nothing more to say."""
        return self.cancelled and self.payer_script.heeds_cancellation

    @property
    def present(self) -> ScenarioStep:
        return self.script[self.step]

    @property
    def following(self) -> ScenarioStep | None:
        return self.script[self.step + 1] if self.step + 1 < len(self.script) else None

    @property
    def untold(self) -> bool:
        return self.notified < self.step and not self.taken_back


Standing = Literal["active", "off", "error", "forgotten"]


class Subscribed(BaseModel):
    """One sending system's subscription at one payer."""

    id: str
    payer: str
    criteria: str
    endpoint: str
    headers: tuple[str, ...] = ()
    active: bool = False
    """Whether its handshake has arrived."""
    events: int = 0
    standing: Standing = "active"
    """What the payer says of it; what it has forgotten it says nothing of."""

    @property
    def tells(self) -> bool:
        return self.standing == "active"


class Delivered(BaseModel):
    """Something that came in and needs no answer but to be counted."""

    what: str
    name: str
    type: str = ""


class PayerBook:
    """`speed` divides the scripts' delays: 86400 makes a day a second. `state` is a file of JSON lines.

    With a `seed` members in no scenario get any of them.
    """

    def __init__(
        self,
        *,
        speed: float = 1.0,
        state: Path | None = None,
        seed: int | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.clock = clock
        self.changed = asyncio.Event()
        self.filed: dict[tuple[str, str], Filed] = {}
        self.subscriptions: dict[tuple[str, str], Subscribed] = {}
        self._speed = speed
        self._seed = seed
        self._delivered: Counter[tuple[str, str, str]] = Counter()
        self._failed: Counter[tuple[str, str, ScenarioRequest]] = Counter()
        self._back_at: dict[str, datetime] = {}
        self._state = state
        self._reload()

    def scenario_of(self, member_id: str | None) -> Scenario:
        return scenario_of(member_id, seed=self._seed)

    def file(self, request: Filed) -> Filed:
        """Take a request, or count one more delivery of what is known."""
        filed = self.filed.get((request.payer, request.trace))
        if filed is None:
            filed = request
            filed.due_at = self._due(filed, Upon.PREVIOUS, self.clock())
            if filed.cancels:
                self._cancel(filed.payer, filed.cancels)
        filed.deliveries += 1
        self.keep(filed)
        return filed

    def _cancel(self, payer: str, trace: str) -> None:
        if cancelled := self.filed.get((payer, trace)):
            cancelled.cancelled = True
            if cancelled.taken_back:
                cancelled.due_at = None
            self.keep(cancelled)

    def documents(self, payer: str, trace: str) -> None:
        self.count(Delivered(what="attachments", name=trace))
        filed = self.filed.get((payer, trace))
        if filed and not filed.taken_back and filed.due_at is None:
            filed.due_at = self._due(filed, Upon.DOCUMENTS, self.clock())
            self.keep(filed)

    def decide_due(self) -> None:
        """Move on every request whose next answer is due; of answers at the same time the last is the present one."""
        now = self.clock()
        for filed in list(self.filed.values()):
            while filed.due_at is not None and filed.due_at <= now:
                filed.step, filed.answered_at = filed.step + 1, now
                filed.due_at = self._due(filed, Upon.PREVIOUS, now)
                self.keep(filed)

    def next_due(self) -> datetime | None:
        return min((filed.due_at for filed in self.filed.values() if filed.due_at), default=None)

    def _due(self, filed: Filed, upon: Upon, now: datetime) -> datetime | None:
        following = filed.following
        if following is None or following.upon is not upon:
            return None
        return now + following.after / self._speed

    def fault(self, payer: str, trace: str, scenario: Scenario, asked: ScenarioRequest) -> Fault | None:
        """How this delivery fails, if the script still wants it to."""
        if payer in self._back_at and self.clock() < self._back_at[payer]:
            return _AWAY
        for fault in scenario.payer.faults:
            whose = "everybody" if fault.fault is Misbehavior.OUTAGE else trace
            if fault.upon is asked and self._failed[payer, whose, asked] < fault.times:
                self._failed[payer, whose, asked] += 1
                if fault.fault is Misbehavior.OUTAGE:
                    lasts = timedelta(seconds=fault.seconds) + fault.lasts / self._speed
                    self._back_at[payer] = self.clock() + lasts
                return fault
        return None

    def subscribe(self, wanted: Subscribed) -> Subscribed:
        """One per sending system: the newest endpoint of the same filter counts."""
        known = self.subscriptions.get((wanted.payer, wanted.criteria))
        same = known is not None and known.tells
        kept = wanted.model_copy(update={"id": known.id, "events": known.events}) if known and same else wanted
        self.keep(kept)
        return kept

    def subscription(self, payer: str, name: str) -> Subscribed | None:
        """By its id, unless the payer has forgotten it."""
        return next((one for one in self._remembered(payer) if one.id == name), None)

    def subscribed_at(self, payer: str, endpoint: str) -> Subscribed | None:
        return next((one for one in self._remembered(payer) if one.endpoint == endpoint), None)

    def _remembered(self, payer: str) -> list[Subscribed]:
        return [one for one in self.subscriptions.values() if one.payer == payer and one.standing != "forgotten"]

    def loses(self, payer: str, standing: Standing) -> None:
        """From now on each of the payer's Subscriptions stands so."""
        for known in self._remembered(payer):
            self.keep(known.model_copy(update={"standing": standing}))

    def count(self, delivered: Delivered) -> None:
        self._take(delivered)
        self._write(delivered)

    def recorder(self) -> dict[str, Any]:
        """The tests' witness: what reached the outside, and how often."""
        counted: dict[str, dict[str, Any]] = {"attachments": {}, "inquiries": {}, "eligibility": {}, "webhooks": {}}
        for (what, name, kind), times in sorted(self._delivered.items()):
            if what in counted:
                counted[what][name] = times
            else:
                counted["webhooks"].setdefault(what, {})[name] = {"type": kind, "count": times}
        by_payer: dict[str, dict[str, int]] = {}
        for filed in self.filed.values():
            by_payer.setdefault(filed.payer, {})[filed.trace] = filed.deliveries
        return {
            "submissions": {filed.trace: filed.deliveries for filed in self.filed.values()},
            "by_payer": by_payer,
            "cancelled": [filed.trace for filed in self.filed.values() if filed.cancelled],
            "subscriptions": [one.model_dump(include=_SHOWN) for one in self.subscriptions.values()],
            **counted,
        }

    def keep(self, entry: Filed | Subscribed) -> None:
        """Note a change, for good if there is a file."""
        self._take(entry)
        self._write(entry)
        self.changed.set()

    def _take(self, entry: Filed | Subscribed | Delivered) -> None:
        match entry:
            case Filed():
                self.filed[entry.payer, entry.trace] = entry
            case Subscribed():
                self.subscriptions[entry.payer, entry.criteria] = entry
            case Delivered():
                self._delivered[entry.what, entry.name, entry.type] += 1

    def _write(self, entry: Filed | Subscribed | Delivered) -> None:
        if self._state is not None:
            with self._state.open("a") as file:
                # The newline comes first, so that a line that a kill cut short spoils only itself.
                file.write("\n" + json.dumps({type(entry).__name__: entry.model_dump(mode="json")}))

    def _reload(self) -> None:
        for entry in _entries(self._state) if self._state and self._state.exists() else ():
            self._take(entry)


def _entries(state: Path) -> Iterator[Filed | Subscribed | Delivered]:
    kinds: dict[str, type[Filed | Subscribed | Delivered]] = {
        kind.__name__: kind for kind in (Filed, Subscribed, Delivered)
    }
    for line in state.read_text().splitlines():
        try:
            entry = json.loads(line)
        except ValueError:  # blank, or cut short when the process was killed
            continue
        for name, fields in entry.items():
            yield kinds[name].model_validate(fields)


_SHOWN = {"payer", "endpoint", "criteria", "active", "events", "standing"}
