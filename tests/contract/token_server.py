"""A payer's door: an authorization server of SMART Backend Services, and a guard that lets its tokens pass."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

CLIENT = "firstdose-at-northstar"
KEY_ID = "2026-11"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Door:
    """Serves POST /token as SMART App Launch 2.2 asks, and everything else from `app` for a valid token."""

    def __init__(self, app: ASGIApp, key: RSAKey | ECKey, clock: Callable[[], datetime]) -> None:
        self._app = app
        self._key = key
        self._clock = clock
        self.algorithm = "RS384" if isinstance(key, RSAKey) else "ES384"
        self.granted = 0
        self.valid: set[str] = set()
        self.refused = 0
        self.seen: set[str] = set()
        self.instead: Response | None = None
        """What the authorization server answers instead of a token."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request = Request(scope, receive)
        if request.url.path == "/token":
            return await (self.instead or await self._token(request))(scope, receive, send)
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.valid:
            self.refused += 1
            return await Response(status_code=401)(scope, receive, send)
        return await self._app(scope, receive, send)

    async def _token(self, request: Request) -> Response:
        told = dict(parse_qsl((await request.body()).decode()))
        if (told["grant_type"], told["client_assertion_type"]) != ("client_credentials", _ASSERTION):
            return JSONResponse({"error": "invalid_request"}, status_code=400)
        if not self._proven(told["client_assertion"], str(request.url)):
            return JSONResponse({"error": "invalid_client"}, status_code=400)
        self.granted += 1
        token = f"token-{self.granted}"
        self.valid.add(token)
        return JSONResponse({"access_token": token, "token_type": "bearer", "expires_in": 300, "scope": told["scope"]})

    def _proven(self, assertion: str, url: str) -> bool:
        read = jwt.decode(assertion, self._key, algorithms=[self.algorithm])
        claims: dict[str, Any] = read.claims
        left = claims["exp"] - self._clock().timestamp()
        again = claims["jti"] in self.seen
        self.seen.add(claims["jti"])
        known = (claims["iss"], claims["sub"], claims["aud"], read.header["kid"]) == (CLIENT, CLIENT, url, KEY_ID)
        return known and 0 < left <= 300 and not again


def jwk(key: RSAKey | ECKey) -> str:
    return json.dumps(key.as_dict(private=True))
