"""An OIDC provider on a real socket, from a package, with a user for each role; and staff who sign in there."""

import asyncio
import json
import os
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import httpx2

from firstdose.domain.work.role import Role
from firstdose.settings import Settings
from tests.served_desk import settings_for

CLIENT: Final = "desk"
USERS: Final = {role.value: (role.value,) for role in Role} | {"stranger": (), "second": (Role.SUPERVISOR.value,)}
"""Their roles by subject."""
_STARTS_WITHIN_S: Final = 30


@asynccontextmanager
async def oidc_provider() -> AsyncIterator[str]:
    """The issuer's address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    users = [f"--user-claims={json.dumps({'sub': sub, 'roles': roles})}" for sub, roles in USERS.items()]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), *users,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, env=os.environ,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        await _answers(address)
        yield address
    finally:
        process.kill()
        await process.wait()


def browser_settings(dsn: str, folder: Path, issuer: str, **changes: Any) -> Settings:
    """Settings of a desk that trusts this provider."""
    given = {
        "oidc_issuer": issuer,
        "oidc_jwks_file": None,
        "oidc_jwks_url": f"{issuer}/jwks",
        "oidc_client_id": CLIENT,
        "oidc_client_secret": "a secret of the test's",
    }
    return settings_for(dsn, folder, **given | changes)


class Browser:
    """A browser without scripts: cookies, redirects one by one, and forms by the hidden fields of the last page."""

    def __init__(self, desk: str) -> None:
        self.desk = desk
        self.http = httpx2.AsyncClient(base_url=desk, timeout=30, headers={"accept": "text/html"})

    async def __aenter__(self) -> "Browser":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def open(self, path: str) -> httpx2.Response:
        """The page, after every redirect within the desk."""
        return await self.follow(await self.http.get(path))

    async def follow(self, answer: httpx2.Response) -> httpx2.Response:
        while answer.is_redirect:
            place = urljoin(str(answer.url), answer.headers["location"])
            assert place.startswith(self.desk), "it leads out of the desk"
            answer = await self.http.get(place)
        return answer

    async def post(self, page: httpx2.Response, action: str, **fields: Any) -> httpx2.Response:
        """Post a form of this page, without following."""
        return await self.http.post(action, data={**hidden_fields(page, action), **fields})

    async def sign_in(self, subject: str, start: str = "/sign-in/start") -> httpx2.Response:
        """Through the provider, until the answer of the desk's callback."""
        asked = await self.http.get(start)
        return await self.http.get(await self.authorize(asked.headers["location"], subject))

    async def sign_in_locally(self, user: str) -> httpx2.Response:
        """By the button of this user of the local stack."""
        fields = hidden_fields(await self.http.get("/sign-in?fresh=1"), "/sign-in/local")
        return await self.http.post("/sign-in/local", data={**fields, "user": user})

    async def csrf(self) -> str:
        """The token of this session's forms."""
        return hidden_fields(await self.open("/nothing"), "/sign-out")["_csrf"]

    async def authorize(self, place: str, subject: str) -> str:
        """Say at the provider who one is; the address at the desk that it leads back to."""
        async with httpx2.AsyncClient(timeout=30) as elsewhere:
            return str((await elsewhere.post(place, data={"sub": subject})).headers["location"])


def hidden_fields(page: httpx2.Response, action: str) -> dict[str, str]:
    """Of the form of this page that is posted to `action`."""
    form = next(each for each in re.findall(r"<form.*?</form>", page.text, re.DOTALL) if f'action="{action}"' in each)
    return dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form))


async def _answers(address: str) -> None:
    async with asyncio.timeout(_STARTS_WITHIN_S), httpx2.AsyncClient() as client:
        while True:
            try:
                (await client.get(f"{address}/.well-known/openid-configuration")).raise_for_status()
            except httpx2.HTTPError:
                await asyncio.sleep(0.1)
            else:
                return
