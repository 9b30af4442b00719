"""Signing in by a button for each role: with the tokens of the local stack's own issuer, on loopback alone."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request

from firstdose.domain.address import is_loopback
from firstdose.settings import Settings, SettingsError

LINK_PATH: Final = "/sign-in/link"
_NAME: Final = "FIRSTDOSE_LOCAL_IDENTITIES"


def read_identities(settings: Settings) -> Mapping[str, str]:
    """Tokens by user's name; none where the setting is unset. Raises SettingsError."""
    if settings.local_identities is None:
        return {}
    if not is_loopback(settings.host):
        raise SettingsError(f"{_NAME} is for a desk that listens on loopback alone")
    try:
        tokens = json.loads(settings.local_identities.read_bytes())
    except (OSError, ValueError):
        raise SettingsError(f"{_NAME}: its file cannot be read") from None
    if not isinstance(tokens, dict) or not all(isinstance(token, str) for token in tokens.values()):
        raise SettingsError(f"{_NAME}: its file is not a list of tokens by user")
    return tokens


def on_loopback(request: Request) -> bool:
    """Whether the request came from this machine, to a name of this machine: another name may have been rebound."""
    peer = request.client.host if request.client else None
    return is_loopback(peer) and is_loopback(request.url.hostname)


def sign_in_link(desk: str, user: str, token: str) -> str:
    """An address that signs in as this user of the local stack. Its key shows that whoever made it had the token."""
    return f"{desk}{LINK_PATH}?{urlencode({'user': user, 'key': _key(token)})}"


def token_by_link(identities: Mapping[str, str], user: str, key: str) -> str | None:
    """The user's token, if the key is the one of a link of ours."""
    token = identities.get(user)
    known = token is not None and hmac.compare_digest(_key(token).encode(), key.encode())
    return token if known else None


def _key(token: str) -> str:
    return hashlib.sha256(f"sign-in link {token}".encode()).hexdigest()
