"""The desk as a client of the OIDC issuer: authorization code flow with PKCE, and signing out there."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from desk.http.issuer import Issuer, Unidentified
from firstdose.adapters.postgres.staff.web_sessions import SignedIn
from firstdose.domain.address import is_web_address
from firstdose.domain.problem import ProblemCode
from firstdose.ports import Unavailable
from firstdose.settings import Settings

_ANSWERED_WITHIN_S: Final = 5.0
_KNOWN_FOR: Final = timedelta(minutes=10)
_SKEW: Final = timedelta(seconds=30)
_AWAY: Final = (OSError, httpx2.HTTPError, ValueError, KeyError, TypeError)


class SignInAttempt(BaseModel):
    """A sign-in that was begun: what the answer must fit, and where it leads.

    `fresh` asks for the password again; then it must be `subject` who comes back.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    state: str
    nonce: str
    verifier: str = Field(repr=False)
    begun_at: datetime
    leads_to: str
    kept: str | None = None
    fresh: bool = False
    subject: str | None = None


class IssuerMetadata(BaseModel):
    """What the issuer says of itself (OpenID Connect Discovery 1.0)."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None


class OidcClient:
    """By the settings `FIRSTDOSE_OIDC_*`. A call takes five seconds at most. Everything raises Unavailable."""

    def __init__(self, settings: Settings, issuer: Issuer) -> None:
        self._settings = settings
        self._tokens = issuer
        self._address = (settings.oidc_issuer or "").rstrip("/")
        self._callback = f"{settings.public_url.rstrip('/')}/sign-in/callback"
        # One for all calls: reading the authorities takes longer than a call.
        self._authorities = httpx2.create_ssl_context()
        self._metadata: IssuerMetadata | None = None
        self._read_at = datetime.min.replace(tzinfo=UTC)

    @property
    def is_configured(self) -> bool:
        return self._settings.oidc_client_id is not None

    @property
    def origin(self) -> str:
        split = urlsplit(self._address)
        return f"{split.scheme}://{split.netloc}"

    async def address(self, attempt: SignInAttempt) -> str:
        """Where the browser goes to sign in."""
        metadata = await self._known()
        asked = {"prompt": "login", "max_age": "0"} if attempt.fresh else {}
        async with self._client() as client:
            url, _ = client.create_authorization_url(
                metadata.authorization_endpoint,
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.verifier,
                **asked,
            )
        return str(url)

    async def finish(self, attempt: SignInAttempt, answer: Mapping[str, str]) -> SignedIn:
        """Who came back with this answer to the attempt. Raises Unidentified."""
        metadata = await self._known()
        if answer.get("state") != attempt.state or answer.get("iss", metadata.issuer) != metadata.issuer:
            raise Unidentified
        async with self._client() as client:
            token = await self._exchange(client, metadata, attempt, answer.get("code", ""))
            claims = await self._tokens.read_id_token(
                token["id_token"], client_id=str(self._settings.oidc_client_id), nonce=attempt.nonce
            )
            roles = claims.get(self._settings.oidc_roles_claim)
            if roles is None:
                roles = await self._roles(client, metadata, claims["sub"])
        actor = self._tokens.actor(claims["sub"], roles)
        at = _authenticated_at(claims, attempt)
        if attempt.fresh and attempt.subject not in (None, actor.id):
            raise Unidentified
        return SignedIn(actor=actor, authenticated_at=at, id_token=token["id_token"])

    async def sign_out_address(self, id_token: str | None) -> str | None:
        """Where the browser goes to sign out at the issuer; None if the issuer has no such place, or is away."""
        try:
            end = (await self._known()).end_session_endpoint
        except Unavailable:
            return None
        if id_token is None or end is None or not end.startswith(f"{self.origin}/"):
            return None
        back = f"{self._settings.public_url.rstrip('/')}/signed-out"
        query = {
            "id_token_hint": id_token,
            "client_id": self._settings.oidc_client_id,
            "post_logout_redirect_uri": back,
        }
        return f"{end}{'&' if '?' in end else '?'}{urlencode(query)}"

    async def _exchange(
        self, client: Any, metadata: IssuerMetadata, attempt: SignInAttempt, code: str
    ) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN_S):
                token = await client.fetch_token(
                    metadata.token_endpoint, grant_type="authorization_code", code=code, code_verifier=attempt.verifier
                )
        except AuthlibBaseError:
            raise Unidentified from None
        except _AWAY as error:
            raise Unavailable(ProblemCode.ISSUER_AWAY) from error
        if not isinstance(token.get("id_token"), str):
            raise Unidentified
        found: Mapping[str, Any] = token
        return found

    async def _roles(self, client: Any, metadata: IssuerMetadata, subject: str) -> object:
        """The roles claim where only the issuer's UserInfo has it. Raises Unidentified for another subject."""
        if metadata.userinfo_endpoint is None:
            return None
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN_S):
                found = (await client.get(metadata.userinfo_endpoint)).raise_for_status().json()
            if found["sub"] != subject:
                raise Unidentified
            return found.get(self._settings.oidc_roles_claim)
        except _AWAY as error:
            raise Unavailable(ProblemCode.ISSUER_AWAY) from error

    async def _known(self) -> IssuerMetadata:
        if self._metadata is not None and datetime.now(UTC) - self._read_at < _KNOWN_FOR:
            return self._metadata
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN_S), httpx2.AsyncClient(verify=self._authorities) as client:
                answer = await client.get(f"{self._address}/.well-known/openid-configuration")
                found = IssuerMetadata.model_validate_json(answer.raise_for_status().content)
        except (*_AWAY, ValidationError) as error:
            if self._metadata is not None:
                return self._metadata
            raise Unavailable(ProblemCode.ISSUER_AWAY) from error
        if found.issuer.rstrip("/") != self._address or not _is_encrypted(found):
            raise Unavailable(ProblemCode.ISSUER_AWAY)
        self._metadata, self._read_at = found, datetime.now(UTC)
        return found

    def _client(self) -> Any:
        secret = self._settings.oidc_client_secret
        return AsyncOAuth2Client(
            client_id=self._settings.oidc_client_id,
            client_secret=secret.get_secret_value() if secret else None,
            scope=self._settings.oidc_scope,
            redirect_uri=self._callback,
            code_challenge_method="S256",
            follow_redirects=False,
            verify=self._authorities,
        )


def _is_encrypted(metadata: IssuerMetadata) -> bool:
    places = (metadata.authorization_endpoint, metadata.token_endpoint, metadata.userinfo_endpoint)
    return all(is_web_address(each) for each in (*places, metadata.end_session_endpoint) if each is not None)


def _authenticated_at(claims: Mapping[str, Any], attempt: SignInAttempt) -> datetime:
    """When the password was typed. Raises Unidentified where it had to be now and was not."""
    told = claims.get("auth_time")
    if told is None and attempt.fresh:
        raise Unidentified
    at = datetime.fromtimestamp(told if told is not None else claims["iat"], UTC)
    if attempt.fresh and at < attempt.begun_at - _SKEW:
        raise Unidentified
    return min(at, datetime.now(UTC))
