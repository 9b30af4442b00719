"""The workers of several task queues, which stop side by side: a process takes no longer than its slowest worker."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager


@asynccontextmanager
async def side_by_side(workers: Iterable[AbstractAsyncContextManager[object]]) -> AsyncIterator[None]:
    """They work within the context; one that fails ends it and the others. Raises ExceptionGroup with its error."""
    stopping = asyncio.Event()
    async with asyncio.TaskGroup() as running:
        for worker in workers:
            running.create_task(_work(worker, stopping))
        try:
            yield
        finally:
            stopping.set()


async def _work(worker: AbstractAsyncContextManager[object], stopping: asyncio.Event) -> None:
    async with worker:
        try:
            await stopping.wait()
        finally:
            stopping.set()  # one that fails does not let the others wait until it has stopped
