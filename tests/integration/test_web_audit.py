"""The audit's page: who may see it, what it finds, and that it says whether the records are intact."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstdose.adapters.postgres.audit_search import keep_verification
from firstdose.adapters.postgres.pool import transaction
from firstdose.domain.work.role import Role
from tests.oidc_provider import Browser
from tests.served_desk import ServedDesk, desk_with_buttons

NOW = datetime.now(UTC)


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with desk_with_buttons(dsn, tmp_path) as served:
        yield served


@pytest.fixture
async def browser(desk: ServedDesk) -> AsyncIterator[Browser]:
    async with Browser(desk.url) as opened:
        await opened.sign_in_locally(Role.AUDITOR)
        yield opened


async def noted(desk: ServedDesk, actor: str, action: str, *, chain: str, days_ago: int = 0) -> None:
    async with transaction(desk.desk.pool) as connection:
        at = NOW - timedelta(days=days_ago)
        details = {"lines": {"1": "approved"}, "n": days_ago}
        await desk.desk.audit.write(connection, chain, at=at, actor=actor, action=action, details=details)


async def found(browser: Browser, query: str) -> str:
    page = await browser.open(f"/audit?{query}")
    assert page.status_code == 200
    return page.text.partition("<tbody>")[2]


async def test_records_are_found_by_person_referral_act_and_time(desk: ServedDesk, browser: Browser) -> None:
    one, other = await desk.refer(), await desk.refer()
    await noted(desk, "staff:rosa", "work_item.claimed", chain=one)
    await noted(desk, "payer:summit", "authorization.lines", chain=other)
    await noted(desk, "staff:rosa", "hold.begun", chain=other, days_ago=30)
    everything = await found(browser, "")
    for told in ("staff:rosa", "Work was taken", "payer:summit", "1 Approved"):
        assert told in everything
    assert "Hold begun" not in everything
    assert "payer:summit" not in await found(browser, "person=rosa")
    assert "staff:rosa" not in await found(browser, "person=payer:summit")
    assert "Work was taken" not in await found(browser, f"referral={other}")
    assert "Work was taken" in await found(browser, "act=work_item.claimed")
    assert "payer:summit" not in await found(browser, "act=work_item.claimed")
    day = (NOW - timedelta(days=30)).date()
    assert "Hold begun" in await found(browser, f"since={day - timedelta(days=1)}&until={day + timedelta(days=1)}")


async def test_a_referral_is_found_by_its_number_and_named_by_it(desk: ServedDesk, browser: Browser) -> None:
    one, other = await desk.refer(), await desk.refer()
    await noted(desk, "staff:rosa", "work_item.claimed", chain=one)
    await noted(desk, "staff:otto", "work_item.claimed", chain=other)
    number = await desk.desk.pool.fetchval("SELECT referral_number FROM referrals WHERE id = $1", one)
    for written in (number, number.lower().replace("-", " "), f" {one} ", f"referral-{one}"):
        rows = await found(browser, f"referral={written}")
        assert "staff:rosa" in rows, written
        assert "staff:otto" not in rows, written
        assert number in rows
        assert one not in rows
    page = await browser.open("/audit?referral=FD-999999")
    assert page.status_code == 422
    assert "No referral is named so." in page.text


async def test_codes_are_behind_a_switch(desk: ServedDesk, browser: Browser) -> None:
    one = await desk.refer()
    await noted(desk, "staff:rosa", "work_item.claimed", chain=one)
    rows = await found(browser, "person=rosa")
    assert "work_item.claimed" not in rows
    page = (await browser.open("/audit?person=rosa&act=hold.begun")).text
    assert '<option value="hold.begun" selected>Hold begun</option>' in page
    assert 'href="/audit?person=rosa&amp;act=hold.begun&amp;codes=1"' in page
    rows = await found(browser, "person=rosa&codes=1")
    for told in ("<code>work_item.claimed</code>", f"<code>{one}</code>", "1 approved"):
        assert told in rows


async def test_long_results_go_on(desk: ServedDesk, browser: Browser) -> None:
    chain = await desk.refer()
    for _ in range(103):
        await noted(desk, "staff:rosa", "seen", chain=chain)
    page = await browser.open("/audit?person=rosa")
    assert page.text.count("<td>Seen</td>") == 100
    more = page.text.partition('<a href="/audit?person=rosa&amp;cursor=')[2].partition('"')[0]
    assert (await browser.open(f"/audit?person=rosa&cursor={more}")).text.count("<td>Seen</td>") == 3


async def test_each_search_is_audited(desk: ServedDesk, browser: Browser) -> None:
    await browser.open("/audit?person=rosa&act=x")
    row = await desk.desk.pool.fetchrow("SELECT actor, details FROM audit WHERE action = 'audit_searched'")
    assert row is not None
    assert tuple(row) == ("staff:test-auditor", {"by": ["act", "person"], "found": 0})


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=x", "This is not a day."),
        ("until=9999-12-31", "This is not a day."),
        ("since=2026-03-02&until=2026-03-01", "The last day lies before the first."),
        ("referral=<script>", "No referral is named so."),
    ],
)
async def test_what_is_wrong_is_said_beside_it(browser: Browser, query: str, said: str) -> None:
    page = await browser.open(f"/audit?{query}")
    assert page.status_code == 422
    assert said in page.text
    assert "<script>" not in page.text


async def test_it_says_whether_the_records_are_intact(desk: ServedDesk, browser: Browser) -> None:
    chain = await desk.refer()
    assert "has not been verified yet" in (await browser.open("/audit")).text
    report = await desk.desk.audit.verify(desk.desk.pool)
    await keep_verification(desk.desk.pool, report, at=NOW, actor="operator:olga")
    page = await browser.open(f"/audit?referral={chain}")
    assert f"All {report.records} records" in page.text
    assert "by operator:olga" in page.text
    assert "This referral’s 1 records are intact." in page.text
    async with desk.desk.pool.acquire() as connection:
        await connection.execute("ALTER TABLE audit DISABLE TRIGGER ALL")
        await connection.execute("UPDATE audit SET actor = 'x' WHERE chain = $1", chain)
    assert "Record 1: Changed" in (await browser.open(f"/audit?referral={chain}")).text


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.AUDITOR])
async def test_the_audit_is_the_auditors(desk: ServedDesk, browser: Browser, role: Role) -> None:
    await browser.sign_in_locally(role)
    assert (await browser.open("/audit")).status_code == 403


async def test_an_auditor_changes_nothing(desk: ServedDesk, browser: Browser) -> None:
    assert (await browser.open("/work")).status_code == 403
    answer = await browser.http.post("/work/x/claim", data={"_csrf": await browser.csrf()})
    assert answer.status_code == 403
    assert "Your roles do not allow this" in answer.text
