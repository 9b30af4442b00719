"""Contact with the payer electronically, and people who take over when it takes too long: whoever is first wins.

The electronic attempt goes on beside the work item, so a payer that comes back closes the item by itself.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio.workflow import ActivityHandle

from firstdose.domain.work.resolution import Resolution
from workflows import options
from workflows.mechanism.calls import failure_of, start
from workflows.mechanism.control import Closed, StartAgain
from workflows.mechanism.track import Track

A = TypeVar("A")
T = TypeVar("T")
R = TypeVar("R", bound=Resolution)


class NotWanted(Exception):
    """The question has been settled otherwise while the call was running, and the call goes on."""


class PeopleFallback(Track):
    async def race(
        self,
        activity: Callable[[Any, A], Awaitable[T]],
        request: A,
        summary: str,
        people: type[R],
        *,
        key: str,
        unless: Callable[[], bool] = lambda: False,
        **asks: Any,
    ) -> T | R:
        """The payer's own answer, or the answer of the person who reached it otherwise.

        A call under way outlives a new start: asked again under the same `key`, it is that call which is awaited.
        Raises Interrupted, or NotWanted once nobody waits for it any more.
        """
        await self.control.ready()
        contact: ActivityHandle[T] | None = self.effects.calls.pop(key, None)
        if contact is None:
            contact = start(activity, request, options.payer(self.case.policy.payer.keep_trying), summary)
        try:
            answer = await self._first_of(contact, summary, people, unless, **asks)
        except (StartAgain, NotWanted):
            self.effects.calls[key] = contact
            raise
        except Closed:
            contact.cancel()
            raise
        contact.cancel()
        return answer

    async def _first_of(
        self, contact: ActivityHandle[T], summary: str, people: type[R], unless: Callable[[], bool], **asks: Any
    ) -> T | R:
        patience, problem = self.case.policy.payer.give_up_after, "payer_unavailable"
        await self.control.until(
            lambda: contact.done() or unless() or self.worklist.asked(people),
            timeout=patience,
            summary=f"{summary}: people take over",
        )
        if contact.done():
            if (failed := failure_of(contact)) is None:
                self.worklist.drop(people, why="the payer answered electronically")
                return contact.result()
            problem = failed
            self.effects.failed(summary, problem)
        return await self._beside_people(contact, people, problem, unless, **asks)

    async def _beside_people(
        self, contact: ActivityHandle[T], people: type[R], problem: str, unless: Callable[[], bool], **asks: Any
    ) -> T | R:
        def answered() -> bool:
            return contact.done() and failure_of(contact) is None

        if unless():
            raise NotWanted
        self.worklist.open(people, problem=problem, **asks)
        await self.control.until(lambda: self.worklist.answered(people) or answered() or unless())
        if self.worklist.answered(people):
            return self.worklist.take(people)
        if not answered():
            raise NotWanted
        self.worklist.drop(people, why="the payer answered electronically")
        return contact.result()
