"""Documents, questions and a possible duplicate on the page."""

from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from firstdose.domain.work.role import Role
from tests.browser.test_page import HOSTILE, browser, desk, page, sign_in
from tests.conftest import CHROMIUM
from tests.served_desk import ServedDesk

__all__ = ["browser", "desk", "page"]

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine")

FAX = b"%PDF-1.7 a synthetic fax"


async def with_item(desk: ServedDesk, referral_id: str, kind: str, asks: Mapping[str, object]) -> str:
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, asks, opened_at, due_at)"
        " VALUES ($1, $2, $3, 'intake_coordinator', $4, now(), now() + interval '3h')",
        f"{referral_id}-1",
        referral_id,
        kind,
        dict(asks),
    )
    return f"{referral_id}-1"


async def test_a_document_is_saved_from_the_referral(desk: ServedDesk, page: Page, tmp_path: Path) -> None:
    fax = {"title": HOSTILE, "content_type": "application/pdf", "data": b64encode(FAX).decode()}
    referral_id = await desk.refer(documents=[fax, {"title": "Elsewhere", "url": "https://records.example/1"}])
    await sign_in(page, desk, Role.SUPERVISOR)
    await page.goto(f"{desk.url}/old#/referrals/{referral_id}")
    await expect(page.get_by_role("link", name="Elsewhere")).to_have_attribute("href", "https://records.example/1")
    async with page.expect_download() as saving:
        await page.get_by_role("button", name=HOSTILE).click()
    saved = await saving.value
    assert saved.suggested_filename == "document-1.pdf"
    await saved.save_as(tmp_path / "saved")
    assert (tmp_path / "saved").read_bytes() == FAX
    assert await page.title() != "owned"


async def test_a_question_stands_beside_the_answer_and_on_the_referral(desk: ServedDesk, page: Page) -> None:
    referral_id = await desk.refer(order={"drug": {"name": "Iron"}, "frequency": HOSTILE})
    item = await with_item(desk, referral_id, "complete_referral", {"missing": ["order.frequency"]})
    await sign_in(page, desk, Role.INTAKE_COORDINATOR)
    for place in (f"items/{item}", f"referrals/{referral_id}"):
        await page.goto(f"{desk.url}/old#/{place}")
        asked = page.get_by_role("region", name="Questions")
        for shown in ("Frequency of the order", "cannot be read", HOSTILE):
            await expect(asked).to_contain_text(shown)
    assert await page.title() != "owned"


async def test_two_numbers_stand_side_by_side_with_the_two_answers(desk: ServedDesk, page: Page) -> None:
    one, two = [await desk.refer(source_referral_id=number) for number in ("R-ONE", "R-TWO")]
    options = ["duplicate", "not_duplicate"]
    asks = {"reason": "possible_duplicate", "other": one, "options": options}
    item = await with_item(desk, two, "reconcile", asks)
    await sign_in(page, desk, Role.INTAKE_COORDINATOR)
    await page.goto(f"{desk.url}/old#/items/{item}")
    both = page.get_by_role("region", name="The same order?")
    await expect(both.get_by_role("link", name="R-ONE")).to_have_attribute("href", f"#/referrals/{one}")
    await expect(both).to_contain_text("R-TWO")
    assert await page.get_by_label("Outcome").locator("option").all_inner_texts() == [
        "Choose…", "Duplicate", "Not duplicate",
    ]  # fmt: skip
