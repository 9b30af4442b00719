"""Keeps the local stack's children alive: a dead one is started again, with the same ports and state."""

import asyncio
from collections.abc import Callable, Mapping

from local.children import Child, StartFailedError, ending

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0
_SETTLED = 10.0
"""Seconds of life after which a child's next death counts as its first."""


class Supervisor:
    """Starts children in order, watches them, stops them in reverse order.

    `report` gets one line for each death and return; `changed` the pids by name after each change.
    """

    def __init__(self, *, report: Callable[[str], None], changed: Callable[[Mapping[str, int]], None]) -> None:
        self.children: dict[str, Child] = {}
        self._report = report
        self._changed = changed
        self._watches: list[asyncio.Task[None]] = []

    async def start(self, *children: Child) -> None:
        """Start children side by side; once all answer, return and keep them alive. Raises StartFailedError."""
        self.children |= {child.name: child for child in children}
        # All are awaited, also after a failure: none may still be starting while the others are stopped.
        outcomes = await asyncio.gather(*(child.start() for child in children), return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome
        self._watches += [asyncio.create_task(self._watch(child), name=f"watch {child.name}") for child in children]
        self._changed(self.pids())

    async def stop(self) -> None:
        """Stop every child, the last started first."""
        for watch in self._watches:
            watch.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)
        for child in reversed(self.children.values()):
            await child.stop()
            self._changed(self.pids())

    async def crash(self, name: str) -> None:
        """Kill a child as `kill -9` would and return once its successor answers."""
        child = self.children[name]
        child.kill()
        await child.up.wait()

    def pids(self) -> dict[str, int]:
        """The living children."""
        return {name: child.pid for name, child in self.children.items() if child.pid}

    async def _watch(self, child: Child) -> None:
        clock = asyncio.get_running_loop().time
        failures = 0
        while True:
            started = clock()
            code = await child.exited()
            child.up.clear()
            self._changed(self.pids())
            self._report(f"{child.name} ended ({ending(code)}), starting it again")
            failures = 0 if clock() - started > _SETTLED else failures
            failures = await self._revive(child, failures)

    async def _revive(self, child: Child, failures: int) -> int:
        """Start it again, however often it takes; how often it has failed to live by now."""
        while True:
            await asyncio.sleep(min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**failures))
            failures += 1
            try:
                await child.start()
            except StartFailedError as failed:
                self._report(str(failed).partition("\n")[0])
            else:
                self._changed(self.pids())
                self._report(f"{child.name} is back, process {child.pid}")
                return failures
