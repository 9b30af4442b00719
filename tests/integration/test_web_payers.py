"""The page of payers' turnaround: bars, the same as CSV, and days that cannot be."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstdose.adapters.postgres.payers.authorization_requests import keep_requests
from firstdose.adapters.postgres.pool import transaction
from firstdose.domain.authorization.requests import RequestEvent
from firstdose.domain.clock.clocks import RULES, decision_clock
from firstdose.domain.clock.rules import Regime
from firstdose.domain.work.role import Role
from tests.oidc_provider import Browser
from tests.served_desk import ServedDesk, desk_with_buttons

LAST_WEEK = datetime.now(UTC) - timedelta(days=7)


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with desk_with_buttons(dsn, tmp_path) as served:
        yield served


async def asked(desk: ServedDesk, payer: str, answered: timedelta | None) -> None:
    clock = decision_clock(RULES, Regime.MEDICARE_ADVANTAGE, LAST_WEEK, drug=True, expedited=False)
    details = {
        "contact": "c",
        "payer": payer,
        "channel": "people",
        "lines": [1],
        "clock": clock.model_dump(mode="json"),
    }
    events = [RequestEvent(LAST_WEEK, "authorization.submitted", details)]
    if answered:
        decided = {"by": "payer", "lines": {"1": "approved"}}
        events.append(RequestEvent(LAST_WEEK + answered, "authorization.lines", decided))
    referral_id = await desk.refer()
    async with transaction(desk.desk.pool) as connection:
        for event in events:
            await keep_requests(connection, referral_id, event)


async def test_each_payer_has_its_bars_and_who_keeps_us_waiting_comes_first(desk: ServedDesk) -> None:
    await asked(desk, "acme", timedelta(hours=10))
    await asked(desk, "summit", timedelta(hours=90))
    await asked(desk, "summit", None)
    async with Browser(desk.url) as browser:
        await browser.sign_in_locally(Role.SUPERVISOR)
        page = (await browser.open("/payers")).text
        saved = await browser.open("/payers?format=csv")
    assert page.index("summit") < page.index("acme")
    assert 'aria-label="1 in time"' in page
    assert 'aria-label="1 late, 1 overdue"' in page
    assert '<rect class="overdue" x="100.0" width="100.0"' in page
    assert "10 h, nine of ten in 10 h, allowed 3.0 days" in page
    assert saved.headers["content-type"].startswith("text/csv")
    assert "summit" in saved.text


@pytest.mark.parametrize(
    "days", ["since=2026-02-02&until=2026-02-01", "since=1926-01-01", "since=x", "until=2026-13-01"]
)
async def test_days_that_cannot_be_are_said_beside_the_form(desk: ServedDesk, days: str) -> None:
    async with Browser(desk.url) as browser:
        await browser.sign_in_locally(Role.REIMBURSEMENT_SPECIALIST)
        refused = await browser.open(f"/payers?{days}")
    assert refused.status_code == 422
    assert "the first is not after the last" in refused.text


async def test_no_text_of_the_file_is_a_formula(desk: ServedDesk) -> None:
    await asked(desk, "=cmd", timedelta(hours=1))
    async with Browser(desk.url) as browser:
        await browser.sign_in_locally(Role.SUPERVISOR)
        saved = await browser.open("/payers?format=csv")
    assert "'=cmd" in saved.text
    assert "\n=cmd" not in saved.text
