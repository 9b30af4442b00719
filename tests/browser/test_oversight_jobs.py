"""The jobs of those who oversee the work, in Chromium: the supervisor's and the auditor's, with scripts and without."""

from datetime import UTC, datetime

import pytest
from playwright.async_api import Browser, expect

from firstdose.adapters.postgres.audit_search import keep_verification
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import WorkItemKind
from tests.browser.job_scene import (
    audited_acts,
    choose,
    day,
    expect_case,
    fill,
    moment,
    number_of,
    open_work,
    send,
)
from tests.browser.pages import sign_in, tab
from tests.conftest import CHROMIUM
from tests.served_desk import ServedDesk
from tests.settled_acts import messages
from tests.visits import ORDER, PATIENT
from tests.web_items import item_of, stored_answers

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine")

K = WorkItemKind
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


@SCRIPTS
async def test_a_supervisor_approves_an_override_and_holds_another_case(
    desk: ServedDesk, browser: Browser, scripts: bool
) -> None:
    referral_id, other = await desk.refer(patient=PATIENT, order=ORDER), await desk.refer()
    asks = {"override": "o-1", "gate": "authorization", "reason": "discharge_today", "until": f"{day(3)}T16:00:00Z"}
    await item_of(desk, K.APPROVE_OVERRIDE, asks, referral_id)
    until = day(4)
    async with tab(browser, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.SUPERVISOR)
        await open_work(page, desk, K.APPROVE_OVERRIDE, referral_id)
        await expect(page.get_by_role("region", name="Next")).to_contain_text("Discharge is today")
        await choose(page, "Do you approve it?", "Yes: therapy starts without the authorization")
        await send(page)
        await page.get_by_role("link", name="Work", exact=True).click()
        await page.get_by_role("searchbox", name="Find a referral or a caller").fill(await number_of(desk, other))
        await page.get_by_role("button", name="Search").click()
        await page.get_by_role("link", name="Open the case").click()
        await expect_case(page, desk, other)
        await page.get_by_role("link", name="Put on hold").click()
        await choose(page, "Why?", "The patient is away")
        await choose(page, "When does the hold end?", "At a day and time")
        await fill(page, "Day on which it ends", until)
        await fill(page, "Time at which it ends, Chicago time", "08:00")
        await send(page, "Put on hold")
        await expect_case(page, desk, other)
    assert await stored_answers(desk) == [{"outcome": "approved"}]
    (held,) = await messages(desk, other, "hold")
    assert datetime.fromisoformat(held.pop("until")) == moment(until, "08:00")
    assert held == {"reason": "patient_away"}
    assert await messages(desk, referral_id, "hold") == []


@SCRIPTS
async def test_an_auditor_finds_what_somebody_did_and_that_the_records_are_intact(
    desk: ServedDesk, browser: Browser, scripts: bool
) -> None:
    referral_id, other = await desk.refer(patient=PATIENT, order=ORDER), await desk.refer()
    item = await item_of(desk, K.ASSESS_PATIENT, None, referral_id)
    async with desk.as_staff(Role.PHARMACIST) as pharmacist:
        (await pharmacist.post(f"/api/work-items/{item}/claim")).raise_for_status()
    report = await desk.desk.audit.verify(desk.desk.pool)
    await keep_verification(desk.desk.pool, report, at=datetime.now(UTC), actor="system")
    number = await number_of(desk, referral_id)
    async with tab(browser, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.AUDITOR)
        await expect(page).to_have_title("Audit · FirstDose")
        state = page.get_by_role("region", name="Verification")
        await expect(state).to_contain_text(f"All {report.records} records in {report.chains} chains were intact.")
        await fill(page, "Person", "test-pharmacist")
        await page.get_by_role("button", name="Search").click()
        taken = page.get_by_role("row", name="Work was taken")
        await expect(taken).to_contain_text("staff:test-pharmacist")
        await expect(taken).to_contain_text(number)
        await expect(page.get_by_role("cell", name=await number_of(desk, other))).to_have_count(0)
        await fill(page, "Person", "")
        await fill(page, "Referral", number)
        await page.get_by_role("button", name="Search").click()
        records = await desk.desk.pool.fetchval("SELECT count(*) FROM audit WHERE chain = $1", referral_id)
        await expect(state).to_contain_text(f"This referral’s {records} records are intact.")
        await expect(page.locator("tbody").get_by_role("row")).to_have_count(records)
        await taken.get_by_role("link", name=number).click()
        await expect(page.get_by_role("heading", level=1)).to_have_text(number)
        await expect(page.get_by_text("Not shown: no facts are shown to auditors.").first).to_be_visible()
    assert await audited_acts(desk, referral_id, "staff:test-pharmacist") == ["work_item.claimed"]
