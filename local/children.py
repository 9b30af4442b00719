"""One child process of the local stack: started, proven ready, stopped, and ended with its parent however that ends."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Self

from local.log_file import LogFile
from local.process_lock import ProcessLock, ProcessLockTaken, die_with_parent

_LINES_SHOWN = 15
_LAST_WORDS = 1.0
"""Seconds that an ended process's own children may keep its log open."""

Ready = Callable[[], Awaitable[bool]]


class StartFailedError(Exception):
    """A process did not come up: one line that says which and why, then the end of its log."""


class Account(NamedTuple):
    """The system user that a child runs as."""

    uid: int
    gid: int


class Child:
    """A process started from `command`, with exactly `environment`, its output in the file `log` and its elders.

    While it lives it holds the lease in the file `lock`. It is ready when `ready` says so, or at once.
    """

    stop_signal = signal.SIGTERM
    orphan_signal = signal.SIGKILL
    account: Account | None = None
    directory: Path | None = None
    lease_patience = 10.0
    """Seconds that a start waits for an earlier run's process to die."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        lock: Path,
        log: Path,
        environment: Mapping[str, str],
        ready: Ready | None = None,
        patience: float = 30,
    ) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.environment = environment
        self.patience = patience
        self.lease = ProcessLock(lock)
        self.up = asyncio.Event()
        """Set from the moment it has proven ready until it dies."""
        self.started: datetime | None = None
        """When its process was last started, UTC."""
        self._ready = ready
        self._process: asyncio.subprocess.Process | None = None
        self._log_file = LogFile(log)

    async def prepare(self, lease: int) -> None:
        """What must be done before each start, while the open file `lease` is held."""

    async def answers(self) -> bool:
        """Whether it does its work now; asked again and again while it starts."""
        return self._ready is None or await self._ready()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start it and return once it answers. Raises StartFailedError."""
        try:
            await self._launch()
            await self._until_ready()
        except BaseException:
            await self._give_up()
            raise
        self.up.set()

    async def run(self) -> None:
        """Start it and return once it has done its work and ended. Raises StartFailedError unless it ended with 0."""
        try:
            await self._launch()
            code = await self.exited()
        except BaseException:
            await self._give_up()
            raise
        if code:
            raise self._failed(ending(code))

    async def exited(self) -> int:
        """Its exit code, negative for a signal, once it has ended."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return await self.ended(self._process)

    async def stop(self, *, grace: float = 15) -> None:
        """Ask it to end, and kill it after `grace` seconds."""
        if self._process is None:
            return
        if self.pid:
            self._process.send_signal(self.stop_signal)
        try:
            await asyncio.wait_for(self._process.wait(), grace)
        except TimeoutError:
            self.kill()
            await self._process.wait()
        finally:
            self.up.clear()
            await self._log_file.drain(_LAST_WORDS)
            await self._log_file.close()

    def kill(self) -> None:
        """End it as a crash would."""
        self.up.clear()
        if self._process and self.pid:
            with suppress(ProcessLookupError):
                self._process.kill()

    async def _give_up(self) -> None:
        """A start that failed leaves nothing behind."""
        self.kill()
        if self._process:
            await self.ended(self._process)
        await self._log_file.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _launch(self) -> None:
        self.lease.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._log_file.begin()
        try:
            async with self.lease.held(patience=self.lease_patience) as lease:
                await self.prepare(lease)
                self.started = datetime.now(UTC)
                self._process = await self.spawn(self.command, lease=lease, orphan_signal=self.orphan_signal)
                self.lease.note(lease, self._process.pid)
        except (OSError, ProcessLockTaken) as error:
            raise self._failed(str(error)) from error

    async def spawn(
        self, command: Sequence[str], *, lease: int, orphan_signal: signal.Signals
    ) -> asyncio.subprocess.Process:
        """Start a process that holds `lease`, logs to `log` and gets `orphan_signal` when this process dies."""
        sink = await self._log_file.pipe()
        try:
            return await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                env=dict(self.environment),
                cwd=self.directory,
                user=self.account.uid if self.account else None,
                group=self.account.gid if self.account else None,
                extra_groups=[] if self.account else None,
                pass_fds=(lease,),
                # Its own session: Ctrl-C in the terminal is for the stack, which then stops its children in order.
                start_new_session=True,
                preexec_fn=die_with_parent(orphan_signal),
            )
        finally:
            os.close(sink)

    async def ended(self, process: asyncio.subprocess.Process) -> int:
        """The exit code of a process that `spawn` started, once it has ended and its last words are in the log."""
        code = await process.wait()
        await self._log_file.drain(_LAST_WORDS)
        return code

    async def _until_ready(self) -> None:
        deadline = asyncio.get_running_loop().time() + self.patience
        while not await self.answers():
            if self._process and self._process.returncode is not None:
                raise self._failed(ending(await self.ended(self._process)))
            if asyncio.get_running_loop().time() > deadline:
                raise self._failed(f"no answer in {self.patience:.0f} s")
            await asyncio.sleep(0.03)

    def _failed(self, why: str) -> StartFailedError:
        end = [f"  {line}" for line in self._log_file.recent(_LINES_SHOWN)]
        return StartFailedError("\n".join([f"{self.name} did not start: {why}. Log: {self.log}", *end]))


def ending(code: int) -> str:
    """An exit code in words."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
