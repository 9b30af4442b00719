"""SMART Backend Services: access tokens for a signed assertion (OAuth 2 client credentials, RFC 7523)."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode
from uuid import uuid4

import httpx2
import orjson
from joserfc import jwt
from joserfc.jwk import RSAKey

from firstdose.adapters.payers.credentials import SigningKey
from firstdose.adapters.payers.exchange import post
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import BackendServices
from firstdose.ports import Impossible, Unavailable

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFE: Final = timedelta(minutes=4)
"""SMART allows five; a payer's clock may be behind ours."""
_USUAL_LIFE_S: Final = 300
_EARLY_S: Final = 30
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_HEADERS: Final = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}


@dataclass
class _Held:
    """The token of one client, and the lock under which it is renewed."""

    token: str | None = None
    renew_at: datetime | None = None
    renewing: asyncio.Lock = field(default_factory=asyncio.Lock)


class AccessTokens:
    """Tokens of this process, kept in memory until shortly before they expire."""

    def __init__(self, keys: Mapping[str, SigningKey], clock: Callable[[], datetime]) -> None:
        self._keys = keys
        self._clock = clock
        self._held: dict[BackendServices, _Held] = {}

    async def token(
        self, http: httpx2.AsyncClient, auth: BackendServices, timeout: timedelta, *, refused: str | None = None
    ) -> str:
        """A token that is valid and is not the one that was `refused`; one request for it at a time.

        Raises Impossible (`payer_credential_missing`, `payer_refused_credentials`) and Unavailable.
        """
        held = self._held.setdefault(auth, _Held())
        async with held.renewing:
            fresh = held.renew_at is not None and self._clock() < held.renew_at
            if held.token is not None and fresh and held.token != refused:
                return held.token
            held.token, life = await self._granted(http, auth, timeout)
            held.renew_at = self._clock() + life - min(timedelta(seconds=_EARLY_S), life / 4)
            return held.token

    async def _granted(
        self, http: httpx2.AsyncClient, auth: BackendServices, timeout: timedelta
    ) -> tuple[str, timedelta]:
        form = {
            "grant_type": "client_credentials",
            "scope": auth.scope,
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._assertion(auth),
        }
        try:
            answer = await post(http, auth.token_url, urlencode(form).encode(), _HEADERS, timeout)
        except Impossible:
            raise Impossible(ProblemCode.PAYER_REFUSED_CREDENTIALS) from None
        return _read(answer.body)

    def _assertion(self, auth: BackendServices) -> str:
        if auth.credential not in self._keys:
            raise Impossible(ProblemCode.PAYER_CREDENTIAL_MISSING)
        key, now = self._keys[auth.credential], self._clock()
        algorithm = "RS384" if isinstance(key, RSAKey) else "ES384"
        header = {"alg": algorithm, **({"kid": auth.key_id} if auth.key_id else {})}
        claims = {
            "iss": auth.client_id,
            "sub": auth.client_id,
            "aud": auth.token_url,
            "iat": int(now.timestamp()),
            "exp": int((now + _ASSERTION_LIFE).timestamp()),
            "jti": str(uuid4()),
        }
        return jwt.encode(header, claims, key, algorithms=[algorithm])


def _read(body: bytes) -> tuple[str, timedelta]:
    """The token and how long it is valid. What cannot be a header's value is no token."""
    try:
        answer: Any = orjson.loads(body)
        token, life = answer["access_token"], answer.get("expires_in", _USUAL_LIFE_S)
        if not _TOKEN.fullmatch(token):
            raise ValueError
        return token, timedelta(seconds=min(max(float(life), 0), 86_400))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise Unavailable(ProblemCode.UNREADABLE_ANSWER) from None
