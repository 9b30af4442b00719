"""The forms of work items in Chromium: accessible in every state, and answered with and without scripts."""

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from firstdose.domain.work.work_item import ROLE_OF, WorkItemKind
from tests.browser.pages import DESKTOP, PHONE, sideways, tab, violations
from tests.conftest import CHROMIUM
from tests.served_desk import ServedDesk
from tests.web_items import item_of, stored_answers

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine")

K = WorkItemKind
SHOWN = (
    (K.COMPLETE_REFERRAL, "supplied", PHONE),
    (K.VERIFY_BENEFITS, "answered", DESKTOP),
    (K.FOLLOW_UP_PAYER, "answered", DESKTOP),
    (K.REVIEW_DECISION, "resubmit", PHONE),
    (K.ASSESS_PATIENT, "suitable_with_conditions", DESKTOP),
    (K.PREPARE_THERAPY, "ready", PHONE),
    (K.REPORT_VISIT, "completed", PHONE),
    (K.RECONCILE, "close", DESKTOP),
)
WORD = {
    "lines.1.state.approved.number": "A-17",
    "told_by": "R. Clerk",
    "told_at.day": "2026-11-20",
    "told_at.time": "09:30",
}


async def open_item(page: Page, desk: ServedDesk, kind: WorkItemKind) -> None:
    item = await item_of(desk, kind)
    await page.goto(f"{desk.url}/sign-in")
    await page.get_by_role("button", name=ROLE_OF[kind].replace("_", " ").capitalize(), exact=True).click()
    await page.goto(f"{desk.url}/work-items/{item}")


@pytest.mark.parametrize(("kind", "outcome", "window"), SHOWN, ids=[kind for kind, *_ in SHOWN])
async def test_a_form_is_for_everybody(
    desk: ServedDesk, browser: Browser, kind: WorkItemKind, outcome: str, window: dict[str, int]
) -> None:
    async with tab(browser, viewport=window) as page:
        await open_item(page, desk, kind)
        await page.locator(f"[name=outcome][value={outcome}]").check()
        for choice in await page.locator(".then fieldset.choice:visible > .option:first-of-type > label > input").all():
            await choice.check()
        assert await violations(page) == []
        assert await sideways(page) == 0
        await page.get_by_role("button", name="Send").click()
        if await page.get_by_role("alert").first.is_visible():
            assert await violations(page) == []
            assert await sideways(page) == 0


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_only_the_fields_of_the_outcome_are_shown_and_sent(
    desk: ServedDesk, browser: Browser, scripts: bool
) -> None:
    async with tab(browser, java_script_enabled=scripts) as page:
        await open_item(page, desk, K.SUBMIT_AUTHORIZATION)
        reference, number = named(page, "submitted.reference"), named(page, "answered.lines.1.state.approved.number")
        await expect(reference).to_be_hidden()
        await page.get_by_label("It is submitted").check()
        await reference.fill("never sent")
        await expect(number).to_be_hidden()
        await page.get_by_label("The payer answered at once").check()
        await expect(reference).to_be_hidden()
        await page.locator("[name='answered.lines.1.state'][value=approved]").check()
        await page.locator("[name='answered.lines.2.state'][value=denied]").check()
        for name, text in WORD.items():
            await named(page, f"answered.{name}").fill(text)
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_role("status")).to_contain_text("Stored.")
    (given,) = await stored_answers(desk)
    assert given["lines"] == [
        {"sequence": 1, "state": "approved", "number": "A-17", "units": 42},
        {"sequence": 2, "state": "denied"},
    ]
    assert "reference" not in given


def named(page: Page, name: str) -> Locator:
    return page.locator(f"[name='{name}']")
