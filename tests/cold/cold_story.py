"""A story on the real server in which each action meets a worker that has just started, and is replayed after it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, Literal, Self

from temporalio.service import RPCError

from desk.cli.replay import judge, replayer
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.authorization.lines import PayerAnswer
from firstdose.domain.policy import EscalationRule, NurseDispatch, PatientContact, PayerContact, Policy, UndoRule
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.cold.one_at_a_time import at_rest
from tests.process.outside import AGELESS
from tests.process.story import Answer, Story
from workflows.messages import PayerAnswered
from workflows.referral import ReferralWorkflow

PATIENCE: Final = 30.0
"""How long what takes milliseconds on a quiet machine may take, in seconds."""

SHORTLY: Final = timedelta(seconds=1)

By = Literal["notification", "inquiry"]


def quick(by: By = "notification") -> Policy:
    """Timers that a test can wait for. Where the payer tells us by itself, it is not asked before the test is over."""
    return Policy(
        ages=AGELESS,
        due={K.FOLLOW_UP_PAYER: SHORTLY},
        contact=PatientContact(apart=SHORTLY, attempts=2),
        escalation=EscalationRule(levels=0),
        dispatch=NurseDispatch(lead=timedelta(days=3), report_early=timedelta(days=3)),
        undo=UndoRule(nurse_within=SHORTLY, within=SHORTLY),
        payer=PayerContact(inquire_every=SHORTLY / 2 if by == "inquiry" else timedelta(hours=7)),
    )


class NotReplayable(Exception):
    """The history and the workflow's code differ."""


@dataclass
class ColdStory(Story):
    """`cold` are the kinds of items that are resolved with a worker that has just started."""

    keyring: Keyring = field(kw_only=True)
    cold: Collection[K] = frozenset(K)
    words: list[PayerAnswer] = field(default_factory=list)
    """What the payer has yet to say about its first request."""
    by: By = "notification"
    payer_after: int = 0
    """After how many answers of staff the payer speaks."""
    oldest_first: bool = True
    """In which order staff answer."""
    resolved: list[K] = field(default_factory=list)
    _asked_of_staff: list[tuple[WorkItem, Answer]] = field(default_factory=list)

    async def __aexit__(self, *error: object) -> None:
        with suppress(RPCError):
            await self.handle.terminate()
        await super().__aexit__(*error)

    async def _answer(self, item: WorkItem) -> None:
        """Staff answer later, when the workflow has come to rest."""
        self.items.append(item)
        if (answer := self._scripted(item)) is not None:
            self._asked_of_staff.append((item, answer))

    async def ends(self) -> Closing:
        """Everybody does what there is to do, one after the other, and time passes."""
        while not await self.rests():
            await self._next()
        return await self.handle.result()

    async def all_resolved(self) -> None:
        """Until staff have resolved one item of each cold kind."""
        while not set(self.cold) <= set(self.resolved):
            assert not await self.rests(), f"never asked: {set(self.cold) - set(self.resolved)}"
            await self._next()

    async def settles(self) -> Self:
        """Until nobody has anything to do but what the script leaves lying."""
        while not await self.rests() and (self._asked_of_staff or self.words):
            await self._next()
        return self

    async def _next(self) -> None:
        staff = self._asked_of_staff
        if self.words and self.outside.requests and (len(self.resolved) >= self.payer_after or not staff):
            word = self.words.pop(0)
            await self.acts(lambda: self.payer_says(word))
        elif staff:
            await self._resolves(*staff.pop(0 if self.oldest_first else -1))
        else:
            await self.acts(self._time_passes)

    async def _resolves(self, item: WorkItem, answer: Answer) -> None:
        async def resolve() -> None:
            await (self.resolve(item, answer) if self.by_update else self.signals(item, answer))

        await (self.acts(resolve) if item.kind in self.cold else resolve())
        self.resolved.append(item.kind)

    async def steers(self, update: Any, request: Any) -> Any:
        """As `steer`, with a worker that has just started."""
        return await self.acts(lambda: self.steer(update, request))

    async def acts(self, action: Callable[[], Awaitable[Any]]) -> Any:
        """Somebody acts on a referral at rest that its worker does not know. Raises NotReplayable."""
        await self.rests()
        await self._stack.aclose()
        await self._start_workers()
        try:
            async with asyncio.timeout(PATIENCE):
                outcome = await action()
                await self.rests()
        finally:
            await self.replays()
        return outcome

    async def rests(self) -> bool:
        """Wait until nobody works on the referral; whether it has ended."""
        async with asyncio.timeout(PATIENCE):
            return await at_rest(self.env.client, self.handle.id)

    async def replays(self) -> None:
        replayed = await judge(replayer(self.keyring), self.handle.id, await self.handle.fetch_history())
        if replayed.reason:
            raise NotReplayable(replayed.reason)

    async def payer_says(self, word: PayerAnswer) -> None:
        contact = self.outside.requests[0].key
        if self.by == "notification":
            self.outside.stored[contact] = word
            await self.handle.signal(ReferralWorkflow.payer_answered, PayerAnswered(contact_id=contact))
        else:
            heard = self.outside.notes.count("authorization.lines")
            self.outside.decisions.append((timedelta(), word))
            await self.until(lambda: self.outside.notes.count("authorization.lines") > heard)

    async def _time_passes(self) -> None:
        """Until a timer asks something of somebody, or the referral ends."""
        asked = len(self.items)
        await self.until(lambda: len(self.items) > asked or self.outside.standing.stage.is_end)
