"""Signing in in a real browser: through an OIDC provider, and by a button for each role on this machine."""

import pytest
from playwright.async_api import Browser, expect

from firstdose.domain.work.role import Role
from tests.browser.pages import PHONE, sideways, tab, violations
from tests.conftest import CHROMIUM
from tests.served_desk import ServedDesk

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_a_button_for_each_role_signs_in(desk: ServedDesk, browser: Browser, scripts: bool) -> None:
    async with tab(browser, viewport=PHONE, java_script_enabled=scripts) as page:
        await page.goto(f"{desk.url}/")
        for role in Role:
            await expect(page.get_by_role("button", name=role.replace("_", " "), exact=False).first).to_be_visible()
        await page.get_by_role("button", name="Pharmacist").click()
        await expect(page).to_have_title("Work · FirstDose")
        await expect(page.get_by_text("Nothing is here.")).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
        await page.goto(f"{desk.url}/work")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_the_pages_of_signing_in_are_for_everybody(desk: ServedDesk, browser: Browser) -> None:
    async with tab(browser, viewport=PHONE) as page:
        for path in ("/sign-in", "/signed-out", "/nothing-here"):
            await page.goto(f"{desk.url}{path}")
            assert await violations(page) == []
            assert await sideways(page) == 0
