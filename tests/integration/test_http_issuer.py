"""The issuer's keys by URL: fetched once, again when a key is new, and kept while the issuer is away."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, KeySet
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from desk.http.issuer import Issuer, Unidentified
from firstdose.domain.role import Role
from firstdose.ports import Unavailable
from firstdose.settings import Settings, SettingsError
from tests.served_desk import ISSUER, KEY, served, token

NEW_KEY = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)


class JwksServer:
    def __init__(self) -> None:
        self.keys: list[ECKey] | None = [KEY]
        self.asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        if self.keys is None:
            await JSONResponse({}, 503)(scope, receive, send)
        else:
            await JSONResponse(dict(KeySet(list(self.keys)).as_dict(private=False)))(scope, receive, send)


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def jwks() -> JwksServer:
    return JwksServer()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def issuer(jwks: JwksServer, clock: Clock) -> AsyncIterator[Issuer]:
    async with served(jwks) as url:
        told: dict[str, Any] = {"oidc_issuer": ISSUER, "oidc_jwks_url": url}
        yield Issuer(Settings.model_validate(told), clock)


async def test_keys_are_fetched_once(issuer: Issuer, jwks: JwksServer) -> None:
    for _ in range(3):
        assert (await issuer.identify(token(Role.NURSE, subject="n"))).roles == (Role.NURSE,)
    assert jwks.asked == 1


async def test_a_new_key_is_found_and_forgeries_do_not_wear_the_issuer_out(
    issuer: Issuer, jwks: JwksServer, clock: Clock
) -> None:
    await issuer.identify(token(Role.NURSE))
    for _ in range(5):
        with pytest.raises(Unidentified):
            await issuer.identify(token(Role.NURSE, key=NEW_KEY))
    assert jwks.asked == 1
    jwks.keys = [KEY, NEW_KEY]
    clock.now += timedelta(seconds=31)
    assert await issuer.identify(token(Role.NURSE, key=NEW_KEY))


async def test_an_issuer_that_is_away_locks_nobody_out(issuer: Issuer, jwks: JwksServer, clock: Clock) -> None:
    await issuer.identify(token(Role.NURSE))
    jwks.keys = None
    clock.now += timedelta(minutes=11)
    assert await issuer.identify(token(Role.NURSE))


async def test_without_any_key_nobody_is_identified(issuer: Issuer, jwks: JwksServer) -> None:
    jwks.keys = None
    with pytest.raises(Unavailable):
        await issuer.identify(token(Role.NURSE))


def test_an_issuer_without_keys_is_a_mistake_at_start_up() -> None:
    with pytest.raises(SettingsError, match="FIRSTDOSE_OIDC_JWKS_URL"):
        Issuer(Settings.model_validate({"oidc_issuer": ISSUER}))
