"""The forms of a case in Chromium: for everybody, on a phone and at a desk, with scripts and without."""

import pytest
from playwright.async_api import Browser, expect

from firstdose.domain.work.role import Role
from tests.browser.pages import DESKTOP, PHONE, sideways, sign_in, tab, violations
from tests.browser.test_desk_pages import LARGEST
from tests.conftest import CHROMIUM
from tests.contract.known_referral import FULL
from tests.integration.test_http_reading import put
from tests.served_desk import ServedDesk
from tests.settled_acts import audited, messages

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine")


async def refer(desk: ServedDesk, **data: object) -> str:
    referral_id = await desk.refer(**data)
    await put(desk.desk.pool, referral_id, "reconcile", "intake_coordinator")
    return referral_id


@pytest.mark.parametrize("window", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_every_form_of_a_case_is_for_everybody(
    desk: ServedDesk, browser: Browser, window: dict[str, int]
) -> None:
    full, held = await refer(desk, **FULL), await refer(desk)
    await desk.desk.pool.execute("UPDATE referrals SET on_hold = true WHERE id = $1", held)
    await audited(desk, held, "held", "staff:sue", reason="supply", until=None)
    pages = {
        Role.INTAKE_COORDINATOR: (
            "facts",
            *(f"facts/{group}" for group in ("clinical", "coverage", "contact")),
            "hold",
            "cancel",
            "notes",
        ),
        Role.SUPERVISOR: ("override", "facts"),
    }
    for role, paths in pages.items():
        async with tab(browser, viewport=window) as page:
            await sign_in(page, desk, role)
            for path in (*(f"{full}/{each}" for each in paths), f"{held}/resume", f"{held}/hold"):
                answer = await page.goto(f"{desk.url}/referrals/{path}")
                assert answer is not None
                assert len(await answer.body()) < LARGEST
                assert await violations(page) == [], path
                assert await sideways(page) == 0, path


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_a_coordinator_types_what_is_missing_and_mends_what_was_wrong(
    desk: ServedDesk, browser: Browser, scripts: bool
) -> None:
    referral_id = await refer(desk)
    async with tab(browser, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.INTAKE_COORDINATOR)
        await page.goto(f"{desk.url}/referrals/{referral_id}/facts")
        await page.get_by_role("link", name="Clinical facts").click()
        await page.get_by_label("Weight, kg").fill("seventy")
        await expect(page.get_by_label("Allergy 1")).to_be_hidden()
        await page.get_by_label("Known", exact=True).check()
        await page.get_by_label("Allergy 1").fill("penicillin")
        await page.get_by_role("group", name="Is the anaphylaxis kit ordered?").get_by_label("Yes").check()
        await page.get_by_role("button", name="Send what I changed").click()
        await expect(page.get_by_text("Enter a number, such as 70.5.")).to_be_visible()
        await expect(page.get_by_label("Allergy 1")).to_have_value("penicillin")
        if scripts:
            assert await violations(page) == []
        await page.get_by_label("Weight, kg").fill("70")
        await page.get_by_role("button", name="Send what I changed").click()
        await page.wait_for_url(f"{desk.url}/referrals/{referral_id}")
    assert await messages(desk, referral_id, "amend") == [{"groups": ["clinical"]}]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
async def test_a_supervisor_cancels_after_seeing_what_is_undone(
    desk: ServedDesk, browser: Browser, scripts: bool
) -> None:
    referral_id = await refer(desk)
    async with tab(browser, viewport=PHONE, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.SUPERVISOR)
        await page.goto(f"{desk.url}/referrals/{referral_id}/cancel")
        await page.get_by_label("Duplicate").check()
        await page.get_by_role("button", name="Go on").click()
        await expect(page.get_by_text("One open work item will be withdrawn.")).to_be_visible()
        if scripts:
            assert await violations(page) == []
            assert await sideways(page) == 0
        await page.get_by_role("button", name="Cancel the referral").click()
        await page.wait_for_url(f"{desk.url}/referrals/{referral_id}")
    assert await messages(desk, referral_id, "cancel") == [{"reason": "duplicate"}]
