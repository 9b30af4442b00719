"""The wire to payers: HTTPS with what each payer knows us by: a client certificate, an access token, a login."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime

import httpx2

from firstdose.adapters.payers.backend_services import AccessTokens
from firstdose.adapters.payers.credentials import CredentialFiles, Login, read_credentials
from firstdose.adapters.payers.exchange import HttpAnswer, Method, Unauthorized, send
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import BackendServices, PayerEndpoint
from firstdose.ports import Impossible, Unavailable


class Wire:
    """`http` is for payers without a client certificate; clients are the caller's, who also closes them."""

    def __init__(
        self,
        http: httpx2.AsyncClient,
        by_certificate: Mapping[str, httpx2.AsyncClient] | None = None,
        tokens: AccessTokens | None = None,
        logins: Mapping[str, Login] | None = None,
    ) -> None:
        self._http = http
        self._by_certificate = by_certificate or {}
        self._tokens = tokens
        self._logins = logins or {}

    def login(self, name: str) -> Login:
        """The name and password of this credential. Raises Impossible("payer_credential_missing")."""
        if name not in self._logins:
            raise Impossible(ProblemCode.PAYER_CREDENTIAL_MISSING)
        return self._logins[name]

    async def post(self, endpoint: PayerEndpoint, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        """Post within the payer's time, the token included. Raises what `exchange.post` does.

        Impossible also: `payer_credential_missing`, `payer_refused_credentials`.
        """
        return await self.send("POST", endpoint, url, body, headers)

    async def send(
        self, method: Method, endpoint: PayerEndpoint, url: str, body: bytes, headers: Mapping[str, str]
    ) -> HttpAnswer:
        """As `post`, by this method."""
        http = self._client(endpoint.client_certificate)
        if endpoint.auth is None:
            return await send(method, http, url, body, headers, endpoint.timeout)
        try:
            async with asyncio.timeout(endpoint.timeout.total_seconds()):
                return await self._authorized(method, http, endpoint, endpoint.auth, url, body, headers)
        except TimeoutError:
            raise Unavailable(ProblemCode.PAYER_TIMED_OUT) from None

    async def _authorized(
        self,
        method: Method,
        http: httpx2.AsyncClient,
        endpoint: PayerEndpoint,
        auth: BackendServices,
        url: str,
        body: bytes,
        headers: Mapping[str, str],
    ) -> HttpAnswer:
        """A token may have been withdrawn before its time: on 401 there is one new one."""
        if self._tokens is None:
            raise Impossible(ProblemCode.PAYER_CREDENTIAL_MISSING)
        token = await self._tokens.token(http, auth, endpoint.timeout)
        try:
            return await send(method, http, url, body, _with(token, headers), endpoint.timeout)
        except Unauthorized:
            token = await self._tokens.token(http, auth, endpoint.timeout, refused=token)
            return await send(method, http, url, body, _with(token, headers), endpoint.timeout)

    def _client(self, certificate: str | None) -> httpx2.AsyncClient:
        if certificate is None:
            return self._http
        if certificate not in self._by_certificate:
            raise Impossible(ProblemCode.PAYER_CREDENTIAL_MISSING)
        return self._by_certificate[certificate]


@asynccontextmanager
async def open_wire(files: Mapping[str, CredentialFiles], clock: Callable[[], datetime]) -> AsyncIterator[Wire]:
    """A wire with these credentials. Raises UnfitCredential."""
    credentials = read_credentials(files)
    async with AsyncExitStack() as opened:
        http = await opened.enter_async_context(httpx2.AsyncClient())
        by_certificate = {
            name: await opened.enter_async_context(httpx2.AsyncClient(verify=context))
            for name, context in credentials.tls.items()
        }
        yield Wire(http, by_certificate, AccessTokens(credentials.keys, clock), credentials.logins)


def _with(token: str, headers: Mapping[str, str]) -> dict[str, str]:
    return {**headers, "authorization": f"Bearer {token}"}
