"""The log of a child: what it writes into its pipe, in a file that makes room for a new one when it is full."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

_MOST_BYTES = 10 * 2**20
_OLDER = 3
_RECENT_BYTES = 8192


class LogFile:
    """Appends to `path`. Once that has `most` bytes it becomes `<path>.1`, `.1` becomes `.2`, and so on up to `older`.

    A line is never torn, and none is lost but with the oldest file, or when the disk is full.
    """

    def __init__(self, path: Path, *, most: int = _MOST_BYTES, older: int = _OLDER) -> None:
        self.path = path
        self._most = most
        self._older = older
        self._recent = b""
        self._open: dict[_Pump, asyncio.BaseTransport] = {}
        self._silent = asyncio.Event()
        self._silent.set()

    def begin(self) -> None:
        """A process starts: what is recent begins with it."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._recent = b""
        self._append(b"")

    def recent(self, lines: int) -> list[str]:
        """The last lines since `begin`, as far back as a few kilobytes."""
        return self._recent.decode(errors="replace").splitlines()[-lines:]

    async def pipe(self) -> int:
        """The end of a pipe for a process to write into, to be closed here once the process has it."""
        source, sink = os.pipe()
        loop = asyncio.get_running_loop()
        transport, pump = await loop.connect_read_pipe(lambda: _Pump(self, self._lost), os.fdopen(source, "rb", 0))
        self._open[pump] = transport
        self._silent.clear()
        return sink

    async def drain(self, patience: float) -> None:
        """Until all that was written is in the file, and whoever wrote has ended; at most `patience` seconds."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._silent.wait(), patience)

    async def close(self) -> None:
        """Listen no more to whoever may still write."""
        for transport in self._open.values():
            transport.close()
        await self._silent.wait()

    def _lost(self, pump: "_Pump") -> None:
        del self._open[pump]
        if not self._open:
            self._silent.set()

    def write(self, data: bytes) -> None:
        self._recent = (self._recent + data)[-_RECENT_BYTES:]
        # The child must not suffer from what happens to its log.
        with suppress(OSError):
            if self._is_full() and b"\n" in data:
                line, newline, data = data.partition(b"\n")
                self._append(line + newline)
                self._make_room()
            self._append(data)

    def _is_full(self) -> bool:
        return self.path.exists() and self.path.stat().st_size >= self._most

    def _append(self, data: bytes) -> None:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(data)

    def _make_room(self) -> None:
        files = [self.path, *(self.path.with_name(f"{self.path.name}.{number + 1}") for number in range(self._older))]
        for newer, older in reversed([*pairwise(files)]):
            if newer.exists():
                newer.replace(older)


class _Pump(asyncio.Protocol):
    """Carries what comes out of a pipe into a log until every writer has closed it."""

    def __init__(self, log: LogFile, lost: Callable[["_Pump"], None]) -> None:
        self._log = log
        self._lost = lost

    def data_received(self, data: bytes) -> None:
        self._log.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(self)
