"""The workflow's side of the journal: entries gather, and one activity at a time records all that have gathered.

So a step that resolves one work item and opens the next costs one activity, and the store sees both or neither.
"""

from collections.abc import Callable
from typing import Any

from temporalio import workflow

from activities.records import RecordActivities
from firstdose.domain.journal import AnyEntry, Batch, Noted, Opened, Recorded, Resolved, Standing, Told
from firstdose.domain.role import SYSTEM, Actor
from firstdose.domain.stage import Milestone
from workflows import options


class Journal:
    """`standing` says where the referral stands as a batch leaves; `learned` gets what the store made of the facts."""

    def __init__(self, referral_id: str, standing: Callable[[], Standing], learned: Callable[[Recorded], None]) -> None:
        self._referral_id = referral_id
        self._standing = standing
        self._learned = learned
        self._entries: list[AnyEntry] = []
        self._written = 0
        self._kept = 0

    def add(self, entry: AnyEntry) -> None:
        self._entries.append(entry)
        self._written += 1

    def note(self, action: str, *, actor: Actor = SYSTEM, message_id: str | None = None, **details: Any) -> None:
        """An audit record, with details in codes, numbers and dates."""
        self.add(Noted(at=workflow.now(), actor=actor, message_id=message_id, action=action, details=details))

    def tell(self, milestone: Milestone, **facts: Any) -> None:
        """The referral source hears of a milestone."""
        self.add(Told(at=workflow.now(), milestone=milestone, **facts))

    async def flushed(self) -> None:
        """Wait until all that has been written so far is kept."""
        mark = self._written
        await workflow.wait_condition(lambda: self._kept >= mark)

    async def keep(self) -> None:
        """Record for as long as the workflow lives."""
        while True:
            await workflow.wait_condition(lambda: bool(self._entries))
            # Conditions are looked at when every task has had its turn: what happens together becomes one batch.
            await workflow.wait_condition(lambda: True)
            await self._record()

    async def _record(self) -> None:
        entries, self._entries = tuple(self._entries), []
        batch = Batch(referral_id=self._referral_id, first=self._kept + 1, entries=entries, standing=self._standing())
        recorded = await workflow.execute_activity_method(
            RecordActivities.record, batch, **options.named(options.RECORD, _summary(entries))
        )
        if recorded.outline is not None:
            self._learned(recorded)
        self._kept += len(entries)


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
