"""Signing in and out with a browser, through a real OIDC provider over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

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
