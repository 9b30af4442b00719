"""A nurse's visits on the pages: what is shown to whom, and that what is stored is what the screen said."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from desk.web import answers
from firstdose.domain.care.visit import TAUGHT, ReportItem
from firstdose.domain.work.role import Role
from tests.oidc_provider import Browser
from tests.served_desk import ServedDesk, served_desk, settings_for, token
from tests.visits import PATIENT, nurse_on_roster, offered, to_report

AT = "accepted.visit_at"
ACCEPT = {"outcome": "accepted", f"{AT}.day": "2027-01-15", f"{AT}.time": "09:30"}
DONE = (
    {"outcome": "completed", "completed.ended_at.day": "2026-11-20", "completed.ended_at.time": "10:30"}
    | {"note": "All <b>well</b>"}
    | {f"completed.items.{each}": "yes" for each in ReportItem}
    | {f"completed.shown_back.{each}": "yes" for each in sorted(TAUGHT)}
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Temporal answers here: each answer would be waited for in vain."""
    monkeypatch.setattr(answers, "_PATIENCE", timedelta(milliseconds=50))


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({"nurse": token(Role.NURSE, subject="nina"), "pharmacist": token(Role.PHARMACIST)}))
    async with served_desk(settings_for(dsn, tmp_path, local_identities=tokens)) as served:
        await nurse_on_roster(served, "rn-1", "nina")
        yield served


@pytest.fixture
async def browser(desk: ServedDesk) -> AsyncIterator[Browser]:
    async with Browser(desk.url) as opened:
        await opened.sign_in_locally("nurse")
        yield opened


async def stored(desk: ServedDesk) -> list[dict[str, Any]]:
    """The open parts of the answers, in their order."""
    rows = await desk.desk.pool.fetch("SELECT body FROM messages WHERE kind = 'resolve_work_item' ORDER BY received_at")
    return [row["body"]["resolution"] for row in rows]


async def test_an_offer_shows_enough_to_decide_and_not_who_it_is(desk: ServedDesk, browser: Browser) -> None:
    item = await offered(desk, "rn-1")
    for page in (await browser.open("/"), await browser.open(f"/visits/{item}")):
        for told in ("Columbus, OH 432xx", "ceftriaxone", "2 g", "14 days", "Anti-infective", "Nov 20, 2026"):
            assert told in page.text
        for hidden in (PATIENT["family_name"], "1 Main St", "6145550123", "43215"):
            assert hidden not in page.text


async def test_an_offer_to_another_nurse_is_not_shown(desk: ServedDesk, browser: Browser) -> None:
    await nurse_on_roster(desk, "rn-2", "another")
    item = await offered(desk, "rn-2")
    assert "No visit is offered to you." in (await browser.open("/visits")).text
    answer = await browser.open(f"/visits/{item}")
    assert answer.status_code == 403
    assert "or the roster does not know your login" in answer.text
    assert await desk.desk.pool.fetchval("SELECT count(*) FROM audit WHERE action = 'item_facts_read'") == 0


async def test_whoever_saw_an_offer_is_audited(desk: ServedDesk, browser: Browser) -> None:
    item = await offered(desk, "rn-1")
    await browser.open(f"/visits/{item}")
    seen = await desk.desk.pool.fetchrow("SELECT actor, details FROM audit WHERE action = 'item_facts_read'")
    assert seen is not None
    assert tuple(seen) == ("staff:nina", {"item": item})


async def test_an_offer_is_taken_at_a_time_of_the_patients_zone(desk: ServedDesk, browser: Browser) -> None:
    item = await offered(desk, "rn-1")
    page = await browser.open(f"/visits/{item}")
    assert "When the visit begins, Denver time" in page.text
    answer = await browser.post(page, f"/work-items/{item}", **ACCEPT)
    assert (answer.status_code, answer.headers["location"]) == (303, "/visits")
    (given,) = await stored(desk)
    assert given["outcome"] == "accepted"
    assert datetime.fromisoformat(given["visit_at"]) == datetime(2027, 1, 15, 16, 30, tzinfo=UTC)
    assert "Stored. It will be applied" in (await browser.open("/visits")).text


async def test_a_declined_offer_says_no_time(desk: ServedDesk, browser: Browser) -> None:
    item = await offered(desk, "rn-1")
    page = await browser.open(f"/visits/{item}")
    await browser.post(page, f"/work-items/{item}", **ACCEPT | {"outcome": "declined"})
    assert await stored(desk) == [{"outcome": "declined"}]


@pytest.mark.parametrize(
    ("changed", "beside"),
    [
        ({"outcome": ""}, "Choose one."),
        ({"outcome": "<script>"}, "Choose one."),
        ({f"{AT}.day": ""}, "Enter the day and the time."),
        ({f"{AT}.day": "tomorrow"}, "This is not a day and a time of day."),
        ({f"{AT}.day": "2027-03-14", f"{AT}.time": "02:30"}, "there is no such hour on this day"),
    ],
)
async def test_what_is_wrong_stands_beside_what_was_typed(
    desk: ServedDesk, browser: Browser, changed: dict[str, str], beside: str
) -> None:
    item = await offered(desk, "rn-1")
    page = await browser.open(f"/visits/{item}")
    again = await browser.post(page, f"/work-items/{item}", **ACCEPT | {"note": "<b>x"} | changed)
    assert again.status_code == 422
    assert beside in again.text
    assert "&lt;b&gt;x</textarea>" in again.text
    assert "<script>" not in again.text
    assert await stored(desk) == []


async def test_a_report_is_stored_as_it_was_shown(desk: ServedDesk, browser: Browser) -> None:
    item = await to_report(desk, "rn-1")
    page = await browser.open(f"/visits/{item}")
    for told in ("Hernandez", "1 Main St", "6145550123", "penicillin (rash)", "70.5 kg", "PICC"):
        assert told in page.text
    assert (await browser.post(page, f"/work-items/{item}", **DONE)).headers["location"] == "/visits"
    (given,) = await stored(desk)
    assert set(given["items"]) == set(ReportItem)
    assert set(given["shown_back"]) == set(TAUGHT)
    assert datetime.fromisoformat(given["ended_at"]) == datetime(2026, 11, 20, 17, 30, tzinfo=UTC)
    assert "note" not in given


@pytest.mark.parametrize(
    ("field", "said"), [*product([f"completed.shown_back.{each}" for each in sorted(TAUGHT)], ("no", ""))]
)
async def test_a_no_is_a_no_and_nothing_said_is_asked(
    desk: ServedDesk, browser: Browser, field: str, said: str
) -> None:
    item = await to_report(desk, "rn-1")
    answer = await browser.post(await browser.open(f"/visits/{item}"), f"/work-items/{item}", **DONE | {field: said})
    if said == "no":
        (given,) = await stored(desk)
        assert set(given["shown_back"]) == set(TAUGHT) - {field.removeprefix("completed.shown_back.")}
    else:
        assert answer.status_code == 422
        assert answer.text.count("Choose Yes or No.") == 1
        assert await stored(desk) == []


@pytest.mark.parametrize("outcome", ["missed", "kit_missing"])
async def test_fields_of_another_outcome_are_not_sent(desk: ServedDesk, browser: Browser, outcome: str) -> None:
    item = await to_report(desk, "rn-1")
    await browser.post(await browser.open(f"/visits/{item}"), f"/work-items/{item}", **DONE | {"outcome": outcome})
    assert await stored(desk) == [{"outcome": outcome}]


async def test_a_double_click_is_one_answer(desk: ServedDesk, browser: Browser) -> None:
    item = await to_report(desk, "rn-1")
    page = await browser.open(f"/visits/{item}")
    for _ in range(2):
        assert (await browser.post(page, f"/work-items/{item}", **DONE)).status_code == 303
    assert len(await stored(desk)) == 1


async def test_who_was_faster_is_said_beside_what_was_typed(desk: ServedDesk, browser: Browser) -> None:
    item = await to_report(desk, "rn-1")
    page = await browser.open(f"/visits/{item}")
    await desk.desk.pool.execute(
        "UPDATE work_items SET state = 'resolved', assignee = 'coordinator', closed_at = now() WHERE id = $1", item
    )
    again = await browser.post(page, f"/work-items/{item}", **DONE, _key="")
    assert again.status_code == 409
    assert "Now: done by coordinator" in again.text
    assert "All &lt;b&gt;well" in again.text


async def test_my_visits_are_those_held_for_me(desk: ServedDesk, browser: Browser) -> None:
    await nurse_on_roster(desk, "rn-2", "another")
    mine, theirs = await to_report(desk, "rn-1"), await to_report(desk, "rn-2")
    page = await browser.open("/visits")
    assert f'href="/visits/{mine}"' in page.text
    assert theirs not in page.text


async def test_visits_are_a_nurses_page(desk: ServedDesk, browser: Browser) -> None:
    await browser.sign_in_locally("pharmacist")
    assert (await browser.open("/visits")).status_code == 403


async def test_only_a_visit_is_answered_here(desk: ServedDesk, browser: Browser) -> None:
    item = await offered(desk, "rn-1")
    await desk.desk.pool.execute("UPDATE work_items SET kind = 'assess_patient' WHERE id = $1", item)
    assert (await browser.open(f"/visits/{item}")).status_code == 404
