"""Each role's main job in Chromium, from signing in to what the store then has; with scripts and without.

Those of the supervisor and the auditor stand in `test_oversight_jobs.py`.
"""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Browser, expect

from desk.web.words import words
from firstdose.domain.care.assessment import Condition
from firstdose.domain.care.visit import TAUGHT, ReportItem
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import WorkItemKind
from tests.browser.job_scene import (
    audited_acts,
    choose,
    day,
    expect_case,
    fill,
    moment,
    open_work,
    sealed_of,
    send,
)
from tests.browser.pages import PHONE, sign_in, tab
from tests.conftest import CHROMIUM
from tests.served_desk import ServedDesk
from tests.settled_acts import messages
from tests.visits import ORDER, PATIENT, offered, to_report
from tests.web_items import NURSE, item_of, stored_answers

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine")

K = WorkItemKind
DENVER: Final = ZoneInfo("America/Denver")
"""The patient's zone."""
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


@SCRIPTS
async def test_intake_completes_a_referral(desk: ServedDesk, browser: Browser, scripts: bool) -> None:
    known = {name: value for name, value in PATIENT.items() if name not in ("weight_kg", "allergies")}
    referral_id = await desk.refer(patient=known, order=ORDER)
    missing = {"missing": ["patient.weight_kg", "patient.allergies"], "blocks": ["dispatch"]}
    await item_of(desk, K.COMPLETE_REFERRAL, missing, referral_id)
    async with tab(browser, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.INTAKE_COORDINATOR)
        await expect(page).to_have_title("Work · FirstDose")
        await open_work(page, desk, K.COMPLETE_REFERRAL, referral_id)
        await choose(page, "Could you find out?", "Yes, all or some of it")
        await fill(page, "Weight, kg", "71.5")
        await choose(page, "Allergies", "No known allergies")
        await send(page)
        await expect_case(page, desk, referral_id)
    (given,) = await stored_answers(desk)
    assert given == {
        "outcome": "supplied",
        "facts": {"patient.weight_kg": 71.5, "patient.allergies": "none_known"},
    }


@SCRIPTS
async def test_customer_service_finds_a_caller_and_writes_a_note(
    desk: ServedDesk, browser: Browser, scripts: bool
) -> None:
    caller = await desk.refer(patient=PATIENT, order=ORDER)
    other = await desk.refer(patient=PATIENT | {"phones": ["6145550177"]}, order=ORDER)
    for referral_id in (caller, other):
        await item_of(desk, K.CONTACT_PATIENT, None, referral_id)
    async with tab(browser, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.CUSTOMER_SERVICE)
        await page.get_by_role("searchbox", name="Find a referral or a caller").fill("(614) 555-0123")
        await page.get_by_role("button", name="Search").click()
        await expect(page.get_by_role("heading", name="Found: 1")).to_be_visible()
        await open_work(page, desk, K.CONTACT_PATIENT, caller)
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Ana Hernandez")
        await choose(page, "Did you reach the patient?", "Yes")
        await fill(page, "Language of the patient", "Spanish")
        await send(page)
        await fill(page, "New note", "Calls back after 5 PM.\nSpeaks to her son as well.")
        await send(page, "Keep the note", "Saved.")
        written = page.get_by_role("region", name="Notes").get_by_role("article")
        await expect(written).to_contain_text("Calls back after 5 PM. Speaks to her son as well.")
        await expect(written).to_contain_text("test-customer_service, customer service")
    assert await stored_answers(desk) == [{"outcome": "reached", "facts": {"patient.language": "Spanish"}}]
    (note,) = (await desk.desk.notes.page(caller)).items
    assert (note.author, note.text) == (
        "staff:test-customer_service",
        "Calls back after 5 PM.\nSpeaks to her son as well.",
    )
    assert (await desk.desk.notes.page(other)).items == ()
    assert await audited_acts(desk, "system", note.author) == ["signed_in", "work_searched"]


@SCRIPTS
async def test_a_specialist_records_what_the_payer_says_of_each_line(
    desk: ServedDesk, browser: Browser, scripts: bool
) -> None:
    referral_id = await desk.refer(patient=PATIENT, order=ORDER)
    await item_of(desk, K.SUBMIT_AUTHORIZATION, None, referral_id)
    first, last, yesterday = day(0), day(60), day(-1)
    async with tab(browser, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.REIMBURSEMENT_SPECIALIST)
        await open_work(page, desk, K.SUBMIT_AUTHORIZATION, referral_id)
        await choose(page, "What came of it?", "The payer answered at once")
        for line, says, number, units in (
            ("Line 1: Drug, J3370, 42 units asked for", "Approved as asked for", "A-17", "42"),
            (
                "Line 2: Nursing, 99601, 6 units asked for",
                "Approved in part: fewer units, or a shorter time",
                "A-18",
                "4",
            ),
        ):
            part = page.get_by_role("group", name=line)
            await part.get_by_role("radio", name=says).check()
            await part.get_by_role("textbox", name="Authorization number").fill(number)
            await part.get_by_role("textbox", name="Valid from").fill(first)
            await part.get_by_role("textbox", name="Valid to, the last day").fill(last)
            await part.get_by_role("textbox", name="Units authorized").fill(units)
        await fill(page, "Who at the payer said so", "R. Clerk")
        await fill(page, "When they said so, day", yesterday)
        await fill(page, "When they said so, Chicago time", "09:30")
        await fill(page, "The payer’s reference for the request", "REF-1")
        await send(page)
    (given,) = await stored_answers(desk)
    assert datetime.fromisoformat(given.pop("told_at")) == moment(yesterday, "09:30")
    period = {"valid_from": first, "valid_to": last}
    assert given == {
        "outcome": "answered",
        "lines": [
            {"sequence": 1, "state": "approved", "number": "A-17", "units": 42, **period},
            {"sequence": 2, "state": "partial", "number": "A-18", "units": 4, **period},
        ],
        "told_by": "R. Clerk",
        "reference": "REF-1",
    }


@SCRIPTS
async def test_a_pharmacist_assesses_and_changes_an_allergy(desk: ServedDesk, browser: Browser, scripts: bool) -> None:
    referral_id = await desk.refer(patient=PATIENT, order=ORDER)
    await item_of(desk, K.ASSESS_PATIENT, None, referral_id)
    needed = (Condition.REFRIGERATOR, Condition.INTERPRETER)
    async with tab(browser, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.PHARMACIST)
        await open_work(page, desk, K.ASSESS_PATIENT, referral_id)
        await choose(page, "Is the patient suitable?", "Yes, at home, on conditions")
        for condition in Condition:
            await choose(page, words(condition), "Yes" if condition in needed else "No")
        await choose(page, "Does the patient need a nurse?", "Yes")
        await choose(page, "Are other services needed?", "No")
        await fill(page, "Findings", "The rash was ten years ago.")
        await send(page)
        await page.get_by_role("link", name="Change facts").click()
        await expect(page.get_by_role("textbox", name="Allergy 1")).to_have_value("penicillin")
        await fill(page, "Allergy 1", "amoxicillin")
        await fill(page, "Reaction to it (1)", "hives")
        await send(page, "Send what I changed")
        await expect_case(page, desk, referral_id)
    (given,) = await stored_answers(desk)
    assert set(given.pop("conditions")) == set(needed)
    assert given == {
        "outcome": "suitable_with_conditions",
        "needs_nursing": True,
        "other_services_needed": False,
        "findings": "The rash was ten years ago.",
    }
    allergies = [{"substance": "amoxicillin", "reaction": "hives"}]
    assert await messages(desk, referral_id, "amend") == [{"groups": ["clinical"]}]
    assert await sealed_of(desk, referral_id, "amend") == [{"facts": {"patient.allergies": allergies}}]


@SCRIPTS
async def test_a_nurse_coordinator_places_a_visit(desk: ServedDesk, browser: Browser, scripts: bool) -> None:
    referral_id = await desk.refer(patient=PATIENT, order=ORDER)
    await item_of(desk, K.PLACE_VISIT, None, referral_id)
    when = day(5, DENVER)
    async with tab(browser, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.NURSE_COORDINATOR)
        await open_work(page, desk, K.PLACE_VISIT, referral_id)
        await choose(page, "Who makes the visit, and when?", "It is placed")
        await fill(page, "Nurse", NURSE)
        await fill(page, "When the visit begins, day", when)
        await fill(page, "When the visit begins, Denver time", "14:15")
        await send(page)
    (given,) = await stored_answers(desk)
    assert datetime.fromisoformat(given.pop("visit_at")) == moment(when, "14:15", DENVER)
    assert given == {"outcome": "placed", "nurse": NURSE}


@SCRIPTS
async def test_a_nurse_accepts_and_reports_on_a_phone(desk: ServedDesk, browser: Browser, scripts: bool) -> None:
    await offered(desk, NURSE)
    await to_report(desk, NURSE)
    visit_day, not_shown = day(30, DENVER), ReportItem.STORAGE_TAUGHT
    async with tab(browser, viewport=PHONE, java_script_enabled=scripts) as page:
        await sign_in(page, desk, Role.NURSE)
        await expect(page).to_have_title("Visits · FirstDose")
        await page.get_by_role("link", name="Accept or decline: Columbus, OH 432xx").click()
        await expect(page.get_by_label("When the visit begins, day")).to_be_hidden()
        await choose(page, "Do you take it?", "Yes, I take it")
        await fill(page, "When the visit begins, day", visit_day)
        await fill(page, "When the visit begins, Denver time", "09:30")
        await send(page)
        await page.get_by_role("link", name="Open the visit of Ana Hernandez and report it").click()
        await choose(page, "What happened?", "The first infusion was given")
        done = page.get_by_role("group", name="What was done?")
        for item in ReportItem:
            await done.get_by_role("group", name=words(item)).get_by_label("Yes").check()
        back = page.get_by_role("group", name="What could the patient show back?")
        for item in TAUGHT:
            said = "No" if item is not_shown else "Yes"
            await back.get_by_role("group", name=words(item)).get_by_label(said).check()
        await fill(page, "When the visit ended, day", "2026-11-20")
        await fill(page, "When the visit ended, Denver time", "10:30")
        await send(page)
    accepted, reported = await stored_answers(desk)
    assert datetime.fromisoformat(accepted.pop("visit_at")) == moment(visit_day, "09:30", DENVER)
    assert accepted == {"outcome": "accepted"}
    assert datetime.fromisoformat(reported["ended_at"]) == moment("2026-11-20", "10:30", DENVER)
    assert (reported["outcome"], set(reported["items"])) == ("completed", set(ReportItem))
    assert len(reported["items"]) == 7
    assert set(reported["shown_back"]) == set(TAUGHT) - {not_shown}
