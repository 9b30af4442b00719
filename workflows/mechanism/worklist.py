"""The work items of one referral: opened, judged, resolved, escalated. The one mechanism for every human step."""

import json
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final, NamedTuple, TypeVar

from temporalio import workflow

from firstdose.domain.policy import Policy
from firstdose.domain.referral.facts import DeidentifiedFacts
from firstdose.domain.work.journal import Escalated, Opened, Resolved, Withdrawn
from firstdose.domain.work.judging.context import ResolutionContext
from firstdose.domain.work.judgment import judge, judge_shape
from firstdose.domain.work.resolution import Resolution
from firstdose.domain.work.resolutions import OF_KIND, Reconcile, check
from firstdose.domain.work.work_item import WorkItem, WorkItemKind
from workflows.mechanism.control import Control
from workflows.mechanism.journal import Journal
from workflows.messages import ResolveWorkItem

R = TypeVar("R", bound=Resolution)


class Situation(NamedTuple):
    """The context of a question: with other facts it is another question. Answers are judged against `known`."""

    policy: Policy
    facts: DeidentifiedFacts
    known: ResolutionContext


@dataclass
class WorklistState:
    """`asked` maps a question to its item, `answers` hold what nobody has taken yet, by item."""

    open: dict[str, WorkItem] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    opened: dict[str, int] = field(default_factory=dict)
    """How many items there were of each name (kind and subject)."""
    rounds: dict[str, int] = field(default_factory=dict)
    """How often the same question was asked with nothing changed, by its hash."""


JUDGED_BY_STATE: Final = "judged-by-state"
"""The patch: signals from before answers were judged against the state replay as they went."""
_KIND_OF = {resolution: kind for kind, resolution in OF_KIND.items()}


class Worklist:
    """Items are known by what they ask: the same question (kind and `about`) asked again is the same open item.

    So a track that starts again finds the item that a person may be working on, or the answer given meanwhile.
    """

    def __init__(
        self, referral_id: str, state: WorklistState, about: Callable[[], Situation], journal: Journal, control: Control
    ) -> None:
        self._referral_id = referral_id
        self._state = state
        self._about = about
        self._journal = journal
        self._control = control

    @property
    def open_items(self) -> tuple[WorkItem, ...]:
        return tuple(self._state.open.values())

    @property
    def _policy(self) -> Policy:
        return self._about().policy

    async def ask(self, answer: type[R], *, about: str = "", **asks: Any) -> R:
        """Open a work item (or find it) and wait for its resolution. Raises Interrupted."""
        await self._ready_to_open(answer, about, asks)
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
        await self._ready_to_open(answer, about, asks)
        await self._control.until(lambda: self.answered(answer, about=about) or settled())
        if self.answered(answer, about=about):
            return self.take(answer, about=about)
        self.drop(answer, why="settled otherwise", about=about)
        return None

    async def _ready_to_open(self, answer: type[Resolution], about: str, asks: dict[str, Any]) -> None:
        """Open the item, but not round after round: the same with nothing changed goes to a supervisor first."""
        await self._control.ready()
        if not self.asked(answer, about=about):
            await self._end_rounds(answer, about, asks)
        self.open(answer, about=about, **asks)

    async def _end_rounds(self, answer: type[Resolution], about: str, asks: dict[str, Any]) -> None:
        kind = _KIND_OF[answer]
        if kind is WorkItemKind.RECONCILE:
            return
        # Each round has contacts of its own, and is the same question all the same.
        same = {name: value for name, value in asks.items() if name != "contacts"}
        round_ = _mark(kind, about, same, self._about().facts)
        self._state.rounds[round_] = times = self._state.rounds.get(round_, 0) + 1
        if times <= self._policy.rounds:
            return
        decided = await self.ask(
            Reconcile, about=f"again {kind} {about}", step=kind, reason="loop_ended", times=times - 1, asked=asks
        )
        self._state.rounds[round_] = 1
        if decided.outcome == "close" and decided.closing:
            self._control.close(decided.closing)

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
        kind, question = _KIND_OF[answer], _question(answer, about)
        if question in self._state.asked:
            return
        now = workflow.now()
        item = WorkItem(
            id=self._new_id(kind, about),
            kind=kind,
            asks=asks,
            opened_at=now,
            due_at=now + (due_in if due_in is not None else self._policy.due_for(kind)),
            offered_to=offered_to,
        )
        self._state.open[item.id] = item
        self._state.asked[question] = item.id
        self._journal.add(Opened(at=now, item=item))

    def change(self, answer: type[Resolution], *, about: str = "", **asks: Any) -> None:
        """Let the open item ask this now: it stays the same item, with its owner and its due time."""
        item = self.item(answer, about=about)
        if item is not None:
            self._state.open[item.id] = changed = item.model_copy(update={"asks": asks})
            self._journal.add(Opened(at=workflow.now(), item=changed))

    def _new_id(self, kind: WorkItemKind, about: str) -> str:
        """Depends only on the question and its number, not on other items."""
        name = "-".join(filter(None, (kind, about and _mark(about))))
        self._state.opened[name] = number = self._state.opened.get(name, 0) + 1
        return f"{self._referral_id}-{name}-{number}"

    def asked(self, answer: type[Resolution], *, about: str = "") -> bool:
        """Whether this was asked and its answer not taken yet."""
        return _question(answer, about) in self._state.asked

    def answered(self, answer: type[Resolution], *, about: str = "") -> bool:
        return self._state.asked.get(_question(answer, about), "") in self._state.answers

    def peek(self, answer: type[R], *, about: str = "") -> R | None:
        """The answer that nobody has taken yet, left where it is."""
        given = self._state.answers.get(self._state.asked.get(_question(answer, about), ""))
        return None if given is None else answer.model_validate(given)

    def untaken(self, answer: type[R]) -> dict[str, R]:
        """The answers of this kind that nobody has taken yet, by what they are about, left where they are."""
        questions = (question.partition(" ") for question in self._state.asked)
        subjects = [subject for kind, _, subject in questions if kind == _KIND_OF[answer]]
        return {about: given for about in subjects if (given := self.peek(answer, about=about)) is not None}

    def has_untaken(self, *kinds: WorkItemKind) -> bool:
        """Whether somebody has answered one of these, and nobody has taken the answer yet."""
        given = (question for question, item_id in self._state.asked.items() if item_id in self._state.answers)
        return any(question.partition(" ")[0] in kinds for question in given)

    def take(self, answer: type[R], *, about: str = "") -> R:
        """The answer, once: the same question asked after this is a new item."""
        return answer.model_validate(self._state.answers.pop(self._state.asked.pop(_question(answer, about))))

    def judge(self, request: ResolveWorkItem) -> Resolution:
        """The resolution that a request makes; changes nothing. Raises `resolutions.Refused`."""
        item = self._state.open.get(request.item_id)
        return judge(item, request.actor, _answer(request), self._about().known, workflow.now())

    def judge_signal(self, request: ResolveWorkItem) -> Resolution:
        """As `judge`. Each replay judges signals anew, so one from before is judged as it was then."""
        if workflow.patched(JUDGED_BY_STATE):
            return self.judge(request)
        return judge_shape(self._state.open.get(request.item_id), request.actor, _answer(request))

    def resolve(self, request: ResolveWorkItem) -> None:
        """Act on a request that was judged: it is not judged again, for rules may be stricter than they were."""
        item = self._state.open.pop(request.item_id)
        resolution = check(item.kind, _answer(request))
        given = resolution.model_dump(mode="json", exclude_defaults=True)
        self._state.answers[item.id] = given
        self._journal.add(
            Resolved(
                at=workflow.now(),
                actor=request.actor,
                message_id=request.message_id,
                item_id=item.id,
                kind=item.kind,
                resolution=given,
            )
        )

    def withdraw(self, *kinds: WorkItemKind, why: str, about: str | None = None, keep: Container[str] = ()) -> None:
        """Take back the open items of these kinds (only those `about` that), and forget answers not yet taken.

        Those about what is to `keep` stay.
        """
        for question, item_id in list(self._state.asked.items()):
            kind, _, subject = question.partition(" ")
            if kind in kinds and about in (None, subject) and subject not in keep:
                del self._state.asked[question]
                self._state.answers.pop(item_id, None)
                if self._state.open.pop(item_id, None):
                    self._journal.add(Withdrawn(at=workflow.now(), item_id=item_id, why=why))

    def drop(self, answer: type[Resolution], *, why: str, about: str | None = None) -> None:
        """Take back the item that asks this, if it is there."""
        self.withdraw(_KIND_OF[answer], why=why, about=about)

    def item(self, answer: type[Resolution], *, about: str = "") -> WorkItem | None:
        """The open item that asks this."""
        return self._state.open.get(self._state.asked.get(_question(answer, about), ""))

    def next_due(self) -> datetime | None:
        """When the first of the open items is due."""
        return min((item.due_at for item in self.open_items), default=None)

    def escalate(self, item: WorkItem) -> None:
        """Raise the level of an overdue item by one."""
        self._state.open[item.id] = item.model_copy(update={"level": item.level + 1})
        self._journal.add(Escalated(at=workflow.now(), item_id=item.id, level=item.level + 1))


def _answer(request: ResolveWorkItem) -> dict[str, Any]:
    return {**request.resolution, **({"note": request.note} if request.note else {})}


def _question(answer: type[Resolution], about: str) -> str:
    return f"{_KIND_OF[answer]} {about}"


def _mark(*parts: object) -> str:
    """A short hash of the parts."""
    return sha256(json.dumps(parts, default=str, sort_keys=True).encode()).hexdigest()[:8]
