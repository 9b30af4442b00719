"""Staff tokens: JWTs of the configured OIDC issuer, checked against its public keys."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry, decode

from firstdose.domain.role import Actor, Role
from firstdose.ports import Unavailable
from firstdose.settings import Settings, SettingsError

_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "Ed25519", "EdDSA")
_LEEWAY_S: Final = 30
_LONGEST_TOKEN: Final = 8 * 1024
_KEYS_KEPT: Final = timedelta(minutes=10)
_ASKED_AGAIN: Final = timedelta(seconds=30)
_FETCHED_WITHIN_S: Final = 5.0
_MOST_JWKS_BYTES: Final = 256 * 1024


class Unidentified(Exception):
    """The token does not prove who is asking."""


class IssuerKeys:
    """The issuer's public keys, from a file or a URL; kept for ten minutes, asked for sooner when a key is unknown."""

    def __init__(self, *, file: Path | None, url: str | None) -> None:
        self._file = file
        self._url = url
        self._keys: KeySet | None = None
        self._read_at = datetime.min.replace(tzinfo=UTC)
        self._lock = asyncio.Lock()

    async def get(self, now: datetime, *, fresh: bool = False) -> KeySet:
        """Raises Unavailable when there are none to be had."""
        async with self._lock:
            age = now - self._read_at
            if self._keys is None or age > _KEYS_KEPT or (fresh and age > _ASKED_AGAIN):
                try:
                    self._keys, self._read_at = KeySet.import_key_set(json.loads(await self._read())), now
                except (OSError, httpx2.HTTPError, TimeoutError, ValueError, KeyError, TypeError, JoseError):
                    # Keys that were good keep doing their service while the issuer is away.
                    if self._keys is None:
                        raise Unavailable("issuer_away") from None
            return self._keys

    async def _read(self) -> bytes:
        if self._file is not None:
            return await asyncio.to_thread(self._file.read_bytes)
        async with asyncio.timeout(_FETCHED_WITHIN_S), httpx2.AsyncClient(follow_redirects=False) as client:
            answer = await client.get(self._url or "")
            if answer.status_code != 200 or len(answer.content) > _MOST_JWKS_BYTES:
                raise ValueError("no key set")
            return answer.content


class Issuer:
    """Tells from a token who is asking, by the settings `FIRSTDOSE_OIDC_*`."""

    def __init__(self, settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        if settings.oidc_issuer is None:
            raise SettingsError("FIRSTDOSE_OIDC_ISSUER is not set: issuer of staff tokens")
        if settings.oidc_jwks_file is None and settings.oidc_jwks_url is None:
            raise SettingsError("FIRSTDOSE_OIDC_JWKS_URL or FIRSTDOSE_OIDC_JWKS_FILE is not set: the issuer's keys")
        self._keys = IssuerKeys(file=settings.oidc_jwks_file, url=settings.oidc_jwks_url)
        self._roles_claim = settings.oidc_roles_claim
        self._now = now
        self._expected = JWTClaimsRegistry(
            now=lambda: int(now().timestamp()),
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": settings.oidc_issuer},
            aud={"essential": True, "value": settings.oidc_audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def identify(self, token: str) -> Actor:
        """The person behind the token; roles that we do not know are passed over. Raises Unidentified, Unavailable."""
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            raise Unidentified
        try:
            claims = self._claims(token, await self._keys.get(self._now()))
        except Unidentified:
            claims = self._claims(token, await self._keys.get(self._now(), fresh=True))
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= 200 or not subject.isprintable():
            raise Unidentified
        return Actor(id=subject, roles=_roles(claims.get(self._roles_claim)))

    def _claims(self, token: str, keys: KeySet) -> Mapping[str, Any]:
        try:
            claims = decode(token, keys, algorithms=_ALGORITHMS).claims
            self._expected.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError, RecursionError):
            raise Unidentified from None
        return claims


def _roles(claim: object) -> tuple[Role, ...]:
    given = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else []
    return tuple(role for role in Role if role in given)
