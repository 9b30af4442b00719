"""Hold, resume, cancel and override on pages: by whom, what is stored, and what is said when it is not."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from desk.web.acts import steer
from desk.web.acts.legal import ActName, legal_acts
from desk.web.page import DeskPage
from desk.web.templating import templates
from firstdose.domain.work.role import Actor, Role
from tests.integration.test_http_reading import put
from tests.oidc_provider import Browser, hidden_fields
from tests.served_desk import ServedDesk, desk_with_buttons
from tests.settled_acts import audited, messages, settling

WORKING: Final = frozenset(Role) - {Role.AUDITOR}
HOLD: Final = {"reason": "patient_away", "ends": "open"}
OVERRIDE: Final = {"reason": "discharge_today", "ends": "open"}
CANCEL: Final = {"reason": "deceased", "confirmed": "yes"}
ACTS: Final[tuple[tuple[str, dict[str, str], frozenset[Role] | set[Role]], ...]] = (
    ("hold", HOLD, WORKING),
    ("resume", {}, WORKING),
    ("cancel", CANCEL, {Role.SUPERVISOR, Role.INTAKE_COORDINATOR, Role.CUSTOMER_SERVICE}),
    ("override", OVERRIDE, {Role.SUPERVISOR}),
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Temporal answers here: what nobody settles would be waited for in vain."""
    monkeypatch.setattr(steer, "_PATIENCE", timedelta(milliseconds=300))


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with desk_with_buttons(dsn, tmp_path) as served:
        yield served


@pytest.fixture
async def browser(desk: ServedDesk) -> AsyncIterator[Browser]:
    async with Browser(desk.url) as opened:
        await opened.sign_in_locally(Role.SUPERVISOR)
        yield opened


async def refer(desk: ServedDesk, verb: str = "hold") -> str:
    referral_id = await desk.refer()
    if verb == "resume":
        await desk.desk.pool.execute("UPDATE referrals SET on_hold = true WHERE id = $1", referral_id)
    return referral_id


async def sent(browser: Browser, path: str, fields: dict[str, str], **more: str) -> Any:
    return await browser.post(await browser.open(path), path, **fields, **more)


@pytest.mark.parametrize(("verb", "fields", "roles"), ACTS, ids=[each[0] for each in ACTS])
async def test_each_act_is_for_its_roles(
    desk: ServedDesk, browser: Browser, verb: str, fields: dict[str, str], roles: set[Role]
) -> None:
    for role in Role:
        path = f"/referrals/{await refer(desk, verb)}/{verb}"
        await browser.sign_in_locally(role)
        shown = await browser.open(path)
        posted = await browser.http.post(path, data={**fields, "_csrf": await browser.csrf()})
        allowed = (200, 303) if role in roles else (403, 403)
        assert (shown.status_code, posted.status_code) == allowed, role


@pytest.mark.parametrize(("verb", "fields", "roles"), ACTS, ids=[each[0] for each in ACTS])
async def test_while_temporal_is_away_an_act_is_stored_once(
    desk: ServedDesk, browser: Browser, verb: str, fields: dict[str, str], roles: set[Role]
) -> None:
    referral_id = await refer(desk, verb)
    path = f"/referrals/{referral_id}/{verb}"
    page = await browser.open(path)
    for _ in range(2):  # a double click
        answer = await browser.post(page, path, **fields)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/referrals/{referral_id}")
    assert "Stored. It will be applied" in (await browser.open("/work")).text
    assert len(await messages(desk, referral_id, verb)) == 1


@pytest.mark.parametrize(("verb", "fields", "roles"), ACTS, ids=[each[0] for each in ACTS])
async def test_a_forged_form_changes_nothing(
    desk: ServedDesk, browser: Browser, verb: str, fields: dict[str, str], roles: set[Role]
) -> None:
    referral_id = await refer(desk, verb)
    path = f"/referrals/{referral_id}/{verb}"
    for wrong in ({}, {"_csrf": "A" * 43}):
        assert (await browser.http.post(path, data={**fields, **wrong})).status_code == 403
    assert await messages(desk, referral_id, verb) == []


async def test_what_was_applied_says_so(desk: ServedDesk, browser: Browser) -> None:
    referral_id = await refer(desk)
    async with settling(desk, "hold"):
        await sent(browser, f"/referrals/{referral_id}/hold", HOLD)
    assert "Done." in (await browser.open("/work")).text


async def test_a_double_click_on_what_has_ended_the_referral_is_one_act(desk: ServedDesk, browser: Browser) -> None:
    referral_id = await refer(desk)
    path = f"/referrals/{referral_id}/cancel"
    page = await browser.open(path)
    async with settling(desk, "cancel"):
        first = await browser.post(page, path, **CANCEL)
    await desk.desk.pool.execute("UPDATE referrals SET stage = 'closed' WHERE id = $1", referral_id)
    again = await browser.post(page, path, **CANCEL)
    assert (first.status_code, again.status_code) == (303, 303)
    assert (await browser.open(path)).status_code == 409


async def test_who_was_faster_is_said_beside_what_was_chosen(desk: ServedDesk, browser: Browser) -> None:
    referral_id = await refer(desk)
    path = f"/referrals/{referral_id}/hold"
    page = await browser.open(path)
    await audited(desk, referral_id, "held", "staff:sue", reason="supply", until=None)
    async with settling(desk, "hold", "the referral is on hold already"):
        again = await browser.post(page, path, **HOLD)
    assert again.status_code == 409
    assert "Nothing was changed. The referral is on hold already. Put on hold by sue, " in again.text
    assert 'value="patient_away" checked' in again.text


async def test_a_refusal_of_a_field_stands_beside_it(desk: ServedDesk, browser: Browser) -> None:
    path = f"/referrals/{await refer(desk)}/override"
    day = (datetime.now(UTC) + timedelta(days=200)).date().isoformat()
    ends = {"ends": "at", "until_day": day, "until_time": "09:00"}
    async with settling(desk, "override", "until: an override ends in the future, and within 90 days"):
        again = await sent(browser, path, OVERRIDE | ends)
    assert again.status_code == 409
    assert 'id="override-until_time-problem">An override ends in the future, and within 90 days.' in again.text


async def test_on_hold_already_says_why_and_by_whom(desk: ServedDesk, browser: Browser) -> None:
    referral_id = await refer(desk, "resume")
    await audited(desk, referral_id, "held", "staff:sue", reason="supply", until=None)
    shown = await browser.open(f"/referrals/{referral_id}/hold")
    assert shown.status_code == 409
    assert "Supply. Put on hold by sue, " in shown.text
    assert "Put on hold by sue, " in (await browser.open(f"/referrals/{referral_id}/resume")).text


async def test_a_cancellation_names_what_is_undone_and_asks_again(desk: ServedDesk, browser: Browser) -> None:
    referral_id = await refer(desk)
    line = {"sequence": 1, "kind": "drug", "code": "J0696", "place_of_service": "12", "units": 1, "state": "approved"}
    await desk.desk.pool.execute(
        "UPDATE referrals SET visit_at = '2027-01-15T16:30:00Z', lines = $2 WHERE id = $1", referral_id, [line]
    )
    await put(desk.desk.pool, referral_id, "assess_patient", "pharmacist")
    path = f"/referrals/{referral_id}/cancel"
    asked = await sent(browser, path, {"reason": "duplicate"})
    assert asked.status_code == 200
    assert await messages(desk, referral_id, "cancel") == []
    for told in ("Duplicate", "Jan 15, 2027, 10:30 AM CST", "one line of the authorization", "One open work item"):
        assert told in asked.text
    form = hidden_fields(asked, path)
    assert (form["reason"], form["confirmed"]) == ("duplicate", "yes")
    assert (await browser.post(asked, path)).status_code == 303
    assert await messages(desk, referral_id, "cancel") == [{"reason": "duplicate"}]


async def test_a_role_is_offered_and_may_give_its_own_reasons_alone(desk: ServedDesk, browser: Browser) -> None:
    referral_id = await refer(desk)
    path = f"/referrals/{referral_id}/cancel"
    await browser.sign_in_locally(Role.CUSTOMER_SERVICE)
    page = await browser.open(path)
    assert [each in page.text for each in ("The patient died", "The patient declined", "Duplicate")] == [
        True,
        True,
        False,
    ]
    answer = await browser.post(page, path, reason="duplicate", confirmed="yes")
    assert answer.status_code == 422
    assert "Your roles may not give this reason." in answer.text
    assert await messages(desk, referral_id, "cancel") == []


async def test_an_override_needs_a_recent_sign_in_and_keeps_the_form(desk: ServedDesk, browser: Browser) -> None:
    referral_id = await refer(desk)
    path = f"/referrals/{referral_id}/override"
    page = await browser.open(path)
    assert "another supervisor" in page.text
    await desk.desk.pool.execute("UPDATE web_sessions SET authenticated_at = authenticated_at - interval '10 min'")
    answer = await browser.post(page, path, **OVERRIDE)
    assert "fresh=1" in answer.headers["location"]
    assert await messages(desk, referral_id, "override") == []
    again = await browser.open(path)
    await browser.sign_in_locally(Role.SUPERVISOR)
    kept = answer.headers["location"].partition("kept=")[2].partition("&")[0]
    again = await browser.open(f"{path}?kept={kept}")
    assert 'value="discharge_today" checked' in again.text
    assert (await browser.post(again, path, **OVERRIDE)).status_code == 303
    assert await messages(desk, referral_id, "override") == [
        {"gate": "authorization", "reason": "discharge_today", "until": None}
    ]


async def test_a_referral_that_is_none_has_no_acts(browser: Browser) -> None:
    for verb, _, _ in ACTS:
        missing = "/referrals/0d3f8c1a-6f57-4d7a-9a43-0a1b2c3d4e5f"
        assert (await browser.open(f"{missing}/{verb}")).status_code == 404
        assert (await browser.open(f"/referrals/<script>/{verb}")).status_code == 404


@pytest.mark.parametrize(
    ("roles", "changes", "offered"),
    [
        ({Role.SUPERVISOR}, "", "hold override cancel"),
        ({Role.SUPERVISOR}, "on_hold = true", "resume override cancel"),
        ({Role.SUPERVISOR}, "\"authorization\" = 'approved'", "hold cancel"),
        ({Role.INTAKE_COORDINATOR}, "", "hold facts cancel"),
        ({Role.PHARMACIST}, "", "hold facts"),
        ({Role.NURSE}, "", "hold break-glass"),
        ({Role.AUDITOR}, "", ""),
        ({Role.SUPERVISOR, Role.INTAKE_COORDINATOR}, "stage = 'closed'", ""),
    ],
)
async def test_only_what_one_may_do_now_is_offered(
    desk: ServedDesk, roles: set[Role], changes: str, offered: str
) -> None:
    referral_id = await refer(desk)
    for kind, role in (("place_visit", Role.INTAKE_COORDINATOR), ("settle_order", Role.PHARMACIST)):
        await put(desk.desk.pool, referral_id, kind, role)
    if changes:
        await desk.desk.pool.execute(f"UPDATE referrals SET {changes}")  # noqa: S608 - of the table above
    case = await desk.desk.referrals.get(referral_id)
    assert case is not None
    who = Actor(id="somebody", roles=tuple(sorted(roles)))
    page = DeskPage(request=None, desk=desk.desk, who=who, now=datetime.now(UTC))  # type: ignore[arg-type]
    acts = await legal_acts(page, case)
    assert [each.name for each in acts] == [ActName(name) for name in offered.split()]
    shown = templates().get_template("case_acts.html").render(acts=acts)
    assert [f'href="{each.address}"' in shown for each in acts] == [True] * len(acts)
    assert all(each.address == f"/referrals/{referral_id}/{each.name}" for each in acts)
