"""The work items of one referral: opened, judged, resolved, escalated. The one mechanism for every human step."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow

from firstdose.domain.journal import Escalated, Opened, Resolved, Withdrawn
from firstdose.domain.policy import Policy
from firstdose.domain.resolutions import OF_KIND, Resolution, judge
from firstdose.domain.work_item import WorkItem, WorkItemKind
from workflows.control import Control
from workflows.journal import Journal
from workflows.messages import ResolveWorkItem

R = TypeVar("R", bound=Resolution)

_KIND_OF = {resolution: kind for kind, resolution in OF_KIND.items()}


class Worklist:
    """Items are known by what they ask: the same question (kind and `about`) asked again is the same open item.

    So a track that starts again finds the item that a person may be working on, or the answer given meanwhile.
    """

    def __init__(self, referral_id: str, policy: Callable[[], Policy], journal: Journal, control: Control) -> None:
        self._referral_id = referral_id
        self._policy = policy
        self._journal = journal
        self._control = control
        self._open: dict[str, WorkItem] = {}
        self._question: dict[tuple[WorkItemKind, str], str] = {}
        self._answers: dict[str, Resolution] = {}
        self._opened = 0

    @property
    def open_items(self) -> tuple[WorkItem, ...]:
        return tuple(self._open.values())

    async def ask(self, answer: type[R], *, about: str = "", **asks: Any) -> R:
        """Open a work item (or find it) and wait for its resolution. Raises Interrupted."""
        await self._control.ready()
        self.open(answer, about=about, **asks)
        await self._control.until(lambda: self.answered(answer, about=about))
        return self.take(answer, about=about)

    async def offer(self, answer: type[R], *, about: str, within: timedelta, offered_to: str, **asks: Any) -> R | None:
        """Ask one person who must answer within a time; after it the item is withdrawn and the answer is None."""
        await self._control.ready()
        self.open(answer, about=about, due_in=within, offered_to=offered_to, **asks)
        if await self._control.until(
            lambda: self.answered(answer, about=about), timeout=within, summary=f"{_KIND_OF[answer]} offered"
        ):
            return self.take(answer, about=about)
        self.drop(answer, why="no answer in time", about=about)
        return None

    async def ask_unless(
        self, settled: Callable[[], bool], answer: type[R], *, about: str = "", **asks: Any
    ) -> R | None:
        """Like `ask`; but once the question settles itself the item is withdrawn and the answer is None."""
        await self._control.ready()
        self.open(answer, about=about, **asks)
        await self._control.until(lambda: self.answered(answer, about=about) or settled())
        if self.answered(answer, about=about):
            return self.take(answer, about=about)
        self.drop(answer, why="settled otherwise", about=about)
        return None

    def open(
        self,
        answer: type[Resolution],
        *,
        about: str = "",
        due_in: timedelta | None = None,
        offered_to: str | None = None,
        **asks: Any,
    ) -> None:
        """Open the item that asks this, unless it is open already, or answered and the answer not yet taken."""
        kind = _KIND_OF[answer]
        if (kind, about) in self._question:
            return
        self._opened += 1
        now = workflow.now()
        item = WorkItem(
            id=f"{self._referral_id}-{self._opened}",
            kind=kind,
            asks=asks,
            opened_at=now,
            due_at=now + (due_in if due_in is not None else self._policy().due_for(kind)),
            offered_to=offered_to,
        )
        self._open[item.id] = item
        self._question[kind, about] = item.id
        self._journal.add(Opened(at=now, item=item))

    def asked(self, answer: type[Resolution], *, about: str = "") -> bool:
        """Whether this was asked and its answer not taken yet."""
        return (_KIND_OF[answer], about) in self._question

    def answered(self, answer: type[Resolution], *, about: str = "") -> bool:
        return self._question.get((_KIND_OF[answer], about), "") in self._answers

    def peek(self, answer: type[R], *, about: str = "") -> R | None:
        """The answer that nobody has taken yet, left where it is."""
        given = self._answers.get(self._question.get((_KIND_OF[answer], about), ""))
        return given if isinstance(given, answer) else None

    def take(self, answer: type[R], *, about: str = "") -> R:
        """The answer, once: the same question asked after this is a new item."""
        given = self._answers.pop(self._question.pop((_KIND_OF[answer], about)))
        if not isinstance(given, answer):
            raise TypeError(f"{type(given).__name__} is no {answer.__name__}")
        return given

    def judge(self, request: ResolveWorkItem) -> Resolution:
        """The resolution that a request makes; changes nothing. Raises `resolutions.Refused`."""
        answer = {**request.resolution, **({"note": request.note} if request.note else {})}
        return judge(self._open.get(request.item_id), request.actor, answer)

    def resolve(self, request: ResolveWorkItem) -> None:
        resolution = self.judge(request)
        item = self._open.pop(request.item_id)
        self._answers[item.id] = resolution
        self._journal.add(
            Resolved(
                at=workflow.now(),
                actor=request.actor,
                message_id=request.message_id,
                item_id=item.id,
                kind=item.kind,
                resolution=resolution.model_dump(mode="json", exclude_defaults=True),
            )
        )

    def withdraw(self, *kinds: WorkItemKind, why: str, about: str | None = None) -> None:
        """Take back the open items of these kinds (only those `about` that), and forget answers not yet taken."""
        for question, item_id in list(self._question.items()):
            if question[0] in kinds and about in (None, question[1]):
                del self._question[question]
                self._answers.pop(item_id, None)
                if self._open.pop(item_id, None):
                    self._journal.add(Withdrawn(at=workflow.now(), item_id=item_id, why=why))

    def drop(self, answer: type[Resolution], *, why: str, about: str | None = None) -> None:
        """Take back the item that asks this, if it is there."""
        self.withdraw(_KIND_OF[answer], why=why, about=about)

    def withdraw_all(self, *, why: str) -> None:
        self.withdraw(*WorkItemKind, why=why)

    async def watch(self) -> None:
        """Escalate what is overdue, level by level, for as long as the workflow lives; a hold stops the clock."""
        while True:
            at = self._next_escalation()
            try:
                await workflow.wait_condition(
                    lambda at=at: self._sooner_than(at),  # type: ignore[misc]
                    timeout=max(at - workflow.now(), timedelta()) if at else None,
                    timeout_summary="next work item due",
                )
            except TimeoutError:
                self._escalate_overdue()

    def next_due(self) -> datetime | None:
        """When the first of the open items is due."""
        return min((item.due_at for item in self._open.values()), default=None)

    def _next_escalation(self) -> datetime | None:
        if self._control.hold is not None:
            return None
        return min((at for item in self._open.values() if (at := self._escalates_at(item))), default=None)

    def _sooner_than(self, at: datetime | None) -> bool:
        """A timer that turns out too early is let run; only one that would be too late is replaced."""
        sooner = self._next_escalation()
        return sooner is not None and (at is None or sooner < at)

    def _escalates_at(self, item: WorkItem) -> datetime | None:
        rule = self._policy().escalation
        if item.level >= rule.levels or item.offered_to is not None:
            return None
        return item.due_at + item.level * rule.apart

    def _escalate_overdue(self) -> None:
        now = workflow.now()
        if self._control.hold is not None:
            return
        for item in self.open_items:
            at = self._escalates_at(item)
            if at is not None and at <= now:
                self._open[item.id] = item.model_copy(update={"level": item.level + 1})
                self._journal.add(Escalated(at=now, item_id=item.id, level=item.level + 1))
