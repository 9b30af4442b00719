"""Effects on the outside, and their undoing.

An activity that can never succeed becomes a `reconcile` work item, never a failed workflow. Each effect that must be
undone registers its compensation; leaving the process early runs them in reverse.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception
from temporalio.workflow import ActivityConfig

from firstdose.domain.resolutions import Reconcile
from workflows import options
from workflows.control import Control
from workflows.journal import Journal
from workflows.worklist import Worklist

A = TypeVar("A")
T = TypeVar("T")


def problem_of(failure: ActivityError) -> str:
    """The code of what went wrong; an exception of another kind is `unavailable`."""
    cause = failure.cause
    return (cause.type if isinstance(cause, ApplicationError) else None) or "unavailable"


class Effects:
    def __init__(self, control: Control, worklist: Worklist, journal: Journal) -> None:
        self._control = control
        self._worklist = worklist
        self._journal = journal
        self._undo: dict[str, Callable[[], Awaitable[None]]] = {}

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
            return await workflow.execute_activity_method(activity, arg, **options.named(config, summary))
        except ActivityError as failure:
            if is_cancelled_exception(failure):
                raise
            self._journal.note("activity.failed", step=summary, problem=problem_of(failure))
            return problem_of(failure)

    async def do(self, activity: Callable[[Any, A], Awaitable[T]], arg: A, config: ActivityConfig, summary: str) -> T:
        """Do it; what can never succeed waits for a person, who says when to try again or how the referral ends."""
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

    def undo_with(self, name: str, undo: Callable[[], Awaitable[None]]) -> None:
        """From now on leaving early runs `undo`."""
        self._undo[name] = undo

    def pending(self, name: str) -> bool:
        return name in self._undo

    def settled(self, name: str) -> None:
        """Nothing is left to undo here: it was undone already, or has served its purpose."""
        self._undo.pop(name, None)

    async def undo(self, name: str) -> None:
        """Run one compensation now, if it is there."""
        if undo := self._undo.get(name):
            await undo()
            self.settled(name)
            self._journal.note("compensated", step=name)

    async def undo_all(self) -> None:
        for name in reversed(list(self._undo)):
            await self.undo(name)
