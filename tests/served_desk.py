"""A desk on a real socket: its address, tokens of made-up staff, and referrals as a source signs them."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx2
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from starlette.types import ASGIApp

from desk.delivery.run import relays
from desk.http.app import create_app
from desk.http.app_context import AppContext, open_desk
from desk.http.protocol import GuardedProtocol
from desk.serve import http_server
from firstdose.adapters.webhooks import sign
from firstdose.domain.work.role import Role
from firstdose.settings import Settings

ISSUER: Final = "https://issuer.example"
SECRET: Final = "whsec_" + "A" * 32
NOBODY_THERE: Final = "127.0.0.1:9"
"""An address at which no Temporal answers."""
KEYS: Final = {"k1": bytes(range(32))}
KEY: Final = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)

_numbers = count(1)


def token(*roles: Role, subject: str | None = None, key: ECKey = KEY, **claims: Any) -> str:
    """A token as the issuer would sign it; `claims` replace the usual ones."""
    now = datetime.now(UTC)
    usual = {
        "iss": ISSUER,
        "aud": "firstdose",
        "sub": subject or f"test-{'-'.join(roles)}",
        "roles": [role.value for role in roles],
        "iat": now,
        "exp": now + timedelta(hours=1),
    }
    return jwt.encode({"alg": "ES256", "kid": key.kid}, usual | claims, key)


@dataclass(frozen=True)
class ServedDesk:
    url: str
    desk: AppContext

    def as_staff(self, *roles: Role, subject: str | None = None) -> httpx2.AsyncClient:
        """A client of the API for somebody with these roles."""
        headers = {"authorization": f"Bearer {token(*roles, subject=subject)}"}
        return httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=30)

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> httpx2.Response:
        async with httpx2.AsyncClient(base_url=self.url, timeout=30) as client:
            return await client.post(path, content=body, headers=dict(headers))

    async def send(
        self,
        message: object,
        *,
        source: str = "mercy",
        webhook_id: str | None = None,
        content_type: str = "application/json",
        secret: str = SECRET,
        sent_at: datetime | None = None,
    ) -> httpx2.Response:
        """Post a message as a source does; bytes as they are, anything else as JSON."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        signed = sign(secret, webhook_id or f"msg_{next(_numbers)}", sent_at or datetime.now(UTC), body)
        return await self.post(f"/webhooks/referrals/{source}", body, {"content-type": content_type, **signed})

    async def refer(self, **data: Any) -> str:
        """The id of a new referral."""
        answer = await self.send(received(**data))
        return str(answer.json()["referral_id"])


def received(**data: Any) -> dict[str, Any]:
    """The least referral that a source may send."""
    told = {"source_referral_id": f"R-{next(_numbers)}", "patient": {"family_name": "Testperson"}, **data}
    return {"type": "referral.received", "timestamp": "2026-03-02T09:30:00Z", "data": told}


def settings_for(dsn: str, folder: Path, **changes: Any) -> Settings:
    """Settings of a desk of this test's own; `changes` by field name."""
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps(KeySet([KEY]).as_dict(private=False)))
    given = {
        "database_url": dsn,
        "keys": KEYS,
        "sources": {"mercy": SECRET},
        "oidc_issuer": ISSUER,
        "oidc_jwks_file": jwks,
        "temporal": {"TEMPORAL_ADDRESS": NOBODY_THERE},
    }
    return Settings.model_validate(given | changes)


@asynccontextmanager
async def served_desk(settings: Settings, *, with_relays: bool = False) -> AsyncIterator[ServedDesk]:
    """The whole desk at a free port, with its relays if asked."""
    async with AsyncExitStack() as opened:
        desk = await opened.enter_async_context(open_desk(settings))
        if with_relays:
            await opened.enter_async_context(relays(desk))
        url = await opened.enter_async_context(served(create_app(desk)))
        yield ServedDesk(url, desk)


@asynccontextmanager
async def desk_with_buttons(dsn: str, folder: Path) -> AsyncIterator[ServedDesk]:
    """A desk at which a button for each role signs in; what it needs for that lies in the folder."""
    tokens = folder / "tokens.json"
    tokens.write_text(json.dumps({role.value: token(role) for role in Role}))
    async with served_desk(settings_for(dsn, folder, local_identities=tokens)) as served:
        yield served


@asynccontextmanager
async def served(
    app: ASGIApp, protocol: type[GuardedProtocol] = GuardedProtocol, *, trusted_proxies: Sequence[str] = ()
) -> AsyncIterator[str]:
    """Any application, served as the desk is; its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = http_server(app, "127.0.0.1", 0, protocol, trusted_proxies=trusted_proxies)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
