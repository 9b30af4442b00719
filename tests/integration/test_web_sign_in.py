"""Signing in and out with a browser, through a real OIDC provider over HTTP."""

import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from desk.web.sealed_attempt import open_attempt, seal_attempt
from firstdose.domain.work.role import Role
from tests.oidc_provider import Browser, browser_settings, oidc_provider
from tests.served_desk import ServedDesk, served_desk

COOKIE = "firstdose"


@pytest.fixture(scope="module")
async def issuer() -> AsyncIterator[str]:
    async with oidc_provider() as address:
        yield address


@pytest.fixture
async def desk(dsn: str, tmp_path: Path, issuer: str) -> AsyncIterator[ServedDesk]:
    async with served_desk(browser_settings(dsn, tmp_path, issuer)) as served:
        yield served


@pytest.fixture
async def browser(desk: ServedDesk) -> AsyncIterator[Browser]:
    async with Browser(desk.url) as opened:
        yield opened


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


async def come_back(browser: Browser, desk: ServedDesk, subject: str, start: str = "/sign-in/start") -> str:
    """The way to the provider and to the address that it leads back to, at the port where the desk is served."""
    asked = await browser.http.get(start)
    back = await browser.authorize(asked.headers["location"], subject)
    return back.replace("http://127.0.0.1:8080", desk.url)


async def signed_in(browser: Browser, desk: ServedDesk, subject: str, start: str = "/sign-in/start") -> str:
    """Where the desk leads to after somebody signed in."""
    answer = await browser.http.get(await come_back(browser, desk, subject, start))
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def test_a_page_leads_to_signing_in_and_back(desk: ServedDesk, browser: Browser) -> None:
    page = await browser.open("/work?role=pharmacist")
    assert page.url.path == "/sign-in"
    assert "Sign in with your account" in page.text
    asked = query(str((await browser.http.get(f"/sign-in/start?{page.url.query.decode()}")).headers["location"]))
    assert asked["code_challenge_method"] == "S256"
    assert asked["response_type"] == "code"
    leads_to = await signed_in(browser, desk, "pharmacist", f"/sign-in/start?{page.url.query.decode()}")
    assert leads_to == "/work?role=pharmacist"
    assert "Pharmacist" in (await browser.open(leads_to)).text


@pytest.mark.parametrize(
    ("role", "first"), [(Role.NURSE, "/visits"), (Role.AUDITOR, "/audit"), (Role.PHARMACIST, "/work")]
)
async def test_the_first_address_leads_to_the_first_page_of_ones_role(
    desk: ServedDesk, browser: Browser, role: Role, first: str
) -> None:
    await signed_in(browser, desk, role)
    assert (await browser.http.get("/")).headers["location"] == first


async def test_roles_come_from_the_issuer_and_who_has_none_is_told_so(desk: ServedDesk, browser: Browser) -> None:
    answer = await browser.http.get(await come_back(browser, desk, "stranger"))
    assert answer.status_code == 403
    assert "you have no role at this desk" in answer.text
    assert COOKIE not in browser.http.cookies
    assert await desk.desk.pool.fetchval("SELECT count(*) FROM web_sessions") == 0


@pytest.mark.parametrize(
    ("changed", "to"),
    [("state", "x"), ("code", "x"), ("code", ""), ("iss", "https://another.example"), ("error", "access_denied")],
)
async def test_an_answer_that_does_not_fit_signs_nobody_in(
    desk: ServedDesk, browser: Browser, changed: str, to: str
) -> None:
    back = urlsplit(await come_back(browser, desk, "pharmacist"))
    answer = await browser.http.get(back.path, params={**query(back.geturl()), changed: to})
    assert answer.status_code == 401
    assert COOKIE not in browser.http.cookies


async def test_an_answer_in_another_browser_signs_nobody_in(desk: ServedDesk, browser: Browser) -> None:
    """Else an attacker could sign somebody in as themselves, or as who has been made to authorize it."""
    back = await come_back(browser, desk, "pharmacist")
    async with Browser(desk.url) as other:
        assert (await other.http.get(back)).status_code == 401
        await other.http.get("/sign-in/start")
        assert (await other.http.get(back)).status_code == 401
        assert COOKIE not in other.http.cookies


async def test_an_answer_counts_once(desk: ServedDesk, browser: Browser) -> None:
    back = await come_back(browser, desk, "pharmacist")
    assert (await browser.http.get(back)).status_code == 303
    async with Browser(desk.url) as other:
        other.http.cookies = browser.http.cookies
        assert (await other.http.get(back)).status_code == 401


async def test_signing_out_ends_the_session_and_leads_to_the_issuer(
    desk: ServedDesk, browser: Browser, issuer: str
) -> None:
    await signed_in(browser, desk, "pharmacist")
    secret = browser.http.cookies[COOKIE]
    page = await browser.open("/work")
    assert f"form-action 'self' {issuer}" in page.headers["content-security-policy"]
    there = (await browser.post(page, "/sign-out")).headers["location"]
    assert there.startswith(f"{issuer}/oauth2/end_session?")
    assert query(there)["post_logout_redirect_uri"].endswith("/signed-out")
    assert COOKIE not in browser.http.cookies
    browser.http.cookies.set(COOKIE, secret, domain="127.0.0.1", path="/")
    assert (await browser.http.get("/work")).status_code == 303
    assert await desk.desk.pool.fetchval("SELECT count(*) FROM web_sessions WHERE ended_at IS NULL") == 0


async def test_signing_in_and_out_is_audited(desk: ServedDesk, browser: Browser) -> None:
    await signed_in(browser, desk, "pharmacist")
    await browser.post(await browser.open("/work"), "/sign-out")
    found = await desk.desk.pool.fetch("SELECT actor, action FROM audit WHERE chain = 'system' ORDER BY seq")
    assert [tuple(each) for each in found] == [("staff:pharmacist", "signed_in"), ("staff:pharmacist", "signed_out")]


async def test_an_issuer_that_is_away_is_said_and_hurts_nobody_who_is_signed_in(dsn: str, tmp_path: Path) -> None:
    settings = browser_settings(dsn, tmp_path, "http://127.0.0.1:9")
    async with served_desk(settings) as served, Browser(served.url) as browser:
        answer = await browser.http.get("/sign-in/start")
        assert answer.status_code == 503
        assert "The sign-in service does not answer" in answer.text


def change_attempt(desk: ServedDesk, browser: Browser, **changes: object) -> None:
    """Have the browser expect another answer than the one that it is going to get."""
    sealer = desk.desk.web.attempts
    attempt = open_attempt(sealer, browser.http.cookies["firstdose-sign-in"], within_s=60)
    assert attempt is not None
    sealed = seal_attempt(sealer, attempt.model_copy(update=changes))
    browser.http.cookies.set("firstdose-sign-in", sealed, domain="127.0.0.1", path="/")


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "another"},
        {"begun_at": datetime.now(UTC) - timedelta(minutes=11)},
        {"fresh": True, "begun_at": datetime.now(UTC) + timedelta(hours=2)},
        {"fresh": True, "subject": "nurse"},
    ],
    ids=["an ID token for another sign-in", "too late", "a password typed before it was asked for", "another person"],
)
async def test_an_identity_that_does_not_fit_signs_nobody_in(
    desk: ServedDesk, browser: Browser, changes: dict[str, object]
) -> None:
    back = await come_back(browser, desk, "pharmacist")
    change_attempt(desk, browser, **changes)
    assert (await browser.http.get(back)).status_code == 401
    assert COOKIE not in browser.http.cookies


async def test_the_verifier_of_the_challenge_is_sent_for_the_token(
    desk: ServedDesk, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider of this test takes a code without it; a stricter one must not."""
    sent: list[str] = []
    fetch = AsyncOAuth2Client.fetch_token

    async def seen(client: AsyncOAuth2Client, *given: object, **named: str) -> object:
        sent.append(named["code_verifier"])
        return await fetch(client, *given, **named)

    monkeypatch.setattr(AsyncOAuth2Client, "fetch_token", seen)
    asked = query((await browser.http.get("/sign-in/start")).headers["location"])
    attempt = open_attempt(desk.desk.web.attempts, browser.http.cookies["firstdose-sign-in"], within_s=60)
    assert attempt is not None
    digest = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).decode().rstrip("=")
    assert asked["code_challenge"] == digest
    place = (await browser.http.get("/sign-in/start")).headers["location"]
    back = await browser.authorize(place, "pharmacist")
    await browser.http.get(back.replace("http://127.0.0.1:8080", desk.url))
    assert len(sent) == 1
    assert create_s256_code_challenge(sent[0]) == query(place)["code_challenge"]
