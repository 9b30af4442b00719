"""What a running `firstdose dev` or `demo` left in its state directory: addresses, staff tokens, sources' secrets."""

import json
import os
from pathlib import Path
from typing import Final, Self

from desk.cli.failure import Failure
from firstdose.domain.work.role import Role

_OF_DEMO: Final = "demo"
"""Where in the state directory `firstdose demo` keeps its own."""


class LocalStackFiles:
    """The state directory, read file by file when asked; one without a file reads as empty."""

    def __init__(self, state: Path) -> None:
        self._state = state

    @classmethod
    def running(cls, state: Path) -> Self:
        """Of the stack that runs: `firstdose dev` on this directory, else a `firstdose demo` inside it."""
        dev, demo = cls(state), cls(state / _OF_DEMO)
        return demo if demo.runs and not dev.runs else dev

    @property
    def runs(self) -> bool:
        """It has told where it answers, and its process is still there: a killed one cannot take that back."""
        if self.address("desk") is None:
            return False
        process = self._content("pids").get("stack")
        return not isinstance(process, int) or _is_there(process)

    def address(self, of: str) -> str | None:
        """`of` is a key of `addresses.json`: desk, temporal, temporal_ui, database, payer or namespace."""
        return self._read("addresses").get(of)

    def token(self, role: Role) -> str:
        """Raises Failure if the stack has no such user."""
        token = self._read("tokens").get(role)
        if token is None:
            raise Failure(f"{self._state} holds no token for the role {role}: start the stack with `firstdose dev`")
        return token

    def environment(self) -> dict[str, str]:
        """The settings of a running stack's processes, as far as an operator needs them; empty if none runs."""
        given = {
            "DATABASE_URL": self.address("database"),
            "TEMPORAL_ADDRESS": self.address("temporal"),
            "TEMPORAL_NAMESPACE": self.address("namespace"),
            "FIRSTDOSE_URL": self.address("desk"),
            "FIRSTDOSE_KEYS": self._text("keys"),
            "FIRSTDOSE_PLAIN_PAYLOADS": "true",
            "FIRSTDOSE_STATE": str(self._state),
        }
        return {name: value for name, value in given.items() if value} if given["DATABASE_URL"] else {}

    def source_secrets(self) -> dict[str, str]:
        """Webhook secrets by the name of the source."""
        return self._read("sources")

    def _read(self, name: str) -> dict[str, str]:
        return {key: value for key, value in self._content(name).items() if isinstance(value, str)}

    def _content(self, name: str) -> dict[str, object]:
        try:
            content: dict[str, object] = json.loads(self._text(f"{name}.json") or "{}")
        except ValueError:
            raise Failure(f"{self._state / name}.json is damaged: stop the local stack and start it again") from None
        return content

    def _text(self, name: str) -> str | None:
        try:
            return (self._state / name).read_text()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Failure(f"{self._state / name}: cannot be read ({error.strerror})") from None


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        return True
    return True
