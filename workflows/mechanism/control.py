"""Stops, holds and restarts the tracks of a referral while they wait: every wait of the process uses this module."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, NoReturn

from pydantic import Field
from temporalio import workflow

from firstdose.domain.work.stage import Closing
from workflows.messages import Hold


class Interrupted(Exception):
    """A track must stop where it waits."""


class Closed(Interrupted):
    """The referral ends here."""

    def __init__(self, closing: Closing) -> None:
        super().__init__(closing)
        self.closing = closing


class StartAgain(Interrupted):
    """A finished part is stale: each track starts again from its beginning."""


@dataclass
class Control:
    """What interrupts and what delays the tracks of one referral."""

    closing: Closing | None = None
    hold: Hold | None = None
    again: bool = False
    """Every track must start from its beginning."""
    leaving: Annotated[bool, Field(exclude=True)] = False
    """Whether only compensations are left. A referral that is started again finds its closing and leaves again."""

    def close(self, closing: Closing) -> NoReturn:
        """End the referral from inside a track; the other tracks stop at their next step."""
        self.request_closing(closing)
        raise Closed(self.closing or closing)

    def request_closing(self, closing: Closing) -> None:
        """End the referral from outside; the first reason stands."""
        self.closing = self.closing or closing

    def request_start_again(self) -> None:
        self.again = True

    def begin_again(self) -> None:
        """Every track has stopped and may start from its beginning."""
        self.again = False

    def leave(self, closing: Closing) -> None:
        """Every track has ended: only compensations follow, which nothing interrupts or delays."""
        self.leaving, self.closing = True, closing
        self.hold = None

    @property
    def interrupting(self) -> bool:
        return not self.leaving and (self.again or self.closing is not None)

    def check_open(self) -> None:
        """Raise Closed if the referral ends, as one that is started again may find."""
        if self.closing:
            raise Closed(self.closing)

    def check(self) -> None:
        """Raise what interrupts, if anything does."""
        if self.leaving:
            return
        if self.closing:
            raise Closed(self.closing)
        if self.again:
            raise StartAgain

    async def until(
        self, condition: Callable[[], bool], *, timeout: timedelta | None = None, summary: str | None = None
    ) -> bool:
        """Wait until the condition is true, or, for False, until the time is over.

        What has happened is not lost to a new start: a condition that is true wins over `StartAgain`, but not over
        `Closed`.
        """
        if timeout is not None and timeout <= timedelta():
            timeout = timedelta()
        try:
            await workflow.wait_condition(
                lambda: condition() or self.interrupting, timeout=timeout, timeout_summary=summary
            )
        except TimeoutError:
            self.check()
            return condition()
        if self.closing is not None or not condition():
            self.check()
        return True

    async def until_time(self, at: datetime, summary: str) -> None:
        """Wait until this time; return at once if it has passed."""
        if (left := at - workflow.now()) > timedelta():
            await self.until(lambda: False, timeout=left, summary=summary)

    async def ready(self) -> None:
        """Before each step: not while the referral is on hold."""
        await self.until(lambda: self.hold is None)
        self.check()


async def all_of(*verbs: Coroutine[Any, Any, None]) -> None:
    """Run tracks side by side until all have ended; then raise what interrupted them, closing first.

    An exception that is no interruption is a bug: it leaves at once, so that it fails the workflow task and shows.
    """

    async def ended(verb: Coroutine[Any, Any, None]) -> Interrupted | None:
        try:
            await verb
        except Interrupted as interruption:
            return interruption
        return None

    interruptions = [each for each in await asyncio.gather(*(ended(verb) for verb in verbs)) if each]
    for interruption in sorted(interruptions, key=lambda each: not isinstance(each, Closed)):
        raise interruption
