"""Effects on the outside, and their compensations.

An activity that can never succeed becomes a `reconcile` work item, never a failed workflow. Each effect that must be
undone registers its compensation by name; leaving the process early runs them in reverse.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from temporalio.workflow import ActivityConfig, ActivityHandle

from firstdose.domain.work.resolutions import Reconcile
from workflows.mechanism.calls import CallFailed, call
from workflows.mechanism.control import Control
from workflows.mechanism.journal import Journal
from workflows.mechanism.worklist import Worklist

A = TypeVar("A")
T = TypeVar("T")
Compensation = Callable[[], Awaitable[None]]


class Effects:
    """`to_undo` names the compensations that are due, in the order of what they undo."""

    def __init__(self, control: Control, worklist: Worklist, journal: Journal, to_undo: list[str]) -> None:
        self._control = control
        self._worklist = worklist
        self._journal = journal
        self._to_undo = to_undo
        self._compensations: dict[str, Compensation] = {}
        self.calls: dict[str, ActivityHandle[Any]] = {}
        """Calls to the payer that go on although the track that made them starts again, by their key."""

    def compensate_with(self, compensations: Mapping[str, Compensation]) -> None:
        """What each name stands for."""
        self._compensations |= compensations

    async def attempt(
        self,
        activity: Callable[[Any, A], Awaitable[T]],
        arg: A,
        config: ActivityConfig,
        summary: str,
        *,
        on_hold: bool = False,
    ) -> T | str:
        """Do it, or answer the code of the problem: for effects that people can take over. Undoing goes on on hold."""
        if not on_hold:
            await self._control.ready()
        try:
            return await call(activity, arg, config, summary)
        except CallFailed as failure:
            self.failed(summary, failure.problem)
            return failure.problem

    def failed(self, step: str, problem: str) -> None:
        """Keep in the audit that a step cannot be done."""
        self._journal.note("activity.failed", step=step, problem=problem)

    async def do(self, activity: Callable[[Any, A], Awaitable[T]], arg: A, config: ActivityConfig, summary: str) -> T:
        """Do it; after a permanent failure a person decides when to try again or how the referral ends."""
        while True:
            result = await self.attempt(activity, arg, config, summary)
            if not isinstance(result, str):
                return result
            answer = await self._worklist.ask(Reconcile, about=summary, step=summary, problem=result)
            if answer.outcome == "close" and answer.closing:
                self._control.close(answer.closing)

    async def tell(
        self,
        activity: Callable[[Any, A], Awaitable[None]],
        arg: A,
        config: ActivityConfig,
        summary: str,
        *,
        on_hold: bool = False,
    ) -> None:
        """Do what has no result; here a person may also have done it by hand.

        In a referral that is closed already, to close it is to let this be.
        """
        while isinstance(problem := await self.attempt(activity, arg, config, summary, on_hold=on_hold), str):
            answer = await self._worklist.ask(Reconcile, about=summary, step=summary, problem=problem, by_hand=True)
            if answer.outcome == "close" and answer.closing and not self._control.leaving:
                self._control.close(answer.closing)
            if answer.outcome in ("done", "close"):
                return

    def undo_with(self, name: str) -> None:
        """From now on leaving early runs this compensation."""
        if name not in self._to_undo:
            self._to_undo.append(name)

    def pending(self, name: str) -> bool:
        return name in self._to_undo

    def settled(self, name: str) -> None:
        """Drop a compensation: it was done already, or the effect has served its purpose."""
        if name in self._to_undo:
            self._to_undo.remove(name)

    async def undo(self, name: str) -> None:
        """Run one compensation now, if it is due."""
        if self.pending(name):
            await self._compensations[name]()
            self.settled(name)
            self._journal.note("compensated", step=name)

    async def undo_all(self) -> None:
        for name in reversed(list(self._to_undo)):
            await self.undo(name)

    def cancel_call(self, key: str | None) -> None:
        """Cancel a call that nothing waits for any more, if it is running."""
        if handle := self.calls.pop(key or "", None):
            handle.cancel()
