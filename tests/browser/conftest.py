"""What the tests in Chromium share: a desk with a button for each role, and the browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from desk.web import answers
from desk.web.acts import steer
from tests.browser.pages import chromium
from tests.served_desk import ServedDesk, desk_with_buttons
from tests.visits import nurse_on_roster
from tests.web_items import NURSE


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Temporal answers here: each answer would be waited for in vain."""
    monkeypatch.setattr(answers, "_PATIENCE", answers._PATIENCE / 100)
    monkeypatch.setattr(steer, "_PATIENCE", steer._PATIENCE / 100)


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with desk_with_buttons(dsn, tmp_path) as served:
        await nurse_on_roster(served, NURSE, "test-nurse")
        yield served


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as opened:
        yield opened
