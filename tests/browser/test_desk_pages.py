"""The pages in Chromium, on a phone and at a desk: accessible, within the policy; and the list of work."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Browser, expect

from firstdose.domain.work.role import Role
from tests.browser.pages import DESKTOP, PHONE, sideways, sign_in, tab, violations
from tests.conftest import CHROMIUM
from tests.served_desk import ServedDesk
from tests.visits import ORDER, PATIENT, offered, to_report

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine")

LARGEST = 100 * 1024


@pytest.mark.parametrize("window", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_every_page_is_for_everybody(desk: ServedDesk, browser: Browser, window: dict[str, int]) -> None:
    offer, report = await offered(desk, "rn-1"), await to_report(desk, "rn-1")
    pages = {
        Role.NURSE: ("/work", "/visits", f"/visits/{offer}", f"/visits/{report}", "/audit", "/nothing"),
        Role.AUDITOR: ("/audit", "/audit?since=x", "/work"),
        Role.SUPERVISOR: ("/payers", "/payers?since=x", "/docs"),
        Role.PHARMACIST: ("/work", "/work?view=waiting&waiting_for=payer", "/work?view=expiring", "/work?view=x"),
    }
    for role, paths in pages.items():
        async with tab(browser, viewport=window) as page:
            await sign_in(page, desk, role)
            for path in paths:
                answer = await page.goto(f"{desk.url}{path}")
                assert answer is not None
                assert len(await answer.body()) < LARGEST
                assert await violations(page) == [], path
                assert await sideways(page) == 0, path


async def test_problems_of_a_form_are_for_everybody(desk: ServedDesk, browser: Browser) -> None:
    report = await to_report(desk, "rn-1")
    async with tab(browser, viewport=PHONE) as page:
        await sign_in(page, desk, Role.NURSE)
        await page.goto(f"{desk.url}/visits/{report}")
        await page.get_by_label("The first infusion was given").check()
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("alert").first).to_contain_text("Nothing was stored.")
        await expect(page.locator("[name='completed.ended_at.day']")).to_be_visible()
        assert await violations(page) == []
        assert await sideways(page) == 0


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_work_is_found_taken_and_put_off_on_a_phone(desk: ServedDesk, browser: Browser, scripts: bool) -> None:
    referral_id = await desk.refer(patient=PATIENT, order=ORDER)
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, opened_at, due_at)"
        " SELECT $2 || n, $1, 'assess_patient', 'pharmacist', now(), now() + (20 * n - 21) * interval '1 day'"
        " FROM generate_series(1, 3) AS n",
        referral_id,
        f"{referral_id}-",
    )
    async with tab(browser, viewport=PHONE, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.PHARMACIST)
        await expect(page.get_by_text("Overdue", exact=True)).to_be_visible()
        if scripts:
            assert await violations(page) == []
            assert await sideways(page) == 0
        await page.get_by_role("button", name="Take it: Assess the patient").first.click()
        await expect(page.get_by_role("status")).to_contain_text("It is yours now.")
        await page.get_by_role("link", name="Unassigned 2").click()
        for box in await page.get_by_role("checkbox").all():
            await box.check()
        await page.get_by_text("With the chosen work").click()
        await page.get_by_label("Snooze it").check()
        await page.get_by_role("button", name="Do it").click()
        await expect(page.get_by_text("Enter the day and the time.")).to_be_visible()
        if scripts:
            assert await violations(page) == []
        await page.get_by_label("Snooze until, day").fill((datetime.now(UTC) + timedelta(days=9)).date().isoformat())
        await page.get_by_label("Snooze until, Chicago time").fill("09:00")
        await page.get_by_role("button", name="Do it").click()
        await expect(page.get_by_role("status")).to_contain_text("Snoozed")
        await expect(page.get_by_role("link", name="Unassigned 0")).to_be_visible()
        await page.get_by_label("Find a referral or a caller").fill("614-555-0123")
        await page.get_by_role("button", name="Search").click()
        await expect(page.get_by_role("heading", name="Found: 1")).to_be_visible()
        assert "0123" not in page.url
    rows = await desk.desk.pool.fetch("SELECT assignee, snoozed_until IS NULL AS shown FROM work_items ORDER BY id")
    assert [tuple(row) for row in rows] == [("test-pharmacist", True), (None, False), (None, False)]


async def test_the_list_of_work_has_keys(desk: ServedDesk, browser: Browser) -> None:
    referral_id = await desk.refer(patient=PATIENT, order=ORDER)
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, opened_at, due_at)"
        " SELECT $2 || n, $1, 'assess_patient', 'pharmacist', now(), now() + n * interval '1 day'"
        " FROM generate_series(1, 3) AS n",
        referral_id,
        f"{referral_id}-",
    )
    async with tab(browser) as page:
        await sign_in(page, desk, Role.PHARMACIST)
        links = page.locator("table.work tbody th a")
        await page.keyboard.press("j")
        await expect(links.nth(0)).to_be_focused()
        assert await violations(page) == []
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await expect(links.nth(2)).to_be_focused()
        await page.keyboard.press("k")
        await expect(links.nth(1)).to_be_focused()
        await page.keyboard.press("a")
        await expect(page.get_by_label("Give it to somebody")).to_be_checked()
        await expect(page.get_by_role("checkbox").nth(1)).to_be_checked()
        assignee = page.get_by_label("Give it to", exact=False).last
        await expect(assignee).to_be_focused()
        await page.keyboard.type("jack?")
        await expect(assignee).to_have_value("jack?")
        await page.locator("body").click(position={"x": 1, "y": 1})
        await page.keyboard.press("/")
        await expect(page.get_by_label("Find a referral or a caller")).to_be_focused()
        await page.get_by_role("checkbox").nth(0).focus()
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
        assert await violations(page) == []
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**/referrals/{referral_id}")


async def test_without_scripts_there_are_no_keys(desk: ServedDesk, browser: Browser) -> None:
    async with tab(browser, java_script_enabled=False) as page:
        await sign_in(page, desk, Role.PHARMACIST)
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog")).to_be_hidden()


async def test_while_offline_nothing_is_sent(desk: ServedDesk, browser: Browser) -> None:
    offer = await offered(desk, "rn-1")
    async with tab(browser, viewport=PHONE) as page:
        await sign_in(page, desk, Role.NURSE)
        await page.goto(f"{desk.url}/visits/{offer}")
        await page.get_by_label("No", exact=True).first.check()
        await page.context.set_offline(True)
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_text("You are offline.")).to_be_visible()
        await page.context.set_offline(False)
        await expect(page.get_by_text("You are offline.")).to_be_hidden()
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("status")).to_contain_text("Stored.")
