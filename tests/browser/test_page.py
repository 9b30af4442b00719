"""The page in a real browser: what staff see, how they answer a work item, and that it never trusts a text."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.payers.authorization_requests import keep_requests
from firstdose.adapters.postgres.pool import transaction
from firstdose.domain.authorization.answer_match import Named
from firstdose.domain.authorization.requests import RequestEvent
from firstdose.domain.clock.clocks import Clock
from firstdose.domain.payer.remark import PayerRemark, RemarkKind
from firstdose.domain.problem import ProblemCode
from firstdose.domain.work.message import MessageState
from firstdose.domain.work.role import Role
from firstdose.payer_ports import Contact, ContactPurpose, ForeignAnswer, PayerReply, Received, Via
from tests.conftest import CHROMIUM
from tests.served_desk import ServedDesk, served_desk, settings_for, token

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine")

HOSTILE: Final = "<img src=x onerror=\"document.title='owned'\">"
IDLE_MINUTES: Final = 15


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        yield served


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
        )
        yield opened
        await opened.close()


@pytest.fixture
async def page(browser: Browser) -> AsyncIterator[Page]:
    """A fresh tab; whatever its console complains of fails the test, but for answers that the page has to expect."""
    context = await browser.new_context(viewport={"width": 1480, "height": 900})
    tab = await context.new_page()
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    yield tab
    await context.close()
    assert [each for each in complaints if "the server responded with a status of 4" not in each] == []


async def sign_in(page: Page, desk: ServedDesk, *roles: Role) -> None:
    await page.goto(f"{desk.url}/old")
    await page.get_by_label("Token").fill(token(*roles, subject="rosa"))
    await page.get_by_role("button", name="Sign in").click()


async def referral_with_work(desk: ServedDesk, **asks: Any) -> str:
    """A referral in the stage of verification, with an item for the intake coordinator."""
    order = {"therapy": "anti_infective", "drug": {"name": "ceftriaxone"}, "dose": HOSTILE}
    coverage = {"order": "primary", "payer": {"id": "summit", "name": "Summit Health"}, "member_id": "W123"}
    referral_id = await desk.refer(order=order, urgency="urgent", coverages=[coverage])
    await desk.desk.pool.execute(
        "UPDATE referrals SET stage = 'verification', waiting_for = '{intake_coordinator}',"
        " next_due = now() - interval '3h', blocked_by = '{therapy}' WHERE id = $1",
        referral_id,
    )
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, asks, opened_at, due_at)"
        " VALUES ($1, $2, 'complete_referral', 'intake_coordinator', $3, now() - interval '1d', now() - interval '3h')",
        f"{referral_id}-1",
        referral_id,
        asks or {"missing": ["patient.phones", "order.signed_on"], "blocks": "contact"},
    )
    return referral_id


async def test_the_board_shows_what_each_referral_waits_for(desk: ServedDesk, page: Page) -> None:
    await referral_with_work(desk)
    await sign_in(page, desk, Role.INTAKE_COORDINATOR)
    column = page.get_by_role("region", name="Verification")
    await expect(column).to_contain_text("Anti infective")
    await expect(column).to_contain_text("Intake coordinator")
    await expect(column).to_contain_text("3 h overdue")


async def test_painting_anew_leaves_the_reader_at_their_card(desk: ServedDesk, page: Page) -> None:
    referral_id = await referral_with_work(desk)
    await page.set_viewport_size({"width": 400, "height": 800})
    await page.clock.install()
    await sign_in(page, desk, Role.INTAKE_COORDINATOR)
    card = page.locator(f'a[href="#/referrals/{referral_id}"]')
    await card.focus()
    await page.locator(".board").evaluate("board => { board.scrollLeft = 90; }")
    await desk.desk.pool.execute("UPDATE referrals SET on_hold = true")
    await page.clock.fast_forward(5000)
    await expect(card).to_contain_text("On hold")
    await expect(card).to_be_focused()
    assert await page.locator(".board").evaluate("board => board.scrollLeft") == 90


async def test_a_referral_page_shows_texts_as_texts(desk: ServedDesk, page: Page) -> None:
    referral_id = await referral_with_work(desk)
    await sign_in(page, desk, Role.INTAKE_COORDINATOR)
    await page.goto(f"{desk.url}/old#/referrals/{referral_id}")
    await expect(page.get_by_role("listitem").filter(has_text="Therapy")).to_be_visible()
    await expect(page.get_by_role("heading", name="What keeps it")).to_be_visible()
    await expect(page.get_by_text(HOSTILE)).to_have_count(2)  # the dose, and the question about it
    for shown in await page.get_by_text(HOSTILE).all():
        await expect(shown).to_be_visible()
    await expect(page).to_have_title("Referral · FirstDose")


async def test_a_referral_page_says_first_what_stands_still(desk: ServedDesk, page: Page) -> None:
    referral_id = await referral_with_work(desk)
    await desk.desk.pool.execute("UPDATE messages SET received_at = now() - interval '5 minutes', attempts = 7")
    await sign_in(page, desk, Role.INTAKE_COORDINATOR)
    await page.goto(f"{desk.url}/old#/referrals/{referral_id}")
    for told in ("Temporal does not answer", "has not reached the workflow", "tried 7 times", "firstdose doctor"):
        await expect(page.get_by_role("alert").filter(has_text=told)).to_be_visible()


async def test_an_item_is_claimed_and_answered_with_the_form_of_its_schema(desk: ServedDesk, page: Page) -> None:
    referral_id = await referral_with_work(desk)
    await sign_in(page, desk, Role.INTAKE_COORDINATOR)
    await page.get_by_role("link", name="Worklist").click()
    await page.get_by_role("link", name="Complete referral").click()
    await page.get_by_role("button", name="Take it").click()
    await expect(page.get_by_role("button", name="Give back")).to_be_visible()
    await page.get_by_label("Outcome").select_option("supplied")
    await page.get_by_label("Value of patient.phones").fill('["6145550123"]')
    await page.get_by_label("Value of order.signed_on").fill("2199-01-01")
    await page.get_by_role("button", name="Send answer").click()
    await expect(page.get_by_role("alert")).to_contain_text("facts.order.signed_on")
    await page.get_by_label("Value of order.signed_on").fill("2026-03-01")
    async with page.expect_response(lambda answer: answer.url.endswith("/resolve")) as sent:
        await page.get_by_role("button", name="Send answer").click()
        body = await desk.desk.pool.fetchval(STORED, referral_id)
        while body is None:
            await page.wait_for_timeout(50)
            body = await desk.desk.pool.fetchval(STORED, referral_id)
        await desk.desk.messages.settle(await desk.desk.pool.fetchval(STORED_ID, referral_id), MessageState.APPLIED)
    assert (await sent.value).status == 200
    assert body["resolution"] == {"outcome": "supplied"}
    assert body["groups"] == ["clinical", "contact"]


def submitted(contact: str, clock: Clock) -> dict[str, Any]:
    kept = clock.model_dump(mode="json", exclude={"answered_at"})
    return {"contact": contact, "payer": "summit", "channel": "pas", "lines": [1], "clock": kept}


async def ask_the_payer(desk: ServedDesk, referral_id: str, *more: tuple[str, dict[str, Any]]) -> str:
    """The contact of a request of yesterday by a rule of twelve hours; `more` is noted after it."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    due = yesterday + timedelta(hours=12)
    clock = Clock(rule="Acme's own", version="4", citation="manual p. 7", started_at=yesterday, due_at=due)
    contact = new_id()
    async with transaction(desk.desk.pool) as connection:
        for action, details in (("authorization.submitted", submitted(contact, clock)), *more):
            await keep_requests(connection, referral_id, RequestEvent(yesterday, action, details))
    return contact


async def test_what_the_payer_gave_stands_beside_what_was_asked(desk: ServedDesk, page: Page) -> None:
    referral_id = await referral_with_work(desk)
    contact = await ask_the_payer(desk, referral_id)
    line = {"sequence": 1, "kind": "drug", "code": "J0696", "place_of_service": "12", "units": 14, "contact": contact}
    given = {"state": "partial", "authorized_units": 7, "number": "AUTH-1"}
    lines = "UPDATE referrals SET waiting_for = '{payer}', lines = $2 WHERE id = $1"
    await desk.desk.pool.execute(lines, referral_id, [{**line, **given}])
    await sign_in(page, desk, Role.INTAKE_COORDINATOR)
    await page.goto(f"{desk.url}/old#/referrals/{referral_id}")
    row = page.get_by_role("row").filter(has_text="J0696")
    await expect(row).to_contain_text("14 units")
    await expect(row.locator("mark")).to_have_text("≠ 7 units")
    await expect(row).to_contain_text("AUTH-1")
    carrier = page.get_by_role("row").filter(has_text="FHIR (PAS)")
    await expect(carrier).to_contain_text("12 h overdue by Acme's own (manual p. 7)")
    await expect(page.get_by_role("listitem").filter(has_text="The payer summit has a request")).to_be_visible()


async def test_payers_are_reported_against_their_clocks_and_saved_as_csv(desk: ServedDesk, page: Page) -> None:
    await ask_the_payer(desk, await desk.refer())
    approved = "authorization.lines", {"by": "payer", "lines": {"1": "approved"}}
    for _ in range(3):
        await ask_the_payer(desk, await desk.refer(), approved)
    await sign_in(page, desk, Role.SUPERVISOR)
    await page.get_by_role("link", name="Payers").click()
    row = page.get_by_role("row").filter(has_text="Acme's own")
    await expect(row.get_by_role("img", name="3 in time, 1 overdue")).to_be_visible()
    red = "bar => bar.querySelector('.overdue').offsetWidth / bar.offsetWidth"
    assert await row.locator(".bar").first.evaluate(red) == pytest.approx(0.25, abs=0.02)
    await expect(row).to_contain_text("75\N{NO-BREAK SPACE}%")
    async with page.expect_download() as saving:
        await page.get_by_role("link", name="CSV").click()
    saved = await saving.value
    assert saved.suggested_filename.startswith("payers-")
    assert "summit,Acme's own,4,3,0,1,1," in (await saved.path()).read_text()
    await page.get_by_label("From").fill("2199-01-01")
    await expect(page.get_by_role("alert")).to_contain_text("`since` must not lie after `until`")
    await expect(page.get_by_label("From")).to_be_visible()


async def test_long_lists_go_on(desk: ServedDesk, page: Page) -> None:
    oldest = await referral_with_work(desk)
    await desk.desk.pool.execute(
        "INSERT INTO referrals (id, source, source_index, outline, created_at, updated_at)"
        " SELECT gen_random_uuid(), source, decode(md5(n::text), 'hex'), outline, now(), now()"
        " FROM referrals, generate_series(1, 200) AS n"
    )
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, opened_at, due_at)"
        " SELECT id || '-' || n, referral_id, kind, role, now(), now() FROM work_items, generate_series(2, 201) AS n"
    )
    await sign_in(page, desk, Role.INTAKE_COORDINATOR)
    link = page.locator(f'a[href="#/referrals/{oldest}"]')
    await expect(page.get_by_role("heading", name="Referrals")).to_be_visible()
    await expect(page.get_by_text("the 200 newest")).to_be_visible()
    await expect(link).to_have_count(0)
    await page.get_by_role("link", name="Show more").click()
    await expect(link).to_be_visible()
    await expect(page.get_by_role("link", name="Show more")).to_have_count(0)
    await page.get_by_role("link", name="Worklist").click()
    await expect(page.get_by_role("row")).to_have_count(201)
    await page.get_by_role("link", name="Show more").click()
    await expect(page.get_by_role("row")).to_have_count(202)


async def test_what_the_payer_sent_instead_of_an_answer_is_shown_masked(desk: ServedDesk, page: Page) -> None:
    referral_id = await referral_with_work(desk, problem="unreadable_answer")
    asked = Contact(
        id=new_id(),
        referral_id=referral_id,
        payer="summit",
        purpose=ContactPurpose.AUTHORIZATION,
        trace="T1",
        created_at=datetime.now(UTC),
    )
    await desk.desk.contacts.begin(asked)
    await desk.desk.contacts.keep_unreadable(asked.id, b"<body>We are upgrading our system, Hernandez.</body>")
    await sign_in(page, desk, Role.INTAKE_COORDINATOR)
    await page.goto(f"{desk.url}/old#/items/{referral_id}-1")
    await expect(page.locator("pre")).to_have_text("<body>xx are upgrading our system, xxxxxxxxx.</body>")
    await expect(page.get_by_text("52 bytes")).to_be_visible()


async def test_what_the_payer_said_is_shown_in_its_words_and_ours(desk: ServedDesk, page: Page) -> None:
    asked_by = "0f3f6f4e-3d5c-4c58-9a48-0d2a54a0a001"
    referral_id = await referral_with_work(desk, problem="another_payer_named", contacts=[asked_by])
    await desk.desk.pool.execute("UPDATE work_items SET kind = 'verify_benefits' WHERE referral_id = $1", referral_id)
    asked = Contact(
        id=asked_by,
        referral_id=referral_id,
        payer="summit",
        purpose=ContactPurpose.ELIGIBILITY,
        trace="T1",
        created_at=datetime.now(UTC),
    )
    await desk.desk.contacts.begin(asked)
    other = PayerRemark(kind=RemarkKind.ANOTHER_PAYER, where="EB01", code="R", text="SUNNY <b>HMO</b>", number="H9999")
    reply = PayerReply(problem=ProblemCode.ANOTHER_PAYER_NAMED, remarks=(other,))
    await desk.desk.contacts.keep_reply(asked.id, Received(raw=b"271", named=Named()), reply)
    await sign_in(page, desk, Role.INTAKE_COORDINATOR)
    for place in (f"items/{referral_id}-1", f"referrals/{referral_id}"):
        await page.goto(f"{desk.url}/old#/{place}")
        said = page.get_by_role("region", name="The payer says")
        await expect(said).to_contain_text("Another payer pays, or pays first")
        await expect(said.locator("blockquote")).to_have_text("SUNNY <b>HMO</b>")
        await expect(said).to_contain_text("EB01 R · number H9999")


async def test_what_the_payer_sent_about_another_is_told_and_not_shown(desk: ServedDesk, page: Page) -> None:
    referral_id = await referral_with_work(desk, problem="answer_for_another_request")
    asked = Contact(
        id=new_id(),
        referral_id=referral_id,
        payer="summit",
        purpose=ContactPurpose.AUTHORIZATION,
        trace="T1",
        created_at=datetime.now(UTC),
    )
    await desk.desk.contacts.begin(asked)
    received = Received(raw=b"Hernandez", named=Named(frozenset(["another"])))
    with pytest.raises(ForeignAnswer):
        await desk.desk.contacts.check_whose(asked.id, Via.RESPONSE, received)
    await sign_in(page, desk, Role.INTAKE_COORDINATOR)
    await page.goto(f"{desk.url}/old#/items/{referral_id}-1")
    await expect(page.get_by_text("It is kept and not shown.")).to_be_visible()
    await expect(page.locator("pre")).to_have_count(0)


async def test_fifteen_idle_minutes_sign_out(desk: ServedDesk, page: Page) -> None:
    await page.clock.install()
    await sign_in(page, desk, Role.NURSE)
    await expect(page.get_by_role("heading", name="Referrals")).to_be_visible()
    await page.clock.fast_forward((IDLE_MINUTES * 60 + 10) * 1000)
    await expect(page.get_by_role("heading", name="FirstDose desk")).to_be_visible()
    assert await page.evaluate("sessionStorage.length") == 0


async def test_the_api_is_described_without_an_asset_from_elsewhere(desk: ServedDesk, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{desk.url}/docs")
    await expect(page.get_by_text("/api/referrals/{referral_id}/why")).to_be_visible()
    assert all(url.startswith(desk.url) for url in asked)


STORED: Final = "SELECT body FROM messages WHERE referral_id = $1 AND kind = 'resolve_work_item'"
STORED_ID: Final = "SELECT id FROM messages WHERE referral_id = $1 AND kind = 'resolve_work_item'"
