"""The pages in Chromium: a tab whose complaints fail the test, signing in, and axe-core's look at a page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from firstdose.domain.work.role import Role
from tests.conftest import CHROMIUM
from tests.served_desk import ServedDesk

PHONE: Final = {"width": 390, "height": 844}
DESKTOP: Final = {"width": 1440, "height": 900}
_RULES: Final = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
_EXPECTED: Final = "the server responded with a status of 4"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        yield opened
        await opened.close()


@asynccontextmanager
async def tab(browser: Browser, **options: Any) -> AsyncIterator[Page]:
    """A fresh tab; a violation of the policy, an error of a script or a broken file fails the test."""
    context = await browser.new_context(**{"viewport": DESKTOP, **options})
    page = await context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    await context.close()
    assert [each for each in complaints if _EXPECTED not in each] == []


async def sign_in(page: Page, desk: ServedDesk, role: Role) -> None:
    """By the button of the role; on to its first page."""
    await page.goto(f"{desk.url}/sign-in")
    await page.get_by_role("button", name=role.replace("_", " ").capitalize(), exact=True).click()
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


async def violations(page: Page) -> list[str]:
    """What axe-core finds wrong, in light and in dark: rule and element."""
    found: list[str] = []
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        # Evaluated by the driver: the page's own policy would refuse a script from elsewhere.
        results = await Axe().run(page, options=_RULES)
        for each in results.response["violations"]:
            found += [f"{scheme}: {each['id']}: {node['html']}" for node in each["nodes"]]
    await page.emulate_media(color_scheme=None)
    return found


async def sideways(page: Page) -> int:
    """By how many pixels the page is wider than the window."""
    wider: int = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return wider
