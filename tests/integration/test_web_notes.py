"""Notes on a page: written once, shown as text, and back to where the form stood."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from desk.http.notes import LONGEST_NOTE
from firstdose.domain.work.role import Role
from tests.oidc_provider import Browser
from tests.served_desk import ServedDesk, desk_with_buttons

TEXT = "Called <b>back</b>:\r\nhome on Friday"


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with desk_with_buttons(dsn, tmp_path) as served:
        yield served


@pytest.fixture
async def browser(desk: ServedDesk) -> AsyncIterator[Browser]:
    async with Browser(desk.url) as opened:
        await opened.sign_in_locally(Role.SUPERVISOR)
        yield opened


async def count(desk: ServedDesk) -> int:
    stored: int = await desk.desk.pool.fetchval("SELECT count(*) FROM referral_notes")
    return stored


async def test_a_note_is_kept_once_and_shown_as_text(desk: ServedDesk, browser: Browser) -> None:
    path = f"/referrals/{await desk.refer()}/notes"
    page = await browser.open(path)
    assert "Nobody has written a note yet." in page.text
    for _ in range(2):
        answer = await browser.post(page, path, text=TEXT)
        assert (answer.status_code, answer.headers["location"]) == (303, path)
    shown = await browser.open(path)
    assert "Called &lt;b&gt;back&lt;/b&gt;:\nhome on Friday" in shown.text
    assert "test-supervisor, supervisor" in shown.text
    assert await count(desk) == 1


async def test_after_a_note_one_is_back_at_the_case(desk: ServedDesk, browser: Browser) -> None:
    case = f"/referrals/{await desk.refer()}"
    page = await browser.open(f"{case}/notes")
    assert (await browser.post(page, f"{case}/notes", text=TEXT, _page=case)).headers["location"] == case


@pytest.mark.parametrize("text", ["", "  ", "x" * (LONGEST_NOTE + 1), "a\x1bb"])
async def test_what_is_no_note_is_said_beside_it(desk: ServedDesk, browser: Browser, text: str) -> None:
    path = f"/referrals/{await desk.refer()}/notes"
    answer = await browser.post(await browser.open(path), path, text=text)
    assert answer.status_code == 422
    assert 'id="note-text-problem">Write something' in answer.text
    assert await count(desk) == 0


async def test_a_form_that_was_sent_with_another_text_is_not_lost(desk: ServedDesk, browser: Browser) -> None:
    path = f"/referrals/{await desk.refer()}/notes"
    page = await browser.open(path)
    await browser.post(page, path, text="one")
    answer = await browser.post(page, path, text="another")
    assert answer.status_code == 409
    assert "another</textarea>" in answer.text


async def test_notes_are_for_who_reads_the_facts(desk: ServedDesk, browser: Browser) -> None:
    path = f"/referrals/{await desk.refer()}/notes"
    for role in (Role.PHARMACIST, Role.AUDITOR):
        await browser.sign_in_locally(role)
        forged = await browser.http.post(path, data={"text": TEXT, "_csrf": await browser.csrf()})
        assert ((await browser.open(path)).status_code, forged.status_code) == (403, 403)
    await browser.sign_in_locally(Role.SUPERVISOR)
    assert (await browser.http.post(path, data={"text": TEXT})).status_code == 403
    assert await count(desk) == 0
