"""The forms of work items on the pages: from what somebody types to what is stored, and who was faster."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path

import httpx2
import pytest

from desk.web import answers
from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.item_form import only
from desk.web.item_forms.table import form_of
from firstdose.domain.care.visit import TAUGHT, ReportItem
from firstdose.domain.work.message import MessageState
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.work_item import ROLE_OF, WorkItemKind
from tests.item_screens import ASKS, Filled, Way, asked_item, fill
from tests.oidc_provider import Browser
from tests.served_desk import ServedDesk, served_desk, settings_for, token
from tests.visits import PATIENT, nurse_on_roster
from tests.web_items import NURSE, item_of, stored_answers

K = WorkItemKind
WORD = {
    "outcome": "answered",
    "answered.lines.1.state": "approved",
    "answered.lines.1.state.approved.number": "A-17",
    "answered.lines.1.state.approved.valid_from": "2026-11-20",
    "answered.lines.1.state.approved.valid_to": "2027-01-20",
    "answered.lines.1.state.approved.units": "42",
    "answered.lines.2.state": "denied",
    "answered.lines.2.state.denied.reason_code": "",
    "answered.told_by": "R. <b>Clerk</b>",
    "answered.told_at.day": "2026-11-20",
    "answered.told_at.time": "09:30",
    "submitted.reference": "never shown",
    "note": "It took <script>an hour</script>",
}
ASSESSED = {
    "outcome": "suitable_for_home",
    "suitable_for_home.needs_nursing": "yes",
    "suitable_for_home.other_services_needed": "no",
    "suitable_for_home.findings": "Well",
    "suitable_for_home.facts.patient.weight_kg": "71.5",
    "suitable_for_home.facts.patient.allergies": "listed",
    "suitable_for_home.facts.patient.allergies.listed.facts.patient.allergies": "latex (hives)",
}
REPORT = (
    {"outcome": "completed", "completed.ended_at.day": "2026-11-20", "completed.ended_at.time": "10:30"}
    | {f"completed.items.{each}": "yes" for each in ReportItem}
    | {f"completed.shown_back.{each}": "yes" for each in TAUGHT}
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Temporal answers here: each answer would be waited for in vain."""
    monkeypatch.setattr(answers, "_PATIENCE", timedelta(milliseconds=50))


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    tokens = {role.value: token(role) for role in Role}
    tokens["pharmacist-2"] = token(Role.PHARMACIST, subject="second-pharmacist")
    (tmp_path / "tokens.json").write_text(json.dumps(tokens))
    settings = settings_for(dsn, tmp_path, local_identities=tmp_path / "tokens.json")
    async with served_desk(settings) as served:
        await nurse_on_roster(served, NURSE, "test-nurse")
        yield served


@pytest.fixture
async def browser(desk: ServedDesk) -> AsyncIterator[Browser]:
    async with Browser(desk.url) as opened:
        yield opened


async def answer(browser: Browser, item: str, typed: dict[str, str]) -> httpx2.Response:
    return await browser.post(await browser.open(f"/work-items/{item}"), f"/work-items/{item}", **typed)


@pytest.mark.parametrize("kind", list(K))
async def test_every_kind_has_a_page(desk: ServedDesk, browser: Browser, kind: WorkItemKind) -> None:
    await browser.sign_in_locally(ROLE_OF[kind])
    for asks in ASKS[kind]:
        item = await item_of(desk, kind, asks)
        page = await browser.open(f"/work-items/{item}")
        assert page.status_code == 200
        assert f'action="/work-items/{item}"' in page.text
        assert re.search(r'<a href="/referrals/[0-9a-f-]{36}">', page.text)
        assert "_" not in re.sub(r"<[^>]*>", "", page.text.split("<main")[1])
        assert (PATIENT["family_name"] in page.text) is (kind is not K.CONFIRM_VISIT)


@pytest.mark.parametrize("kind", list(K))
async def test_what_is_stored_is_what_the_screen_said(desk: ServedDesk, browser: Browser, kind: WorkItemKind) -> None:
    """The whole way of every outcome, by the smallest form that can be sent; the contract test has all the others."""
    role = ROLE_OF[kind]
    await browser.sign_in_locally(role)
    referral = await desk.refer(patient={name: told for name, told in PATIENT.items() if name != "time_zone"})
    said = []
    for asks in ASKS[kind]:
        offered = form_of(as_shown_to(asked_item(kind, asks), role)).options
        for outcome in (option.value for option in offered):
            item, form = await item_of(desk, kind, asks, referral), Filled()
            fill(only(form_of(as_shown_to(asked_item(kind, asks), role)), [outcome]), "", Way(fill=False), form)
            assert (await answer(browser, item, form.typed)).status_code == 303, outcome
            said.append(form.says)
    assert [by_instant(given) for given in await stored_answers(desk)] == [by_instant(one) for one in said]


def as_shown_to(asked: AskedItem, role: Role) -> AskedItem:
    return replace(asked, actor=Actor(id=f"test-{role}", roles=(role,), nurses=(NURSE,)))


def by_instant(said: object) -> object:
    """As it is stored: moments in UTC, sets in no order, and nothing that says nothing."""
    if isinstance(said, dict):
        return {name: by_instant(value) for name, value in said.items()}
    if isinstance(said, list):
        return sorted((by_instant(each) for each in said), key=str)
    is_moment = isinstance(said, str) and re.match(r"\d{4}-\d\d-\d\dT", said)
    return datetime.fromisoformat(str(said)) if is_moment else said


async def test_the_payers_word_is_stored_line_by_line(desk: ServedDesk, browser: Browser) -> None:
    await browser.sign_in_locally("reimbursement_specialist")
    item = await item_of(desk, K.SUBMIT_AUTHORIZATION)
    page = await browser.open(f"/work-items/{item}?back=/work%3Fview%3Dmine")
    for told in ("+1-312-555-0100", "Line 1: Drug, J3370, 42 units asked for", "The payer did not answer in time"):
        assert told in page.text
    done = await browser.post(page, f"/work-items/{item}", **WORD)
    assert (done.status_code, done.headers["location"]) == (303, "/work?view=mine")
    (given,) = await stored_answers(desk)
    assert datetime.fromisoformat(given.pop("told_at")) == datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
    assert given == {
        "outcome": "answered",
        "lines": [
            {"sequence": 1, "state": "approved", "number": "A-17", "valid_from": "2026-11-20",
             "valid_to": "2027-01-20", "units": 42},
            {"sequence": 2, "state": "denied"},
        ],
        "told_by": "R. <b>Clerk</b>",
        "note": "It took <script>an hour</script>",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "beside"),
    [
        ({"outcome": ""}, "Choose one."),
        ({"answered.lines.1.state": "forged"}, "Choose one."),
        ({"answered.lines.1.state": "not_known", "answered.lines.2.state": "not_known"}, "Say for one line at least"),
        ({"answered.lines.1.state.approved.number": ""}, "An authorization has a number: enter it."),
        ({"answered.lines.1.state.approved.units": "43"}, "42 were asked for; another number that the payer says"),
        ({"answered.lines.1.state.approved.valid_to": "2026-11-01"}, "Possible from valid from on."),
        ({"answered.told_by": ""}, "Enter who said so."),
        ({"answered.told_by": "x" * 81}, "at most 80 characters"),
        ({"answered.told_at.day": "2099-01-01"}, "Possible is a time up to now."),
        ({"answered.told_at.time": ""}, "Enter the day and the time."),
    ],
)
async def test_what_is_wrong_stands_beside_what_was_typed(
    desk: ServedDesk, browser: Browser, changed: dict[str, str], beside: str
) -> None:
    await browser.sign_in_locally("reimbursement_specialist")
    item = await item_of(desk, K.SUBMIT_AUTHORIZATION)
    again = await answer(browser, item, WORD | changed)
    assert again.status_code == 422
    assert beside in again.text
    assert again.text.count('class="problem"') == 1
    for name, text in (WORD | changed).items():
        assert not text or name.endswith((".state", "outcome")) or escape(text, quote=False) in again.text
    assert "<script>an" not in again.text
    assert await stored_answers(desk) == []


async def test_an_assessment_with_facts_is_stored_as_it_was_shown(desk: ServedDesk, browser: Browser) -> None:
    await browser.sign_in_locally("pharmacist")
    item = await item_of(desk, K.ASSESS_PATIENT)
    page = await browser.open(f"/work-items/{item}")
    assert "Now: 70.5" in page.text
    assert "Now: penicillin (rash)" in page.text
    done = await browser.post(page, f"/work-items/{item}", **ASSESSED)
    assert done.headers["location"] == "/work"
    assert await stored_answers(desk) == [
        {
            "outcome": "suitable_for_home",
            "needs_nursing": True,
            "other_services_needed": False,
            "findings": "Well",
            "facts": {"patient.weight_kg": 71.5, "patient.allergies": [{"substance": "latex", "reaction": "hives"}]},
        }
    ]


async def test_a_fact_that_cannot_be_is_said_beside_its_input(desk: ServedDesk, browser: Browser) -> None:
    await browser.sign_in_locally("pharmacist")
    item = await item_of(desk, K.ASSESS_PATIENT)
    again = await answer(browser, item, ASSESSED | {"suitable_for_home.facts.patient.weight_kg": "900"})
    assert again.status_code == 422
    assert "Enter 500 or less." in again.text
    assert 'value="900"' in again.text


async def test_only_facts_that_one_may_tell_are_asked(desk: ServedDesk, browser: Browser) -> None:
    item = await item_of(desk, K.REPORT_VISIT)
    await browser.sign_in_locally("nurse")
    assert "completed.facts" not in (await browser.open(f"/work-items/{item}")).text
    await browser.sign_in_locally("nurse_coordinator")
    assert "completed.facts.patient.phones" in (await browser.open(f"/work-items/{item}")).text


async def test_a_visit_is_reported_by_its_nurse_or_on_their_word(desk: ServedDesk, browser: Browser) -> None:
    """The coordinator has no part in the referral, and so does not see in which zone the patient is."""
    by_word = {"completed.on_word_of": NURSE}
    for role, zone, more in (("nurse", "Denver", {}), ("nurse_coordinator", "Chicago", by_word)):
        item = await item_of(desk, K.REPORT_VISIT)
        await browser.sign_in_locally(role)
        page = await browser.open(f"/work-items/{item}")
        assert f"When the visit ended, {zone} time" in page.text
        assert (f'name="completed.on_word_of" type="text" value="{NURSE}"' in page.text) is bool(more)
        assert (await browser.post(page, f"/work-items/{item}", **REPORT | more)).status_code == 303
    own, told = await stored_answers(desk)
    assert told.pop("on_word_of") == NURSE
    for given, hour in ((own, 17), (told, 16)):
        assert datetime.fromisoformat(given["ended_at"]) == datetime(2026, 11, 20, hour, 30, tzinfo=UTC)
        assert (set(given["items"]), set(given["shown_back"])) == (set(ReportItem), set(TAUGHT))


async def test_who_reports_on_anothers_word_must_say_whose(desk: ServedDesk, browser: Browser) -> None:
    item = await item_of(desk, K.REPORT_VISIT)
    await browser.sign_in_locally("nurse_coordinator")
    again = await answer(browser, item, REPORT | {"completed.on_word_of": "rn-99"})
    assert again.status_code in (403, 422)
    assert again.text.count('class="problem"') == 1
    assert 'value="rn-99"' in again.text
    assert await stored_answers(desk) == []


async def test_a_double_click_is_one_answer(desk: ServedDesk, browser: Browser) -> None:
    await browser.sign_in_locally("pharmacist")
    item = await item_of(desk, K.ASSESS_PATIENT)
    page = await browser.open(f"/work-items/{item}")
    assert (await browser.post(page, f"/work-items/{item}", **ASSESSED)).status_code == 303
    await resolved(desk, item, "test-pharmacist")
    assert (await browser.post(page, f"/work-items/{item}", **ASSESSED)).status_code == 303
    assert len(await stored_answers(desk)) == 1


async def test_the_second_person_is_told_who_did_it_and_when(desk: ServedDesk, browser: Browser) -> None:
    await browser.sign_in_locally("pharmacist")
    item = await item_of(desk, K.ASSESS_PATIENT)
    page = await browser.open(f"/work-items/{item}")
    await resolved(desk, item, "second-pharmacist")
    again = await browser.post(page, f"/work-items/{item}", **ASSESSED)
    assert again.status_code == 409
    assert re.search(r"Now: done by second-pharmacist, [A-Z][a-z]{2} \d+, \d+:\d\d [AP]M", again.text)
    assert ">Well</textarea>" in again.text
    assert 'value="71.5"' in again.text
    assert await stored_answers(desk) == []


async def test_what_the_process_refuses_stands_beside_its_input(
    desk: ServedDesk, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process is not here: its verdict is stored as the relay stores it, while the page waits."""
    monkeypatch.setattr(answers, "_PATIENCE", timedelta(seconds=20))
    await browser.sign_in_locally("nurse_coordinator")
    item = await item_of(desk, K.PLACE_VISIT)
    page = await browser.open(f"/work-items/{item}")
    placed = {"outcome": "placed", "placed.nurse": NURSE}
    when = {"placed.visit_at.day": "2027-01-15", "placed.visit_at.time": "09:30"}
    sending = asyncio.create_task(browser.post(page, f"/work-items/{item}", **placed, **when))
    stored = "SELECT id FROM messages WHERE kind = 'resolve_work_item'"
    while not (message := await desk.desk.pool.fetchval(stored)):  # noqa: ASYNC110 - no event for it
        await asyncio.sleep(0.02)
    refusal = "visit_at: possible from 2026-12-01 00:00 UTC to before 2026-12-20 00:00 UTC"
    await desk.desk.messages.settle(str(message), MessageState.REFUSED, refusal)
    again = await sending
    assert again.status_code == 409
    assert "Possible from Nov 30, 5:00 PM MST to before Dec 19, 5:00 PM MST." in again.text
    assert again.text.count('class="problem"') == 1
    assert 'value="2027-01-15"' in again.text


async def test_what_is_done_shows_by_whom_and_asks_nothing(desk: ServedDesk, browser: Browser) -> None:
    await browser.sign_in_locally("pharmacist")
    item = await item_of(desk, K.ASSESS_PATIENT)
    await resolved(desk, item, "second-pharmacist")
    page = await browser.open(f"/work-items/{item}")
    assert "Done, by second-pharmacist" in page.text
    assert 'name="outcome"' not in page.text


async def test_what_another_has_taken_is_not_answered_for_them(desk: ServedDesk, browser: Browser) -> None:
    item = await item_of(desk, K.ASSESS_PATIENT)
    async with Browser(desk.url) as other:
        await other.sign_in_locally("pharmacist-2")
        taken = await other.post(await other.open(f"/work-items/{item}"), f"/work/{item}/claim")
        assert taken.headers["location"] == f"/work-items/{item}"
    await browser.sign_in_locally("pharmacist")
    page = await browser.open(f"/work-items/{item}")
    assert "second-pharmacist has taken this" in page.text
    again = await browser.post(page, f"/work-items/{item}", **ASSESSED)
    assert again.status_code == 409
    assert "Now: taken by second-pharmacist" in again.text
    assert await stored_answers(desk) == []


async def test_what_is_mine_can_be_given_back(desk: ServedDesk, browser: Browser) -> None:
    await browser.sign_in_locally("pharmacist")
    item = await item_of(desk, K.ASSESS_PATIENT)
    await browser.post(await browser.open(f"/work-items/{item}"), f"/work/{item}/claim")
    mine = await browser.open(f"/work-items/{item}")
    assert "test-pharmacist (you)" in mine.text
    back = await browser.follow(await browser.post(mine, f"/work-items/{item}/release"))
    assert "Nobody yet" in back.text


async def test_a_half_filled_form_comes_back_after_signing_in_again(desk: ServedDesk, browser: Browser) -> None:
    await browser.sign_in_locally("reimbursement_specialist")
    item = await item_of(desk, K.SUBMIT_AUTHORIZATION)
    page = await browser.open(f"/work-items/{item}")
    await desk.desk.pool.execute("UPDATE web_sessions SET seen_at = seen_at - interval '16 minutes'")
    half = {name: text for name, text in WORD.items() if "told_at" not in name}
    asked = await browser.follow(await browser.post(page, f"/work-items/{item}", **half))
    assert asked.url.path == "/sign-in"
    form = next(each for each in re.findall(r"<form.*?</form>", asked.text, re.DOTALL) if "/sign-in/local" in each)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form))
    fields = {name: value.replace("&amp;", "&") for name, value in hidden.items()}
    signed = await browser.http.post("/sign-in/local", data={**fields, "user": "reimbursement_specialist"})
    again = await browser.follow(signed)
    assert again.url.path == f"/work-items/{item}"
    for kept in ('value="A-17"', 'value="answered" checked', "R. &lt;b&gt;Clerk", "&lt;script&gt;an hour"):
        assert kept in again.text
    assert await stored_answers(desk) == []
    when = {name: text for name, text in WORD.items() if "told_at" in name}
    assert (await browser.post(again, f"/work-items/{item}", **half | when)).status_code == 303
    assert len(await stored_answers(desk)) == 1


async def test_the_second_person_of_an_override_has_just_signed_in(desk: ServedDesk, browser: Browser) -> None:
    await browser.sign_in_locally("supervisor")
    path = f"/work-items/{await item_of(desk, K.APPROVE_OVERRIDE)}"
    page = await browser.open(path)
    await desk.desk.pool.execute("UPDATE web_sessions SET authenticated_at = authenticated_at - interval '10 min'")
    answer = await browser.post(page, path, outcome="approved")
    assert "fresh=1" in answer.headers["location"]
    assert await stored_answers(desk) == []


@pytest.mark.parametrize("role", ["customer_service", "nurse", "auditor"])
async def test_anothers_work_is_neither_shown_nor_taken(desk: ServedDesk, browser: Browser, role: str) -> None:
    await browser.sign_in_locally(role)
    item = await item_of(desk, K.ASSESS_PATIENT)
    page = await browser.open(f"/work-items/{item}")
    assert page.status_code == 403
    assert PATIENT["family_name"] not in page.text
    sent = await browser.http.post(f"/work-items/{item}", data={"_csrf": await browser.csrf(), **ASSESSED})
    assert sent.status_code == 403
    assert await stored_answers(desk) == []


async def test_what_is_no_item_is_no_page(browser: Browser) -> None:
    await browser.sign_in_locally("pharmacist")
    assert (await browser.open("/work-items/guessed-1")).status_code == 404


async def test_one_is_led_to_no_other_site(desk: ServedDesk, browser: Browser) -> None:
    await browser.sign_in_locally("pharmacist")
    item = await item_of(desk, K.ASSESS_PATIENT)
    page = await browser.open(f"/work-items/{item}?back=//elsewhere.example")
    assert '<input type="hidden" name="back" value="/">' in page.text
    done = await browser.post(page, f"/work-items/{item}", **ASSESSED, back="https://elsewhere.example")
    assert done.headers["location"] == "/"


async def resolved(desk: ServedDesk, item: str, who: str) -> None:
    await desk.desk.pool.execute(
        "UPDATE work_items SET state = 'resolved', assignee = $2, closed_at = now() WHERE id = $1", item, who
    )
