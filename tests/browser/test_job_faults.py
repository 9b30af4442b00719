"""What goes wrong for somebody at work, in Chromium: each is said on a page, and nothing is stored twice."""

import asyncio
import re

import pytest
from playwright.async_api import Browser, Page, Route, expect

from desk.web import answers
from desk.web.acts import steer
from desk.web.words import words
from firstdose.adapters.postgres.ids import new_id
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import WorkItemKind
from tests.browser.job_scene import choose, fill, number_of, open_work, send
from tests.browser.pages import sign_in, tab
from tests.conftest import CHROMIUM
from tests.served_desk import ServedDesk
from tests.settled_acts import audited, messages, settling
from tests.visits import ORDER, PATIENT, offered
from tests.web_items import item_of, stored_answers

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine")

K = WorkItemKind
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Temporal answers here: what nobody settles would be waited for in vain."""
    monkeypatch.setattr(answers, "_PATIENCE", answers._PATIENCE / 10)
    monkeypatch.setattr(steer, "_PATIENCE", steer._PATIENCE / 10)


async def expect_error(page: Page, address: str, status: int, title: str, said: str) -> None:
    """A page that says what it is and leads back to work."""
    answer = await page.goto(address)
    assert answer is not None
    assert answer.status == status, address
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)
    await expect(page.get_by_role("main")).to_contain_text(said)
    await page.get_by_role("link", name="To the first page").click()
    await expect(page.get_by_role("heading", name="Work")).to_be_visible()


async def done_by(desk: ServedDesk, item: str, person: str) -> None:
    """As the process leaves an item that somebody has answered."""
    await desk.desk.pool.execute(
        "UPDATE work_items SET state = 'resolved', assignee = $2, closed_at = now() WHERE id = $1", item, person
    )


@SCRIPTS
async def test_what_another_role_does_is_a_page_that_says_so(desk: ServedDesk, browser: Browser, scripts: bool) -> None:
    referral_id = await desk.refer(patient=PATIENT, order=ORDER)
    assess, offer = await item_of(desk, K.ASSESS_PATIENT, None, referral_id), await offered(desk, "rn-2")
    call = await item_of(desk, K.CONTACT_PATIENT, None, referral_id)
    await item_of(desk, K.SUBMIT_AUTHORIZATION, None, referral_id)
    title = "This is not for your role"
    async with tab(browser, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.REIMBURSEMENT_SPECIALIST)
        for path, said in (
            (f"/referrals/{referral_id}/override", "Your roles do not allow this."),
            (f"/referrals/{referral_id}/cancel", "This is for intake coordinator, customer service, supervisor."),
            (
                f"/referrals/{referral_id}/facts/clinical",
                "Clinical facts are changed by intake coordinator, pharmacist.",
            ),
            (f"/work-items/{assess}", "The work item is for the role pharmacist."),
            (f"/work-items/{call}", "The work item is for the role customer service."),
            (f"/work-items/{offer}", "The work item is for the role nurse."),
            ("/audit", "Your roles do not allow this."),
            ("/visits", "Your roles do not allow this."),
        ):
            await expect_error(page, f"{desk.url}{path}", 403, title, said)
        await page.goto(f"{desk.url}/referrals/{referral_id}")
        await expect(page.get_by_role("link", name="Put on hold")).to_be_visible()
        await expect(page.get_by_role("group", name="What came of it?")).to_be_visible()
        await expect(page.get_by_role("link", name="Cancel the referral")).to_have_count(0)
        await expect(page.get_by_role("link", name="Start without the authorization")).to_have_count(0)
        await expect(page.get_by_text("Is the patient suitable?")).to_have_count(0)
    assert await stored_answers(desk) == []


@SCRIPTS
async def test_what_somebody_guesses_is_not_there(desk: ServedDesk, browser: Browser, scripts: bool) -> None:
    guess = new_id()
    async with tab(browser, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.SUPERVISOR)
        for path in (
            f"/referrals/{guess}",
            "/referrals/FD-222222",
            "/referrals/1",
            f"/referrals/{guess}/hold",
            f"/referrals/{guess}/documents/1",
            f"/work-items/{guess}",
        ):
            await expect_error(page, f"{desk.url}{path}", 404, "There is nothing here", "or you may not see it")


@SCRIPTS
async def test_a_double_click_is_one_answer_one_note_and_one_hold(
    desk: ServedDesk, browser: Browser, scripts: bool
) -> None:
    referral_id = await desk.refer(patient=PATIENT, order=ORDER)
    await item_of(desk, K.CONTACT_PATIENT, None, referral_id)
    async with tab(browser, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.CUSTOMER_SERVICE)
        await open_work(page, desk, K.CONTACT_PATIENT, referral_id)
        await choose(page, "Did you reach the patient?", "No: nobody answered")
        await click_twice(page, "Send", "Stored.")
        await fill(page, "New note", "Nobody answers.")
        await click_twice(page, "Keep the note", "Saved.")
        await page.get_by_role("link", name="Put on hold").click()
        await choose(page, "Why?", "In hospital")
        await choose(page, "When does the hold end?", "When somebody ends it")
        await click_twice(page, "Put on hold", "Stored.")
    assert await stored_answers(desk) == [{"outcome": "no_answer"}]
    assert [note.text for note in (await desk.desk.notes.page(referral_id)).items] == ["Nobody answers."]
    assert await messages(desk, referral_id, "hold") == [{"reason": "hospitalized", "until": None}]


async def click_twice(page: Page, button: str, says: str) -> None:
    """The second time when the desk has taken the first, and before the browser has its answer."""
    taken = asyncio.Event()

    async def without_answer(route: Route) -> None:
        answer = await route.fetch(max_redirects=0)
        assert answer.status == 303
        taken.set()

    there = page.get_by_role("button", name=button, exact=True)
    await there.scroll_into_view_if_needed()
    box = await there.bounding_box()
    assert box is not None
    at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.route("**", without_answer, times=1)
    # A locator would wait for the first answer.
    await page.mouse.click(*at)
    await asyncio.wait_for(taken.wait(), 30)
    await page.mouse.click(*at)
    await expect(page.get_by_role("status")).to_contain_text(says)


@SCRIPTS
async def test_who_goes_back_after_an_answer_reads_who_did_what_and_when(
    desk: ServedDesk, browser: Browser, scripts: bool
) -> None:
    referral_id = await desk.refer(patient=PATIENT, order=ORDER)
    item = await item_of(desk, K.CONTACT_PATIENT, None, referral_id)
    async with tab(browser, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.CUSTOMER_SERVICE)
        await open_work(page, desk, K.CONTACT_PATIENT, referral_id)
        left_open = await page.context.new_page()
        await left_open.goto(page.url)
        await page.get_by_role("link", name=words(K.CONTACT_PATIENT), exact=True).click()
        await choose(page, "Did you reach the patient?", "No: nobody answered")
        async with settling(desk, "resolve_work_item"):
            await send(page, says="Done.")
        await done_by(desk, item, "test-customer_service")
        await page.go_back()
        whose = page.get_by_role("region", name="Whose it is")
        await expect(whose).to_contain_text(re.compile(r"Done, by test-customer_service, .* (CST|CDT)"))
        await expect(page.get_by_text("Nothing is left to do here.")).to_be_visible()
        await expect(page.get_by_role("button", name="Send")).to_have_count(0)
        await choose(left_open, "Did you reach the patient?", "Yes")
        await fill(left_open, "Language of the patient", "Spanish")
        await left_open.get_by_role("button", name="Send", exact=True).click()
        said = re.compile(
            r"Not stored: the work item is not open any more. Now: done by test-customer_service, .* (CST|CDT)"
        )
        await expect(left_open.get_by_role("alert")).to_contain_text(said)
        await expect(left_open.get_by_role("textbox", name="Language of the patient")).to_have_value("Spanish")
    assert await stored_answers(desk) == [{"outcome": "no_answer"}]


@SCRIPTS
async def test_who_sends_a_page_of_before_reads_who_was_faster(
    desk: ServedDesk, browser: Browser, scripts: bool
) -> None:
    referral_id = await desk.refer(patient=PATIENT, order=ORDER)
    item = await item_of(desk, K.CONTACT_PATIENT, None, referral_id)
    async with tab(browser, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.CUSTOMER_SERVICE)
        await open_work(page, desk, K.CONTACT_PATIENT, referral_id)
        await choose(page, "Did you reach the patient?", "No: nobody answered")
        await done_by(desk, item, "sue")
        await page.get_by_role("button", name="Send", exact=True).click()
        await expect(page.get_by_role("alert")).to_contain_text(re.compile(r"Now: done by sue, .* (CST|CDT)"))
        await page.get_by_role("link", name=await number_of(desk, referral_id)).click()
        await page.get_by_role("link", name="Put on hold").click()
        await choose(page, "Why?", "Supply")
        await choose(page, "When does the hold end?", "When somebody ends it")
        await audited(desk, referral_id, "held", "staff:sue", reason="supply", until=None)
        async with settling(desk, "hold", "the referral is on hold already"):
            await page.get_by_role("button", name="Put on hold").click()
            await expect(page.get_by_role("alert")).to_contain_text("The referral is on hold already.")
        await expect(page.get_by_role("alert")).to_contain_text(re.compile(r"Put on hold by sue, .* (CST|CDT)"))
        await expect(page.get_by_role("radio", name="Supply")).to_be_checked()
    assert await stored_answers(desk) == []
