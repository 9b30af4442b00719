"""The staff token that the command line acts with: given, logged in, or one of the local stack's users."""

import base64
import json
import os
from pathlib import Path
from typing import Any

from desk.cli.failure import Failure, Misuse
from desk.cli.local_stack import LocalStackFiles
from firstdose.domain.work.role import Role
from firstdose.settings import Settings


def login_file() -> Path:
    return Path.home() / ".config" / "firstdose" / "token"


def token_for(settings: Settings, desk: str, role: Role | None) -> str:
    """The token to show to `desk`.

    The local stack's tokens only ever go to the local stack's own desk.

    Raises:
        Misuse: a role was asked for, and the desk is not the local stack's.
        Failure: nobody is logged in.
    """
    if settings.token and role is None:
        return settings.token.get_secret_value()
    local = LocalStackFiles.running(settings.state)
    if desk == local.address("desk"):
        return local.token(role or Role.SUPERVISOR)
    if role is not None:
        raise Misuse(f"--as picks a user of the local stack, and {desk} is not its desk: leave --as out")
    try:
        return login_file().read_text().strip()
    except FileNotFoundError:
        raise Failure("nobody is logged in: `firstdose login`, or set FIRSTDOSE_TOKEN") from None


def keep_login(token: str) -> Path:
    """Store the token for later commands, readable by its owner alone from its first byte on."""
    file = login_file()
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(token)
    return fresh.replace(file)


def claims(token: str) -> dict[str, Any]:
    """The claims of a JWT, for display only: the desk checks the signature. Raises Failure if it is not a JWT."""
    try:
        _, payload, _ = token.split(".")
        payload_claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        payload_claims = None
    if not isinstance(payload_claims, dict):
        raise Failure("the token is not a JWT: ask the issuer for another")
    return payload_claims
