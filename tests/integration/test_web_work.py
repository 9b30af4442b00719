"""The worklist as a page: its views and counts, filters, search, and what is done with one item or several."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from firstdose.adapters.postgres.ids import new_id
from firstdose.domain.work.role import Actor, Role
from tests.oidc_provider import Browser, hidden_fields
from tests.served_desk import ServedDesk, desk_with_buttons
from tests.visits import ORDER, PATIENT

ME: Final = "test-pharmacist"
PERSON: Final = {**PATIENT, "birth_date": "1980-01-31"}
COVERAGE: Final = {"order": "primary", "payer": {"id": "summit", "name": "Summit Health"}, "member_id": "W123456"}


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with desk_with_buttons(dsn, tmp_path) as served:
        yield served


@pytest.fixture
async def browser(desk: ServedDesk) -> AsyncIterator[Browser]:
    async with Browser(desk.url) as opened:
        await opened.sign_in_locally(Role.PHARMACIST)
        yield opened


async def refer(desk: ServedDesk) -> str:
    """A referral of a payer that is known."""
    referral_id = await desk.refer(patient=PERSON, order=ORDER, coverages=[COVERAGE], urgency="urgent")
    await desk.desk.pool.execute(
        'UPDATE referrals SET outline = outline || \'{"payer_id": "summit"}\' WHERE id = $1', referral_id
    )
    return referral_id


async def put(desk: ServedDesk, referral_id: str, *, due: str = "2 days", role: str = "pharmacist", **more: Any) -> str:
    item = f"{referral_id}-{new_id()[-6:]}"
    assignee = more.get("assignee")
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, state, assignee, opened_at, due_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, now(), now() + CAST(CAST($7 AS text) AS interval))",
        item,
        referral_id,
        more.get("kind", "assess_patient"),
        role,
        "claimed" if assignee else "open",
        assignee,
        due,
    )
    return item


async def shown(browser: Browser, query: str = "") -> list[str]:
    """The items on the page, in their order."""
    page = await browser.open(f"/work{query}")
    assert page.status_code == 200
    return re.findall(r'name="items" value="([^"]+)"', page.text)


async def test_a_row_says_what_it_is_about(desk: ServedDesk, browser: Browser) -> None:
    one = await refer(desk)
    await put(desk, one, due="-3 hours")
    line = {"sequence": 1, "kind": "drug", "code": "J0696", "place_of_service": "12", "units": 1, "state": "approved"}
    line |= {"number": "PA-77", "valid_to": (datetime.now(UTC) + timedelta(days=400)).date().isoformat()}
    await desk.desk.pool.execute(
        "UPDATE referrals SET stage = 'authorization', \"authorization\" = 'approved', lines = $2, on_hold = true,"
        " waiting_for = '{payer}' WHERE id = $1",
        one,
        [line],
    )
    page = await browser.open("/work")
    number = await desk.desk.pool.fetchval("SELECT referral_number FROM referrals")
    row = page.text.partition("<tbody>")[2]
    for told in ("Assess the patient", number, "AH", "Anti-infective", "summit", "Urgent", "Authorization"):
        assert told in row
    for told in ("3 h ago", "Overdue", "PA-77", "Ends ", "Take it", "On hold", "the payer"):
        assert told in row
    assert f'href="/referrals/{one}"' in row
    assert PATIENT["family_name"] not in page.text


async def test_a_row_says_what_is_missing_how_often_was_called_and_why_it_is_held(
    desk: ServedDesk, browser: Browser
) -> None:
    one = await refer(desk)
    await put(desk, one, kind="contact_patient")
    await desk.desk.pool.execute("UPDATE work_items SET asks = '{\"attempt\": 2}'")
    await desk.desk.pool.execute(
        "UPDATE referrals SET on_hold = true, lines = $1",
        [{"kind": "drug", "code": "J0696", "state": "approved", "authorized_units": 14}],
    )
    await desk.desk.note(
        Actor(id="rosa"), "held", {"reason": "hospitalized", "until": "2030-01-02T15:00:00+00:00"}, chain=one
    )
    row = (await browser.open("/work")).text.partition("<tbody>")[2]
    for told in (
        "Call 2 of 5",
        "In hospital, until ",
        "Jan 2, 2030",
        "14 units of J0696 left",
        "Day of the signature",
    ):
        assert told in row


async def test_the_order_stands_in_the_address_and_stays_with_the_filters(desk: ServedDesk, browser: Browser) -> None:
    routine, stat = await refer(desk), await desk.refer(urgency="stat")
    late, pressing = await put(desk, routine, due="1 day"), await put(desk, stat, due="9 days")
    assert await shown(browser) == [late, pressing]
    page = (await browser.open("/work?sort=urgency")).text
    assert await shown(browser, "?sort=urgency") == [pressing, late]
    assert '<a href="/work?sort=urgency" aria-current="true">Most urgent</a>' in page
    assert 'href="/work?view=mine&amp;sort=urgency"' in page
    assert 'aria-sort="descending"><a href="/work?sort=urgency">Urgency</a>' in page
    assert '<a href="/work?sort=due_last">Due</a>' in (await browser.open("/work")).text
    assert await shown(browser, "?sort=due_last") == [pressing, late]
    assert '<input type="hidden" name="sort" value="urgency">' in page
    assert "Most urgent" not in (await browser.open("/work?view=waiting&sort=urgency")).text


async def test_views_lead_to_as_much_as_they_say(desk: ServedDesk, browser: Browser) -> None:
    one = await refer(desk)
    late = await put(desk, one, due="-3 hours")
    mine = await put(desk, one, assignee=ME)
    theirs = await put(desk, one, assignee="user-2")
    free = await put(desk, one, due="3 days")
    other = await put(desk, one, role="customer_service", kind="contact_patient", due="4 days")
    for view, items in {
        "start": [late, mine, free],
        "mine": [mine],
        "unassigned": [late, free],
        "role": [late, mine, theirs, free],
        "all": [late, mine, theirs, free, other],
        "overdue": [late],
        "due_today": [late],
    }.items():
        assert sorted(await shown(browser, f"?view={view}")) == sorted(items), view
    page = (await browser.open("/work")).text
    counts = {
        view: (address, count)
        for address, view, count in re.findall(
            r'<a href="(/work[^"]*)"[^>]*>([^<]*) <span class="count">([^<]*)<', page
        )
    }
    assert {view: count for view, (_, count) in counts.items()} == {
        "Mine": "1",
        "Unassigned": "2",
        "My roles": "4",
        "Overdue": "1",
        "Due today": "1",
        "Authorization ends in 14 days": "0",
    }
    for address, count in counts.values():
        assert len(await shown(browser, address.removeprefix("/work"))) == int(count)
    assert await shown(browser, "?view=unassigned&role=customer_service") == [other]


async def test_more_than_a_thousand_is_not_counted(desk: ServedDesk, browser: Browser) -> None:
    one = await refer(desk)
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, opened_at, due_at)"
        " SELECT n, $1, 'assess_patient', 'pharmacist', now(), now() FROM generate_series(1, 1001) AS n",
        one,
    )
    assert '<span class="count">1,000+</span>' in (await browser.open("/work")).text


async def test_filters_stand_in_the_address(desk: ServedDesk, browser: Browser) -> None:
    one, other = await refer(desk), await desk.refer(patient=PERSON, order={"therapy": "iron"})
    item, iron = await put(desk, one), await put(desk, other)
    await desk.desk.pool.execute("UPDATE referrals SET stage = 'preparation' WHERE id = $1", one)
    assert await shown(browser, "?payer=summit") == [item]
    assert await shown(browser, "?stage=preparation") == [item]
    assert await shown(browser, "?therapy=iron") == [iron]
    assert await shown(browser, "?therapy=iron&payer=summit") == []
    page = await browser.open("/work?therapy=iron&stage=&role=")
    assert '<option value="iron" selected>Iron</option>' in page.text


async def test_referrals_are_shown_by_whom_they_wait_for_and_by_what_ends(desk: ServedDesk, browser: Browser) -> None:
    one = await refer(desk)
    await refer(desk)
    line = {"sequence": 1, "kind": "drug", "code": "J0696", "place_of_service": "12", "units": 1, "state": "approved"}
    line |= {"valid_to": (datetime.now(UTC) + timedelta(days=5)).date().isoformat()}
    await desk.desk.pool.execute(
        "UPDATE referrals SET waiting_for = '{patient}', next_due = now(), lines = $2 WHERE id = $1", one, [line]
    )
    for query, found in (("view=waiting&waiting_for=patient", 1), ("view=waiting", 0), ("view=expiring", 1)):
        page = await browser.open(f"/work?{query}")
        assert page.text.count("/referrals/") == found, query
    assert 'Authorization ends in 14 days <span class="count">1</span>' in page.text


async def test_show_more_gives_each_item_once(desk: ServedDesk, browser: Browser) -> None:
    one = await refer(desk)
    items = [await put(desk, one) for _ in range(53)]
    page = await browser.open("/work?view=role&therapy=anti_infective")
    first = re.findall(r'name="items" value="([^"]+)"', page.text)
    (more,) = re.findall(r'<a href="/work(\?[^"]*cursor[^"]*)">Show more', page.text)
    rest = await shown(browser, more.replace("&amp;", "&"))
    assert len(first) == 50
    assert sorted(first + rest) == sorted(items)


@pytest.mark.parametrize("typed", ["Hernandez 01/31/1980", "(614) 555-0123", "W123456", "number", "source", "id"])
async def test_a_referral_is_found_and_that_somebody_looked_is_audited(
    desk: ServedDesk, browser: Browser, typed: str
) -> None:
    one = await refer(desk)
    await desk.refer()
    if typed == "number":
        typed = await desk.desk.pool.fetchval("SELECT referral_number FROM referrals WHERE id = $1", one)
    typed = one if typed == "id" else typed
    if typed == "source":
        typed = str((await desk.desk.referrals.get(one)).facts.source_referral_id)  # type: ignore[union-attr]
    page = await browser.open("/work")
    found = await browser.post(page, "/work/search", q=typed)
    assert found.status_code == 200
    assert re.findall(r"/referrals/([0-9a-f-]+)", found.text) == [one]
    row = await desk.desk.pool.fetchrow("SELECT actor, details FROM audit WHERE action = 'work_searched'")
    assert tuple(row or ()) == (f"staff:{ME}", {"found": 1})


async def test_what_is_not_found_is_audited_too(desk: ServedDesk, browser: Browser) -> None:
    found = await browser.post(await browser.open("/work"), "/work/search", q="<b>Nobody 01/01/1900")
    assert "Nothing was found." in found.text
    assert "&lt;b&gt;Nobody" in found.text
    assert await desk.desk.pool.fetchval("SELECT details FROM audit WHERE action = 'work_searched'") == {"found": 0}


@pytest.mark.parametrize("typed", ["", " ", "x" * 201, "a\x00b"])
async def test_what_cannot_be_looked_for_is_said(browser: Browser, typed: str) -> None:
    found = await browser.post(await browser.open("/work"), "/work/search", q=typed)
    assert found.status_code == 422
    assert "Enter what to look for." in found.text


async def test_several_are_taken_at_once(desk: ServedDesk, browser: Browser) -> None:
    one = await refer(desk)
    items = [await put(desk, one), await put(desk, one)]
    left = await put(desk, one)
    answer = await browser.post(await browser.open("/work?view=unassigned"), "/work/acts", items=items, act="take")
    assert answer.headers["location"] == "/work?view=unassigned"
    assert await shown(browser, "?view=unassigned") == [left]
    assert sorted(await shown(browser, "?view=mine")) == sorted(items)


async def test_several_are_given_to_somebody(desk: ServedDesk, browser: Browser) -> None:
    await desk.desk.staff.seen("second", [Role.PHARMACIST])
    one = await refer(desk)
    items = [await put(desk, one), await put(desk, one)]
    page = await browser.open("/work")
    refused = await browser.post(page, "/work/acts", items=items, act="assign", assignee="")
    assert refused.status_code == 422
    assert 'id="acts-assignee-problem"' in refused.text
    answer = await browser.post(page, "/work/acts", items=items, act="assign", assignee="second")
    assert answer.status_code == 303
    assert {row["assignee"] for row in await desk.desk.pool.fetch("SELECT assignee FROM work_items")} == {"second"}


async def test_several_are_snoozed_until_a_time_of_the_staffs_zone(desk: ServedDesk, browser: Browser) -> None:
    one = await refer(desk)
    item = await put(desk, one, due="40 days")
    day = (datetime.now(UTC) + timedelta(days=10)).date()
    page = await browser.open("/work")
    for wrong in ({"until_day": ""}, {"until_day": "2020-01-01"}):
        again = await browser.post(page, "/work/acts", items=[item], act="snooze", **{"until_time": "09:00"} | wrong)
        assert again.status_code == 422
        assert 'id="acts-until_time-problem"' in again.text
        assert f'value="{item}" aria-label' in again.text
    answer = await browser.post(page, "/work/acts", items=[item], act="snooze", until_day=str(day), until_time="09:00")
    assert answer.status_code == 303
    until = await desk.desk.pool.fetchval("SELECT snoozed_until FROM work_items")
    assert until == datetime.combine(day, datetime.min.time(), desk.desk.web.zone).replace(hour=9)
    assert await shown(browser) == []


async def test_each_is_done_or_not_by_itself(desk: ServedDesk, browser: Browser) -> None:
    one = await refer(desk)
    mine, taken = await put(desk, one), await put(desk, one)
    page = await browser.open("/work?view=role")
    await desk.desk.pool.execute("UPDATE work_items SET state = 'claimed', assignee = 'user-2' WHERE id = $1", taken)
    answer = await browser.post(page, "/work/acts", items=[mine, taken], act="take")
    assert answer.status_code == 409
    assert "1 done, 1 not: the work item is claimed." in answer.text
    assert f'value="{taken}"' in answer.text
    assert await shown(browser, "?view=mine") == [mine]


@pytest.mark.parametrize(
    ("sent", "said"),
    [({"act": "take"}, "Choose the work first"), ({"items": ["x"], "act": "close"}, "Choose what to do.")],
)
async def test_nothing_is_done_without_work_and_act(
    desk: ServedDesk, browser: Browser, sent: dict[str, Any], said: str
) -> None:
    await put(desk, await refer(desk))
    answer = await browser.post(await browser.open("/work"), "/work/acts", **sent)
    assert answer.status_code in (409, 422)
    assert said in answer.text


@pytest.mark.parametrize(
    "query", ["view=x", "role=x", "stage=x", "therapy=x", "waiting_for=x", "cursor=eA==", "payer=%00"]
)
async def test_an_address_of_no_list_is_refused(browser: Browser, query: str) -> None:
    assert (await browser.open(f"/work?{query}")).status_code == 400


async def test_a_nurse_sees_no_patients_and_finds_nobody(desk: ServedDesk, browser: Browser) -> None:
    one = await refer(desk)
    item = await put(desk, one, role="nurse", kind="confirm_visit")
    await browser.sign_in_locally(Role.NURSE)
    page = await browser.open("/work")
    assert f'href="/visits/{item}"' in page.text
    assert "AH" not in page.text.partition("<tbody>")[2]
    assert 'action="/work/search"' not in page.text
    fields = hidden_fields(page, "/work/acts")
    assert (await browser.http.post("/work/search", data={**fields, "q": "W123456"})).status_code == 403
    for query in ("view=all", "view=waiting", "view=expiring", "role=pharmacist"):
        assert (await browser.open(f"/work?{query}")).status_code == 403
