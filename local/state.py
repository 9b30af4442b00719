"""The state directory of the local stack: its lock, its files (all readable by their owner alone) and its secrets."""

import asyncio
import base64
import json
import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

from local.process_lock import ProcessLock, ProcessLockTaken

Json = TypeVar("Json")

_KEYS = "keys"

SOURCE = "springfield-general"
"""The referral source that the local stack knows."""


class StateInUseError(Exception):
    """One line: another stack works on this state."""


class KeysMissingError(Exception):
    """One line: there is a database, but not the keys that it was begun with."""


class Secrets(NamedTuple):
    """What the stack made up at its first start, as the settings variables want it."""

    keys: str
    sources: dict[str, str]
    billing: str


class StateDirectory:
    """Everything of one local stack that outlives it. Raises StateInUseError when another stack has it open."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lease = ProcessLock(self.path / "lock")
        self._held: int | None = None

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def __enter__(self) -> Self:
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        try:
            self._held = self._lease.take()
        except ProcessLockTaken:
            owner = self._lease.holder()
            raise StateInUseError(f"A local stack is already running on {self.path} (process {owner}).") from None
        self._lease.note(self._held, os.getpid())
        return self

    def __exit__(self, *_: object) -> None:
        if self._held is not None:
            os.close(self._held)
            self._held = None

    async def clear_remains(self) -> None:
        """End what an earlier, killed run left behind: its addresses, and whatever still holds a child's lock."""
        self.remove("addresses.json")
        await asyncio.gather(*(ProcessLock(path).evict(patience=5) for path in self.path.glob("*.lock")))

    def write(self, name: str, value: object) -> Path:
        """Replace a JSON file in one step."""
        return self.write_text(name, json.dumps(value, indent=2) + "\n")

    def write_text(self, name: str, text: str) -> Path:
        """Replace a file in one step; nobody but the owner can read it."""
        descriptor, fresh = tempfile.mkstemp(prefix=f".{name}-", dir=self.path)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        return Path(fresh).replace(self.path / name)

    def remove(self, name: str) -> None:
        """Remove a file that is no longer true."""
        (self.path / name).unlink(missing_ok=True)

    def read(self, name: str, absent: Json) -> Json:
        """A JSON file written earlier, or `absent`."""
        file = self.path / name
        if not file.exists():
            return absent
        content: Json = json.loads(file.read_text())
        return content

    def keep(self, name: str, make: Callable[[], str]) -> str:
        """The text in a file, made on the first start and the same ever after."""
        file = self.path / name
        if not file.exists():
            self.write_text(name, make())
        return file.read_text()

    def require_keys(self, *, begun: bool) -> None:
        """New keys are for a new database: with others a `begun` one cannot be read. Raises KeysMissingError."""
        file = self.path / _KEYS
        if begun and not file.exists():
            raise KeysMissingError(
                f"{file} is missing, with the keys that the database was begun with. Put it back; to begin anew, "
                f"remove {self.path} and use an empty database."
            )

    def secrets(self) -> Secrets:
        """The stack's secrets, made on the first start; `sources.json` among them."""
        sources = self.read("sources.json", {SOURCE: _webhook_secret()})
        self.write("sources.json", sources)
        return Secrets(
            keys=self.keep(_KEYS, lambda: f"k1:{_random_base64()}"),
            sources=sources,
            billing=self.keep("billing-secret", _webhook_secret),
        )


def _random_base64() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _webhook_secret() -> str:
    return f"whsec_{_random_base64()}"
