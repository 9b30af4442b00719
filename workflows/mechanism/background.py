"""Background tasks that run as long as the workflow does. A failed one fails the workflow task."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from temporalio import workflow

T = TypeVar("T")


class StrandFailed(RuntimeError):
    """A bug: it fails the workflow task, which Temporal shows and retries until it is fixed.

    It is no failure of Temporal's own kinds: these would end the referral.
    """


async def beside(story: Coroutine[Any, Any, T], *strands: Coroutine[Any, Any, None]) -> T:
    """The story's result; the strands are cancelled with it. Raises StrandFailed if one of them or the story fails.

    That the workflow is cancelled reaches the story alone.
    """
    main = asyncio.create_task(story)
    others = [asyncio.create_task(strand) for strand in strands]
    while not main.done():
        try:
            await workflow.wait([main, *others], return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            main.cancel()
            continue
        for strand in others:
            if strand.done():
                raise StrandFailed("a strand beside the story ended") from strand.exception()
    for strand in others:
        strand.cancel()
    try:
        return main.result()
    except Exception as error:
        raise StrandFailed("the story ended with an error") from error
