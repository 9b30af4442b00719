"""A case on its page: what is shown to whom, escaped, audited, and what is not there."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from firstdose.domain.work.role import Actor, Role
from tests.oidc_provider import Browser
from tests.rich_case import PNG, SCRIPT, rich_case
from tests.served_desk import ServedDesk, desk_with_buttons
from tests.visits import PATIENT, nurse_on_roster

LARGEST = 100 * 1024
PATIENTS = ("Hernandez", "6145550123", "SH12345", "penicillin", "1 Main St", "Osteomyelitis", "Luis")
"""What identifies the patient, or is clinical."""


NOBODY = "4f7c1c0e-6c3b-4d5b-9d55-0a5a54a0a001"


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with desk_with_buttons(dsn, tmp_path) as served:
        await nurse_on_roster(served, "rn-1", "test-nurse")
        yield served


@pytest.fixture
async def browser(desk: ServedDesk) -> AsyncIterator[Browser]:
    async with Browser(desk.url) as opened:
        yield opened


@pytest.fixture
async def referral_id(desk: ServedDesk) -> str:
    return await rich_case(desk)


async def opened_by(browser: Browser, role: Role, path: str) -> httpx2.Response:
    await browser.sign_in_locally(role)
    return await browser.open(path)


async def audited(desk: ServedDesk, referral_id: str) -> list[tuple[str, str]]:
    rows = await desk.desk.pool.fetch(
        "SELECT actor, action FROM audit WHERE chain = $1 AND actor LIKE 'staff:test-%' ORDER BY seq", referral_id
    )
    return [(row["actor"], row["action"]) for row in rows]


async def test_a_pharmacist_sees_the_whole_case(desk: ServedDesk, browser: Browser, referral_id: str) -> None:
    answer = await opened_by(browser, Role.PHARMACIST, f"/referrals/{referral_id}")
    assert answer.status_code == 200
    page = answer.text
    assert all(told in page for told in PATIENTS)
    for told in ("Ana Hernandez", "Born Jul 23, 1961", "ceftriaxone", "Preparation", "the patient is away, until"):
        assert told in page, told
    for told in ("112 units, Nov 20, 2026 to Dec 3, 2026", "80 units, from Nov 20, 2026 until Nov 30, 2026"):
        assert told in page, told
    for told in ("Not as requested: units, period", "SUM-90210", "UTILIZATION DESK", "42 CFR 422.568(b)(3)"):
        assert told in page, told
    for told in ("Suitable for home with conditions", "$40.00", "2 of 5 attempts", "LOT-77", "Denver time"):
        assert told in page, told
    assert f'href="/work-items/{referral_id}-assess_patient-2"' in page
    assert len(answer.content) < LARGEST
    assert await audited(desk, referral_id) == [
        ("staff:test-pharmacist", "facts_read"),
        ("staff:test-pharmacist", "timeline_read"),
    ]


async def test_by_its_number_in_any_spelling(desk: ServedDesk, browser: Browser, referral_id: str) -> None:
    number = await desk.desk.pool.fetchval("SELECT referral_number FROM referrals")
    for spelling in (number, number.lower(), number.replace("-", "%20")):
        assert "Ana Hernandez" in (await opened_by(browser, Role.PHARMACIST, f"/referrals/{spelling}")).text


@pytest.mark.parametrize("reference", [NOBODY, "FD-34679A", "fd", "R-1", "%00", "..%2Fwork", "x" * 300])
async def test_what_is_no_referral_is_not_found(browser: Browser, reference: str) -> None:
    answer = await opened_by(browser, Role.SUPERVISOR, f"/referrals/{reference}")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.text or "Not Found" in answer.text


async def test_an_auditor_sees_where_it_stands_and_no_facts(
    desk: ServedDesk, browser: Browser, referral_id: str
) -> None:
    page = (await opened_by(browser, Role.AUDITOR, f"/referrals/{referral_id}?rows=all")).text
    for hidden in (*PATIENTS, "UTILIZATION DESK", "SEND THE NOTES", "Okafor", "weight"):
        assert hidden not in page, hidden
    for told in ("no facts are shown to auditors", "Preparation", "The pharmacist found the patient", "Technical rows"):
        assert told in page, told
    assert await audited(desk, referral_id) == []
    assert (await browser.open(f"/referrals/{referral_id}/documents/1")).status_code == 403
    assert (await browser.open(f"/referrals/{referral_id}/documents/1/content")).status_code == 403
    assert (await browser.open(f"/referrals/{referral_id}/break-glass")).status_code == 403


async def test_a_nurse_reads_it_once_the_visit_is_held(desk: ServedDesk, browser: Browser, referral_id: str) -> None:
    page = (await opened_by(browser, Role.NURSE, f"/referrals/{referral_id}")).text
    assert "You have no part in this referral" in page
    assert not any(hidden in page for hidden in PATIENTS)
    await desk.desk.pool.execute(
        "INSERT INTO visit_holds (key, referral_id, nurse, visit_at) VALUES ('k', $1, 'rn-1', now())", referral_id
    )
    assert "penicillin (rash)" in (await browser.open(f"/referrals/{referral_id}")).text


async def test_who_has_no_part_sees_what_everybody_may(desk: ServedDesk, browser: Browser, referral_id: str) -> None:
    page = (await opened_by(browser, Role.NURSE_COORDINATOR, f"/referrals/{referral_id}")).text
    for told in ("Anti-infective", "Urgent", "On hold", "Pharmacist: assess the patient", "/break-glass"):
        assert told in page, told
    for hidden in (*PATIENTS, "SUM-90210", "SEND THE NOTES", "ceftriaxone"):
        assert hidden not in page, hidden
    for path in ("documents/1", "documents/1/content"):
        assert (await browser.open(f"/referrals/{referral_id}/{path}")).status_code == 403
    assert await audited(desk, referral_id) == []


async def test_whoever_breaks_the_glass_says_why_and_reads(
    desk: ServedDesk, browser: Browser, referral_id: str
) -> None:
    path = f"/referrals/{referral_id}/break-glass"
    form = await opened_by(browser, Role.NURSE_COORDINATOR, path)
    assert "Choose why you need to read it." in (await browser.post(form, path)).text
    unsaid = await browser.post(form, path, reason="other")
    assert (unsaid.status_code, "what the other reason is" in unsaid.text) == (422, True)
    assert (await browser.post(form, path, reason="emergency")).headers["location"] == f"/referrals/{referral_id}"
    page = (await browser.open(f"/referrals/{referral_id}")).text
    assert "Ana Hernandez" in page
    assert "You may read this referral for an hour." in page
    assert [action for _, action in await audited(desk, referral_id)] == ["break_glass", "facts_read", "timeline_read"]


async def test_the_glass_is_broken_by_who_has_just_signed_in(
    desk: ServedDesk, browser: Browser, referral_id: str
) -> None:
    path = f"/referrals/{referral_id}/break-glass"
    form = await opened_by(browser, Role.NURSE_COORDINATOR, path)
    await desk.desk.pool.execute("UPDATE web_sessions SET authenticated_at = now() - interval '1 hour'")
    answer = await browser.post(form, path, reason="emergency")
    assert answer.headers["location"].startswith("/sign-in?")
    assert await audited(desk, referral_id) == []


async def test_what_is_mine_stands_first_and_what_others_have_is_said(
    desk: ServedDesk, browser: Browser, referral_id: str
) -> None:
    page = (await opened_by(browser, Role.CUSTOMER_SERVICE, f"/referrals/{referral_id}")).text
    mine, others = page[page.index('id="next"') :].split("Waits for others")
    assert "Call the patient" in mine
    assert "Attempt 3" in mine
    assert "Assess the patient" not in mine
    assert "Waits for the pharmacist:" in others
    assert "Waits for the reimbursement specialist" in others


async def test_every_wait_says_what_until_when_whose_and_what_ends_it(
    desk: ServedDesk, browser: Browser, referral_id: str
) -> None:
    page = (await opened_by(browser, Role.SUPERVISOR, f"/referrals/{referral_id}")).text
    waits = page[page.index('id="waiting"') : page.index('id="authorization"')]
    for told in ("A hold", "Reason: the patient is away.", "End the hold", "A message to mercy that was not delivered"):
        assert told in waits, told
    for told in ("The next call to the patient", "Attempt 3 of 5 becomes work", "The last look before the visit"):
        assert told in waits, told
    for told in (
        "The payer summit, to decide",
        "Rule: Part B drug",
        "It is asked by the system every 6 h",
        "Last exchange",
    ):
        assert told in waits, told
    assert "Ask the payer, and say what it answered" in waits
    assert waits.count("Owner") == waits.count('class="wait')
    assert "Escalates" in waits


async def test_script_in_any_text_is_text(desk: ServedDesk, browser: Browser, referral_id: str) -> None:
    for path in ("", "?rows=all", "/documents/1"):
        page = (await opened_by(browser, Role.PHARMACIST, f"/referrals/{referral_id}{path}")).text
        assert SCRIPT not in page, path
    page = (await browser.open(f"/referrals/{referral_id}")).text
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") >= 3


async def test_a_long_story_and_all_its_rows_are_still_a_small_page(
    desk: ServedDesk, browser: Browser, referral_id: str
) -> None:
    actor = Actor(id="rosa", roles=(Role.PHARMACIST,))
    for number in range(130):
        told = {"gates": ["kit", "nurse"], "why": ["x" * 300], "number": number}
        await desk.desk.note(actor, "dispatch.blocked", told, chain=referral_id)
    path = f"/referrals/{referral_id}?rows=all"
    pages = 0
    while path:
        answer = await opened_by(browser, Role.PHARMACIST, path)
        assert len(answer.content) < LARGEST
        further = re.search(r'href="([^"]*skip=[^"]*)"', answer.text)
        path, pages = (further[1].replace("&amp;", "&") if further else ""), pages + 1
    assert pages > 2
    assert "What was before" in answer.text
    assert "The referral was opened." in (await browser.open(f"/referrals/{referral_id}?told=80")).text


async def test_a_referral_of_which_nothing_is_known_says_so(desk: ServedDesk, browser: Browser) -> None:
    referral_id = await desk.refer(patient={"family_name": "Testperson"})
    page = (await opened_by(browser, Role.SUPERVISOR, f"/referrals/{referral_id}")).text
    for told in ("Therapy not known", "Nobody has said: ask", "No line is known yet", "Nobody has sent a document."):
        assert told in page, told
    for told in ("No visit is arranged yet", "Not made yet", "Not verified yet", "Not tried yet"):
        assert told in page, told


async def test_a_shredded_referral_says_so(desk: ServedDesk, browser: Browser, referral_id: str) -> None:
    await desk.desk.pool.execute("DELETE FROM referral_keys")
    page = (await opened_by(browser, Role.SUPERVISOR, f"/referrals/{referral_id}")).text
    assert "The facts were shredded." in page
    assert "Hernandez" not in page


async def test_documents_are_shown_by_an_address_that_runs_nothing(
    desk: ServedDesk, browser: Browser, referral_id: str
) -> None:
    one = f"/referrals/{referral_id}/documents"
    image, pdf, html, address, nothing = [
        (await opened_by(browser, Role.PHARMACIST, f"{one}/{number}")) for number in range(1, 6)
    ]
    assert f'<img class="document" src="{one}/1/content"' in image.text
    assert f'<iframe class="document" src="{one}/2/content"' in pdf.text
    assert "frame-src 'self'" in pdf.headers["content-security-policy"]
    assert "A browser cannot show this kind of file." in html.text
    assert 'href="https://mercy.example/doc/7"' in address.text
    assert "nothing of it was sent" in nothing.text
    assert (await browser.open(f"{one}/6")).status_code == 404


async def test_a_documents_content_is_audited_and_strict(desk: ServedDesk, browser: Browser, referral_id: str) -> None:
    one = f"/referrals/{referral_id}/documents"
    image = await opened_by(browser, Role.PHARMACIST, f"{one}/1/content")
    assert (image.headers["content-type"], PNG[:4] in image.text) == ("image/png", False)
    assert image.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'self'; sandbox"
    pdf = await browser.open(f"{one}/2/content")
    assert pdf.headers["content-disposition"] == 'inline; filename="document-2.pdf"'
    assert "script-src" not in pdf.headers["content-security-policy"]
    assert "default-src 'none'" in pdf.headers["content-security-policy"]
    html = await browser.open(f"{one}/3/content")
    assert html.headers["content-type"] == "application/octet-stream"
    assert html.headers["content-disposition"].startswith("attachment")
    download = await browser.open(f"{one}/2/content?download=1")
    assert download.headers["content-disposition"] == 'attachment; filename="document-2.pdf"'
    assert [action for _, action in await audited(desk, referral_id)] == ["document_opened"] * 4


async def test_a_nurse_answers_a_visit_on_the_page_for_the_phone(desk: ServedDesk, browser: Browser) -> None:
    referral_id = await desk.refer(patient=PATIENT)
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, offered_to, opened_at, due_at)"
        " VALUES ('visit-1', $1, 'report_visit', 'nurse', 'rn-1', now(), now())",
        referral_id,
    )
    page = (await opened_by(browser, Role.NURSE, f"/referrals/{referral_id}")).text
    assert 'href="/visits/visit-1"' in page
