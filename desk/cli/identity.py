"""`login` and `whoami`: which member of staff the command line is."""

import sys
from datetime import UTC, datetime
from typing import Any

from desk.cli import display
from desk.cli.data_file import STANDARD_INPUT, read_bytes
from desk.cli.failure import Failure
from desk.cli.identity_token import claims, keep_login, token_for
from desk.cli.options import ActingAs, AsJson, DataFile
from firstdose.settings import load_settings


def login(file: DataFile = STANDARD_INPUT, /) -> None:
    """Keep a staff token for later commands."""
    if file == STANDARD_INPUT and sys.stdin.isatty():
        from getpass import getpass

        token = getpass("token: ").strip()
    else:
        token = read_bytes(file).decode("ascii", errors="replace").strip()
    token_claims = claims(token)
    expires_at = _expiry(token_claims)
    if expires_at and expires_at < datetime.now(UTC):
        raise Failure(f"the token expired on {display.clock(expires_at.isoformat())}: ask the issuer for another")
    display.line(f"logged in as {token_claims.get('sub', 'somebody')}; the token is in {keep_login(token)}")


def whoami(*, acting_as: ActingAs = None, as_json: AsJson = False) -> None:
    """Show the subject, roles and expiry of the token in use."""
    from desk.cli.client import find_desk

    settings = load_settings()
    desk = find_desk(settings)
    token_claims = claims(token_for(settings, desk, acting_as))
    expires_at = _expiry(token_claims)
    who = {
        "desk": desk,
        "subject": token_claims.get("sub"),
        "roles": token_claims.get(settings.oidc_roles_claim) or [],
        "issuer": token_claims.get("iss"),
    }
    expiry = expires_at.isoformat() if expires_at else None
    if as_json:
        display.as_json({**who, "expires_at": expiry})
        return
    shown: dict[str, Any] = {name: display.text_of(value) for name, value in who.items()}
    display.fields({**shown, "expires": display.due(expiry, datetime.now(UTC))})


def _expiry(token_claims: dict[str, Any]) -> datetime | None:
    expires = token_claims.get("exp")
    return datetime.fromtimestamp(expires, UTC) if isinstance(expires, int | float) else None
