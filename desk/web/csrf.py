"""Tokens in forms against requests that another site makes the browser send (CSRF)."""

import base64
import hashlib
import hmac

from starlette.requests import Request

from firstdose.adapters.keyring.keyring import Keyring


class CsrfTokens:
    """A token belongs to one session, or to one visitor who has none yet: a keyed hash of what names them."""

    def __init__(self, keyring: Keyring) -> None:
        self._key = keyring.derive("web-csrf")

    def of(self, owner: bytes) -> str:
        return base64.urlsafe_b64encode(hmac.new(self._key, owner, hashlib.sha256).digest()).decode().rstrip("=")

    def holds(self, owner: bytes, token: str) -> bool:
        return hmac.compare_digest(self.of(owner).encode(), token.encode())


def from_elsewhere(request: Request) -> bool:
    """Whether the browser says that another site made it send this."""
    return request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
