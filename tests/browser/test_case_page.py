"""The page of a case in Chromium: accessible on a phone and at a desk, within the policy, on paper, without scripts."""

import pytest
from playwright.async_api import Browser, expect

from firstdose.domain.work.role import Role
from tests.browser.pages import DESKTOP, PHONE, sideways, sign_in, tab, violations
from tests.conftest import CHROMIUM
from tests.rich_case import rich_case
from tests.served_desk import ServedDesk

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine")

LARGEST = 100 * 1024
WINDOWS = pytest.mark.parametrize("window", [PHONE, DESKTOP], ids=["phone", "desktop"])


@WINDOWS
async def test_a_case_is_for_everybody(desk: ServedDesk, browser: Browser, window: dict[str, int]) -> None:
    case, empty = f"/referrals/{await rich_case(desk)}", f"/referrals/{await desk.refer()}"
    documents = [f"{case}/documents/{number}" for number in (1, 3, 4, 5)]
    pages = {
        Role.PHARMACIST: (case, f"{case}?rows=all", *documents),
        Role.SUPERVISOR: (empty,),
        Role.AUDITOR: (case,),
        Role.NURSE_COORDINATOR: (case, f"{case}/break-glass"),
    }
    for role, paths in pages.items():
        async with tab(browser, viewport=window) as page:
            await sign_in(page, desk, role)
            for path in paths:
                answer = await page.goto(f"{desk.url}{path}")
                assert answer is not None
                assert answer.status == 200
                assert len(await answer.body()) < LARGEST
                assert await violations(page) == [], path
                assert await sideways(page) == 0, path


async def test_a_picture_is_shown_in_the_page(desk: ServedDesk, browser: Browser) -> None:
    case = await rich_case(desk)
    async with tab(browser) as page:
        await sign_in(page, desk, Role.PHARMACIST)
        await page.goto(f"{desk.url}/referrals/{case}/documents/1")
        await expect(page.get_by_role("img", name="Wound photo")).to_have_js_property("naturalWidth", 10)


async def test_a_pdf_opens_in_a_frame_of_the_page(desk: ServedDesk, browser: Browser) -> None:
    case = await rich_case(desk)
    async with tab(browser) as page:
        await sign_in(page, desk, Role.PHARMACIST)
        async with page.expect_response("**/documents/2/content") as response:
            await page.goto(f"{desk.url}/referrals/{case}/documents/2")
        assert (await (await response.value).header_value("content-type")) == "application/pdf"
        await expect(page.get_by_title("Signed order")).to_be_visible()
        await expect(page.get_by_role("link", name="Download")).to_be_visible()


async def test_the_head_stays_in_sight_and_a_link_is_not_hidden_by_it(desk: ServedDesk, browser: Browser) -> None:
    case = await rich_case(desk)
    for window in (PHONE, DESKTOP):
        async with tab(browser, viewport=window) as page:
            await sign_in(page, desk, Role.PHARMACIST)
            await page.goto(f"{desk.url}/referrals/{case}#contacts")
            head, title = page.get_by_role("heading", level=1), page.get_by_role("heading", name="Contacts")
            await expect(head).to_be_in_viewport()
            bar, box = await page.locator(".case-head").bounding_box(), await title.bounding_box()
            assert bar is not None
            assert box is not None
            assert box["y"] >= bar["y"] + bar["height"]


async def test_without_scripts_the_glass_is_broken_and_the_case_read(desk: ServedDesk, browser: Browser) -> None:
    case = await rich_case(desk)
    async with tab(browser, viewport=PHONE, java_script_enabled=False) as page:
        await sign_in(page, desk, Role.NURSE_COORDINATOR)
        await page.goto(f"{desk.url}/referrals/{case}")
        await page.get_by_role("link", name="Read it all the same").click()
        await page.get_by_label("The patient called").check()
        await page.get_by_role("button", name="Read it for an hour").click()
        await expect(page.get_by_role("status")).to_contain_text("for an hour")
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Ana Hernandez")


async def test_on_paper_a_case_has_no_menu(desk: ServedDesk, browser: Browser) -> None:
    case = await rich_case(desk)
    async with tab(browser) as page:
        await sign_in(page, desk, Role.PHARMACIST)
        await page.goto(f"{desk.url}/referrals/{case}")
        await page.emulate_media(media="print")
        await expect(page.get_by_role("navigation")).to_have_count(0)
        await expect(page.get_by_role("heading", name="Authorization")).to_be_visible()
