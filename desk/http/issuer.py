"""Staff tokens: JWTs of the configured OIDC issuer, checked against its public keys."""

import base64
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, Final

from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jwt import JWTClaimsRegistry, decode

from desk.http.issuer_keys import IssuerKeys
from firstdose.domain.work.role import Actor, ActorKind, Role
from firstdose.settings import Settings, SettingsError

_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "Ed25519", "EdDSA")
_TYPES: Final = ("jwt", "at+jwt", "application/at+jwt")
"""RFC 9068 and plain JWTs. A token may leave its type out (RFC 7519); a token for another purpose has another type."""
_SKEW_S: Final = 30
_LONGEST_TOKEN: Final = 8 * 1024
_LONGEST_HEADER: Final = 1024
_LONGEST_ID: Final = 200


class Unidentified(Exception):
    """The token is not valid."""


class Issuer:
    """Authenticates bearer tokens by the settings `FIRSTDOSE_OIDC_*`."""

    def __init__(self, settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        if settings.oidc_issuer is None:
            raise SettingsError("FIRSTDOSE_OIDC_ISSUER is not set: issuer of staff tokens")
        if settings.oidc_jwks_file is None and settings.oidc_jwks_url is None:
            raise SettingsError("FIRSTDOSE_OIDC_JWKS_URL or FIRSTDOSE_OIDC_JWKS_FILE is not set: the issuer's keys")
        self._keys = IssuerKeys(file=settings.oidc_jwks_file, url=settings.oidc_jwks_url, now=now)
        self._name = settings.oidc_issuer
        self._roles_claim = settings.oidc_roles_claim
        self._longest_s = settings.oidc_max_age
        self._now = now
        self._expected = JWTClaimsRegistry(
            now=lambda: int(now().timestamp()),
            leeway=_SKEW_S,
            iss={"essential": True, "value": settings.oidc_issuer},
            aud={"essential": True, "value": settings.oidc_audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )

    def kept(self) -> AbstractAsyncContextManager[None]:
        """Refresh the issuer's keys in the background while the block runs."""
        return self._keys.kept()

    async def identify(self, token: str) -> Actor:
        """The person behind the token; roles that we do not know are passed over. Raises Unidentified, Unavailable.

        What costs nothing comes first: a token that is no JWT of ours, or names a key that the issuer does not have,
        is refused without a signature being looked at.
        """
        claims = self._claims(token, await self._key(token))
        return self.actor(claims["sub"], claims.get(self._roles_claim))

    async def read_id_token(self, token: str, *, client_id: str, nonce: str) -> Mapping[str, Any]:
        """The claims of an ID token that was issued to this client for this nonce. Raises Unidentified, Unavailable."""
        key = await self._key(token)
        options = {"iss": {"essential": True, "value": self._name}, "aud": {"essential": True, "value": client_id}}
        try:
            decoded = decode(token, key, algorithms=_ALGORITHMS)
            claims = CodeIDToken(decoded.claims, decoded.header, options, {"nonce": nonce, "client_id": client_id})
            claims.validate(now=int(self._now().timestamp()), leeway=_SKEW_S)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise Unidentified from None
        return dict(claims)

    def actor(self, subject: object, roles: object) -> Actor:
        """The person of these claims; roles that we do not know are passed over. Raises Unidentified."""
        if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_ID or not subject.isprintable():
            raise Unidentified
        return Actor(kind=ActorKind.STAFF, id=subject, roles=_roles(roles))

    async def _key(self, token: str) -> Key:
        key = await self._keys.find(_header(token).get("kid"))
        if key is None:
            raise Unidentified
        return key

    def _claims(self, token: str, key: Key) -> Mapping[str, Any]:
        try:
            claims = decode(token, key, algorithms=_ALGORITHMS).claims
            self._expected.validate(claims)
        except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise Unidentified from None
        issued, ends = claims["iat"], claims["exp"]
        now = self._now().timestamp()
        if ends - issued <= self._longest_s and -_SKEW_S <= now - issued <= self._longest_s + _SKEW_S:
            return claims
        raise Unidentified


def _header(token: str) -> dict[str, Any]:
    """The header of a token that may be one of ours, by all that can be seen without a key. Raises Unidentified."""
    encoded, *others = token.split(".", 3)
    if len(token) > _LONGEST_TOKEN or not token.isascii() or len(others) != 2 or len(encoded) > _LONGEST_HEADER:
        raise Unidentified
    try:
        header = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (ValueError, RecursionError):
        raise Unidentified from None
    if not isinstance(header, dict) or header.get("alg") not in _ALGORITHMS:
        raise Unidentified
    kind, key_id = header.get("typ", "JWT"), header.get("kid")
    if not isinstance(kind, str) or kind.lower() not in _TYPES:
        raise Unidentified
    if key_id is not None and not (isinstance(key_id, str) and len(key_id) <= _LONGEST_ID):
        raise Unidentified
    return header


def _roles(claim: object) -> tuple[Role, ...]:
    given = claim.split() if isinstance(claim, str) else claim if isinstance(claim, list) else []
    return tuple(role for role in Role if role in given)
