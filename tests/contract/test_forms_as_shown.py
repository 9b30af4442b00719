"""The forms of a case on the real desk, sent as a browser sends them: what is stored is what the screen said."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest

from desk.web.acts import steer
from desk.web.acts.legal import cancel_reasons
from desk.web.facts.fact_form import fact_form, value_at
from firstdose.domain.referral.corrections import with_facts
from firstdose.domain.referral.fact_groups import FactGroup, group_of
from firstdose.domain.referral.referral import Referral
from firstdose.domain.work.reasons import HoldReason, OverrideReason
from firstdose.domain.work.role import Actor, Role
from tests.contract.known_referral import FULL, OTHERWISE
from tests.html_forms import as_sent
from tests.oidc_provider import Browser
from tests.served_desk import ServedDesk, served_desk, settings_for, token
from tests.settled_acts import messages

OWN: Final = {"_csrf", "_form", "_key", "_page"}
ENDS: Final = ("at", "open", "", "<script>")


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No Temporal answers here: what is stored is looked at, and not waited for."""
    monkeypatch.setattr(steer, "_PATIENCE", timedelta(milliseconds=1))


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    both = token(Role.SUPERVISOR, Role.INTAKE_COORDINATOR, Role.PHARMACIST)
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({"everybody": both, "customer_service": token(Role.CUSTOMER_SERVICE)}))
    async with served_desk(settings_for(dsn, tmp_path, local_identities=tokens)) as served:
        yield served


@pytest.fixture
async def browser(desk: ServedDesk) -> AsyncIterator[Browser]:
    async with Browser(desk.url) as opened:
        await opened.sign_in_locally("everybody")
        yield opened


async def told(desk: ServedDesk, referral_id: str) -> list[dict[str, Any]]:
    """The facts of the amendments that are stored."""
    rows = await desk.desk.pool.fetch(
        "SELECT id FROM messages WHERE referral_id = $1 AND kind = 'amend' ORDER BY ordinal", referral_id
    )
    found = []
    for row in rows:
        async with desk.desk.pool.acquire() as connection:
            sealer = await desk.desk.vault.sealer(connection, referral_id)
            sealed = await connection.fetchval("SELECT sealed FROM messages WHERE id = $1", row["id"])
        found.append(sealer.open(sealed, table="messages", row=str(row["id"]), column="sealed")["facts"])
    return found


@pytest.mark.parametrize("group", FactGroup)
@pytest.mark.parametrize("data", [{**FULL, "source_referral_id": "R-shown"}, {}], ids=["full", "empty"])
async def test_a_form_of_facts_sends_what_it_shows(
    desk: ServedDesk, browser: Browser, group: FactGroup, data: dict[str, Any]
) -> None:
    referral_id = await desk.refer(**data)
    path = f"/referrals/{referral_id}/facts/{group}"
    sent = as_sent((await browser.open(path)).text, path)
    known = await desk.desk.facts(referral_id)
    assert known is not None
    shown = fact_form(group, known, desk.desk.web.zone).shown
    texts = {name: text.replace("\r\n", "\n") for name, text in sent.items() if name not in OWN}
    assert texts == {**shown, "revision": "1"}
    assert (await browser.http.post(path, data=sent)).headers["location"] == f"/referrals/{referral_id}"
    assert "Nothing was changed, so nothing was sent." in (await browser.open("/work")).text
    assert await told(desk, referral_id) == []


@pytest.mark.parametrize("group", FactGroup)
async def test_everything_that_was_typed_is_stored_as_it_was_typed(
    desk: ServedDesk, browser: Browser, group: FactGroup
) -> None:
    referral_id = await desk.refer(**FULL)
    path = f"/referrals/{referral_id}/facts/{group}"
    sent = as_sent((await browser.open(path)).text, path)
    typed = [each for each in OTHERWISE.values() if group_of(each.path) is group]
    for each in typed:
        sent |= each.typed
    assert (await browser.http.post(path, data=sent)).status_code == 303
    (facts,) = await told(desk, referral_id)
    assert set(facts) == {each.path for each in typed}
    known = await desk.desk.facts(referral_id)
    assert known is not None
    expected = {each.path: each.value for each in typed}
    assert {path: _as_model(path, value) for path, value in facts.items()} == expected


def _as_model(path: str, value: Any) -> Any:
    """As the model writes it: codes in one spelling, a state by its two letters."""
    amended = with_facts(Referral.model_validate(FULL), {path: value})
    return value_at(amended.model_dump(mode="json"), path)


@pytest.mark.parametrize("verb", ["hold", "override"])
async def test_each_reason_and_end_is_stored_as_it_was_chosen(desk: ServedDesk, browser: Browser, verb: str) -> None:
    day = (datetime.now(UTC) + timedelta(days=30)).date()
    for reason, ends in product([*(HoldReason if verb == "hold" else OverrideReason), "", "<script>"], ENDS):
        referral_id = await desk.refer()
        path = f"/referrals/{referral_id}/{verb}"
        sent = as_sent((await browser.open(path)).text, path)
        assert sent.keys() == OWN | {"until_day", "until_time"}, "nothing is chosen unless somebody chooses it"
        sent |= {"reason": reason, "ends": ends, "until_day": day.isoformat(), "until_time": "09:30"}
        answer = await browser.http.post(path, data=sent)
        stored = await messages(desk, referral_id, verb)
        if reason in ("", "<script>") or ends in ("", "<script>"):
            assert (answer.status_code, stored) == (422, [])
            assert "<script>" not in answer.text
            continue
        (body,) = stored
        assert body["reason"] == reason
        assert (body["until"] is None) is (ends == "open")
        if ends == "at":
            at = datetime.fromisoformat(body["until"])
            local = at.astimezone(desk.desk.web.zone)
            assert (local.date(), f"{local:%H:%M}") == (day, "09:30")


@pytest.mark.parametrize("verb", ["hold", "override"])
@pytest.mark.parametrize(
    "moment",
    [
        {"until_day": "", "until_time": ""},
        {"until_day": "2026-01-01", "until_time": "09:30"},
        {"until_day": "soon", "until_time": "09:30"},
        {},
    ],
)
async def test_an_end_that_is_none_is_said_beside_it(
    desk: ServedDesk, browser: Browser, verb: str, moment: dict[str, str]
) -> None:
    referral_id = await desk.refer()
    path = f"/referrals/{referral_id}/{verb}"
    page = await browser.open(path)
    answer = await browser.post(page, path, reason="other", ends="at", **moment)
    assert answer.status_code == 422
    assert f'id="{verb}-until_time-problem"' in answer.text
    assert await messages(desk, referral_id, verb) == []


@pytest.mark.parametrize("user", ["everybody", "customer_service"])
async def test_a_cancellation_stores_the_reason_that_was_chosen_and_confirmed(
    desk: ServedDesk, browser: Browser, user: str
) -> None:
    await browser.sign_in_locally(user)
    role = Role.SUPERVISOR if user == "everybody" else Role.CUSTOMER_SERVICE
    for reason in cancel_reasons(Actor(id="x", roles=(role,))):
        referral_id = await desk.refer()
        path = f"/referrals/{referral_id}/cancel"
        page = await browser.open(path)
        assert as_sent(page.text, path).keys() == OWN
        asked = await browser.http.post(path, data=as_sent(page.text, path) | {"reason": reason.value})
        confirm = as_sent(asked.text, path)
        assert (confirm["reason"], confirm["confirmed"]) == (reason, "yes")
        assert (await browser.http.post(path, data=confirm)).status_code == 303
        assert await messages(desk, referral_id, "cancel") == [{"reason": reason}]
