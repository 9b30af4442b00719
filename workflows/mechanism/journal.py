"""The workflow's side of the journal: entries gather, and one activity at a time records all that have gathered.

It is a local activity, within the workflow task. When the store does not take it in seconds it becomes an ordinary one
that waits for the store as long as it takes, and the referral shows that it waits for the system.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from temporalio import workflow

from activities.records import RecordActivities
from firstdose.domain.work.journal import (
    Amended,
    AnyEntry,
    Batch,
    Escalated,
    HandedOver,
    Noted,
    Opened,
    Recorded,
    ReferralSnapshot,
    Resolved,
    RunPoint,
    Told,
    Withdrawn,
)
from firstdose.domain.work.role import SYSTEM, Actor
from firstdose.domain.work.stage import Milestone
from workflows import options
from workflows.mechanism.calls import CallFailed, call, call_locally


@dataclass
class JournalState:
    """`recorded` counts batches; `told` counts equal entries, by a hash of them (it numbers their keys)."""

    recorded: int = 0
    told: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Present:
    """What each batch carries besides entries: the standing, the open items, and the whole state as JSON."""

    standing: Callable[[], ReferralSnapshot]
    open_items: Callable[[], tuple[str, ...]]
    state: Callable[[], str]


class Journal:
    """`learned` is called with what the store made of new facts."""

    def __init__(
        self, referral_id: str, state: JournalState, present: Present, learned: Callable[[Recorded], None]
    ) -> None:
        self._referral_id = referral_id
        self._state = state
        self._present = present
        self._learned = learned
        self._entries: list[AnyEntry] = []
        self._recording: tuple[AnyEntry, ...] = ()
        self._written = 0
        self._kept = 0
        self.waits_for_store = False
        """Whether the store does not accept the journal now."""

    @property
    def recorded(self) -> int:
        """How many batches the store has taken."""
        return self._state.recorded

    def add(self, entry: AnyEntry) -> None:
        self._entries.append(entry.model_copy(update={"key": self._key(entry)}))
        self._written += 1

    def note(self, action: str, *, actor: Actor = SYSTEM, message_id: str | None = None, **details: Any) -> None:
        """An audit record, with details in codes, numbers and dates."""
        self.add(Noted(at=workflow.now(), actor=actor, message_id=message_id, action=action, details=details))

    def tell(self, milestone: Milestone, **facts: Any) -> None:
        """Report a milestone to the referral source."""
        self.add(Told(at=workflow.now(), milestone=milestone, **facts))

    async def facts_learned(self) -> None:
        """Wait until it is known what the facts are that somebody brought just now, if somebody did."""
        under_way = (*self._recording, *self._entries)
        if any(isinstance(entry, Amended | Resolved) and entry.message_id for entry in under_way):
            await self.flushed()

    async def flushed(self) -> None:
        """Wait until all entries so far are recorded."""
        mark = self._written
        await workflow.wait_condition(lambda: self._kept >= mark)

    async def keep(self) -> None:
        """Record as long as the workflow runs."""
        while True:
            await workflow.wait_condition(lambda: bool(self._entries))
            # Conditions are looked at when every task has had its turn: what happens together becomes one batch.
            await workflow.wait_condition(lambda: True)
            await self._record()

    async def _record(self) -> None:
        entries, self._entries = tuple(self._entries), []
        self._recording = entries
        self._state.recorded += 1
        summary = _summary(entries)
        batch = self._batch(entries)
        try:
            recorded = await call_locally(RecordActivities.record, batch, options.RECORD_LOCALLY, summary)
        except CallFailed:
            recorded = await self._record_when_the_store_is_back(batch, summary)
        if recorded.outline is not None:
            self._learned(recorded)
        self._recording = ()
        self._kept += len(entries)

    async def _record_when_the_store_is_back(self, batch: Batch, summary: str) -> Recorded:
        self.waits_for_store = True
        self._present.standing()
        recorded = await call(RecordActivities.record, batch, options.RECORD, summary)
        self.waits_for_store = False
        self._present.standing()
        return recorded

    def _batch(self, entries: tuple[AnyEntry, ...]) -> Batch:
        info, present = workflow.info(), self._present
        return Batch(
            referral_id=self._referral_id,
            entries=entries,
            standing=present.standing(),
            number=self._state.recorded,
            run=RunPoint(run_id=info.run_id, events=info.get_current_history_length()),
            open_items=present.open_items(),
            state=present.state(),
        )

    def _key(self, entry: AnyEntry) -> str:
        """A key that stays the same if a lost workflow task runs again later and in another order."""
        match entry:
            case Opened():
                return f"opened:{entry.item.id}"
            case Resolved() | Withdrawn():
                return f"{entry.type}:{entry.item_id}"
            case Escalated():
                return f"escalated:{entry.item_id}:{entry.level}"
            case Told():
                return self._numbered(f"told:{entry.milestone}")
            case Amended() | HandedOver():
                return self._numbered(f"{entry.type}:{entry.message_id}")
            case Noted():
                return self._numbered(f"{entry.action}:{entry.message_id or _without_times(entry.details)}")

    def _numbered(self, text: str) -> str:
        mark = _short(text)
        self._state.told[mark] = number = self._state.told.get(mark, 0) + 1
        return f"{text.partition(':')[0]}:{mark}:{number}"


def _without_times(details: dict[str, Any]) -> str:
    without_times = {name: value for name, value in details.items() if not isinstance(value, datetime)}
    return json.dumps(without_times, default=str, sort_keys=True)


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:10]


def _summary(entries: tuple[AnyEntry, ...]) -> str:
    """What the Web UI shows beside the activity: `contact_patient resolved, review_benefits opened`."""
    return ", ".join(dict.fromkeys(_named(entry) for entry in entries))[:180]


def _named(entry: AnyEntry) -> str:
    match entry:
        case Opened():
            return f"{entry.item.kind} opened"
        case Resolved() if entry.kind:
            return f"{entry.kind} resolved"
        case Told():
            return f"source told {entry.milestone}"
        case Noted():
            return entry.action
        case _:
            return entry.type
