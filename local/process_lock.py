"""Ties a process to another's life: a lock that is held by living, and a signal when the parent dies."""

import asyncio
import ctypes
import fcntl
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class ProcessLockTaken(Exception):
    """One line: a living process holds the lease."""


class ProcessLock:
    """A file lock held by whoever has the open file, inherited by children and gone with the last of them.

    Unlike a pid file it cannot go stale: that it can be taken proves that no earlier holder is alive.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def take(self) -> int:
        """The open file that holds the lease until it is closed. Raises LeaseTakenError."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise ProcessLockTaken(f"{self.path} is held by process {self.holder() or 'unknown'}") from None
        self.note(descriptor, None)
        return descriptor

    def note(self, descriptor: int, pid: int | None) -> None:
        """Write down who holds the lease, for messages and for `evict`."""
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(pid or "").encode(), 0)

    def holder(self) -> int | None:
        """The pid noted by the last holder; only the lock itself proves that it lives."""
        text = self.path.read_text() if self.path.exists() else ""
        return int(text) if text.isdigit() else None

    @asynccontextmanager
    async def held(self, *, patience: float) -> AsyncIterator[int]:
        """Hold the lease, waiting up to `patience` seconds for an earlier holder to die. Raises LeaseTakenError."""
        deadline = asyncio.get_running_loop().time() + patience
        while True:
            try:
                descriptor = self.take()
                break
            except ProcessLockTaken:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(0.02)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    async def evict(self, *, patience: float) -> None:
        """Give an earlier holder `patience` seconds to end, then kill it. Only for whoever owns the directory."""
        try:
            async with self.held(patience=patience):
                return
        except ProcessLockTaken:
            if pid := self.holder():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        async with self.held(patience=patience):
            return


def die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    """What the forked child runs so that the kernel signals it when its parent dies; None where no kernel can.

    The kernel watches the *thread* that forked: fork from the main thread.
    """
    if _LIBC is None:
        return None
    parent = os.getpid()

    def tie() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(death_signal))
        if os.getppid() != parent:  # it died before the kernel was told
            os.kill(os.getpid(), signal.SIGKILL)

    return tie
