"""The issuer's keys by URL: kept and fetched beside requests; one that is slow or away holds nobody up for long."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, KeySet
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from desk.http.issuer import Issuer, Unidentified
from firstdose.domain.work.role import Role
from firstdose.ports import Unavailable
from firstdose.settings import Settings, SettingsError
from tests.served_desk import ISSUER, KEY, served, token

NEW_KEY = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
UNUSABLE = ({"kty": "new"}, {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"}, {"kty": "EC", "crv": "P-256"})
NO_LONGER_THAN_S = 3.0


class JwksServer:
    """Answers with `keys`, or with 503 if there are none; while `open` is clear it answers nobody."""

    def __init__(self) -> None:
        self.keys: list[ECKey] | None = [KEY]
        self.asked = 0
        self.heard, self.open = asyncio.Event(), asyncio.Event()
        self.open.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        self.heard.set()
        await self.open.wait()
        if self.keys is None:
            await JSONResponse({}, 503)(scope, receive, send)
        else:
            keys = [*UNUSABLE, *KeySet(list(self.keys)).as_dict(private=False)["keys"]]
            await JSONResponse({"keys": keys})(scope, receive, send)


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
        jwks.open.set()


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
    assert (await issuer.identify(token(Role.NURSE, key=NEW_KEY))).id


async def test_junk_by_the_hundred_is_refused_without_a_question_to_the_issuer(
    issuer: Issuer, jwks: JwksServer
) -> None:
    head, claims, signature = token(Role.NURSE).split(".")
    for junk in ("", "x", "a.b.c", f"{head}.{claims}", f"{head}.{claims}.{signature}.x", "é.é.é", f"{'e' * 2000}.b.c"):
        for _ in range(100):
            with pytest.raises(Unidentified):
                await issuer.identify(junk)
    assert jwks.asked == 0


async def test_a_slow_issuer_holds_no_request_up_for_long(issuer: Issuer, jwks: JwksServer, clock: Clock) -> None:
    await issuer.identify(token(Role.NURSE))
    jwks.open.clear()
    clock.now += timedelta(minutes=11)
    strangers = [token(Role.NURSE, key=NEW_KEY)] * 8
    began = asyncio.get_running_loop().time()
    answers = await asyncio.gather(*(issuer.identify(each) for each in strangers), return_exceptions=True)
    assert {type(each) for each in answers} == {Unidentified}
    assert (await issuer.identify(token(Role.NURSE))).id
    assert asyncio.get_running_loop().time() - began < NO_LONGER_THAN_S
    assert jwks.asked == 2


async def test_an_issuer_that_is_slow_at_the_first_request_is_waited_for_once(issuer: Issuer, jwks: JwksServer) -> None:
    jwks.open.clear()
    began = asyncio.get_running_loop().time()
    requests = (issuer.identify(token(Role.NURSE)) for _ in range(8))
    answers = await asyncio.gather(*requests, return_exceptions=True)
    assert {type(each) for each in answers} == {Unavailable}
    assert asyncio.get_running_loop().time() - began < NO_LONGER_THAN_S
    jwks.open.set()
    assert (await issuer.identify(token(Role.NURSE))).id
    assert jwks.asked == 1


async def test_an_issuer_that_is_away_locks_nobody_out(issuer: Issuer, jwks: JwksServer, clock: Clock) -> None:
    await issuer.identify(token(Role.NURSE))
    jwks.keys = None
    clock.now += timedelta(minutes=11)
    assert (await issuer.identify(token(Role.NURSE))).id


async def test_without_any_key_nobody_is_identified_and_the_issuer_is_not_asked_again_at_once(
    issuer: Issuer, jwks: JwksServer
) -> None:
    jwks.keys = None
    for _ in range(5):
        with pytest.raises(Unavailable):
            await issuer.identify(token(Role.NURSE))
    assert jwks.asked == 1


async def test_keys_are_read_before_the_first_request(issuer: Issuer, jwks: JwksServer) -> None:
    async with issuer.kept():
        await asyncio.wait_for(jwks.heard.wait(), 10)
        assert (await issuer.identify(token(Role.NURSE))).id
    assert jwks.asked == 1


def test_an_issuer_without_keys_is_a_mistake_at_start_up() -> None:
    with pytest.raises(SettingsError, match="FIRSTDOSE_OIDC_JWKS_URL"):
        Issuer(Settings.model_validate({"oidc_issuer": ISSUER}))
