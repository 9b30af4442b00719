"""Facts on pages: whose they are to change, what is sent, and a page that somebody else was faster than."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from desk.web.acts import steer
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.adapters.postgres.referrals.revisions import Revisions
from firstdose.domain.referral.corrections import with_facts
from firstdose.domain.work.message import Message, MessageKind
from firstdose.domain.work.role import Actor, Role
from tests.contract.known_referral import FULL
from tests.html_forms import as_sent
from tests.integration.test_http_reading import put
from tests.oidc_provider import Browser
from tests.served_desk import ServedDesk, desk_with_buttons
from tests.settled_acts import messages, settling

GROUPS: Final = {
    Role.INTAKE_COORDINATOR: {"clinical", "coverage", "contact"},
    Role.CUSTOMER_SERVICE: {"coverage", "contact"},
    Role.REIMBURSEMENT_SPECIALIST: {"coverage"},
    Role.PHARMACIST: {"clinical"},
    Role.NURSE_COORDINATOR: {"contact"},
}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steer, "_PATIENCE", timedelta(milliseconds=300))


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with desk_with_buttons(dsn, tmp_path) as served:
        yield served


@pytest.fixture
async def browser(desk: ServedDesk) -> AsyncIterator[Browser]:
    async with Browser(desk.url) as opened:
        yield opened


@pytest.fixture
async def referral_id(desk: ServedDesk) -> str:
    """Each role has a part in it."""
    referral_id = await desk.refer(**FULL)
    items = ("settle_order", "verify_benefits", "contact_patient", "place_visit", "reconcile", "report_visit")
    roles = (
        Role.PHARMACIST,
        Role.REIMBURSEMENT_SPECIALIST,
        Role.CUSTOMER_SERVICE,
        Role.NURSE_COORDINATOR,
        Role.INTAKE_COORDINATOR,
        Role.NURSE,
    )
    for kind, role in zip(items, roles, strict=True):
        await put(desk.desk.pool, referral_id, kind, role)
    return referral_id


async def filled(browser: Browser, path: str, **typed: str) -> httpx2.Response:
    """The form as it is shown, with something typed."""
    return await browser.http.post(
        path, data=await shown(browser, path) | {k.replace("__", "."): v for k, v in typed.items()}
    )


async def shown(browser: Browser, path: str) -> dict[str, Any]:
    return as_sent((await browser.open(path)).text, path.replace("&", "&amp;"))


async def amended(desk: ServedDesk, referral_id: str, subject: str, **facts: Any) -> None:
    """Somebody changes facts, and it is applied."""
    message = Message(
        id=new_id(),
        referral_id=referral_id,
        kind=MessageKind.AMEND,
        actor=Actor(id=subject, roles=(Role.INTAKE_COORDINATOR,)),
        received_at=datetime.now(UTC),
    )
    await desk.desk.messages.post(message)
    known = await desk.desk.facts(referral_id)
    assert known is not None
    changed = with_facts(known, {path.replace("__", "."): value for path, value in facts.items()})
    async with transaction(desk.desk.pool) as connection:
        at = datetime.now(UTC)
        await Revisions(desk.desk.vault).add(connection, referral_id, changed, message_id=message.id, at=at)
        await connection.execute("UPDATE messages SET state = 'applied' WHERE id = $1", message.id)


async def test_each_role_is_shown_and_may_post_its_own_groups_alone(
    desk: ServedDesk, browser: Browser, referral_id: str
) -> None:
    for role in Role:
        await browser.sign_in_locally(role)
        csrf = await browser.csrf()
        for group in ("clinical", "coverage", "contact"):
            path = f"/referrals/{referral_id}/facts/{group}"
            answers = [await browser.open(path), await browser.http.post(path, data={"_csrf": csrf, "revision": "1"})]
            allowed = (200, 303) if group in GROUPS.get(role, ()) else (403, 403)
            assert tuple(answer.status_code for answer in answers) == allowed, (role, group)
        start = await browser.open(f"/referrals/{referral_id}/facts")
        assert start.status_code == (200 if role in GROUPS else 403), role
        linked = {group for group in ("clinical", "coverage", "contact") if f'/facts/{group}"' in start.text}
        assert linked == GROUPS.get(role, set()), role
    assert await messages(desk, referral_id, "amend") == []


async def test_who_has_no_part_in_it_sees_no_form(desk: ServedDesk, browser: Browser) -> None:
    path = f"/referrals/{await desk.refer(**FULL)}/facts/clinical"
    await browser.sign_in_locally(Role.PHARMACIST)
    answer = await browser.open(path)
    assert answer.status_code == 403
    assert "penicillin" not in answer.text
    assert (await browser.http.post(path, data={"_csrf": await browser.csrf(), "revision": "1"})).status_code == 403


async def test_once_the_patient_is_assessed_clinical_facts_are_the_pharmacists(
    desk: ServedDesk, browser: Browser, pool: Pool, referral_id: str
) -> None:
    await put(pool, referral_id, "assess_patient", "pharmacist", state="resolved")
    await browser.sign_in_locally(Role.INTAKE_COORDINATOR)
    path = f"/referrals/{referral_id}/facts"
    assert "/facts/clinical" not in (await browser.open(path)).text
    answer = await browser.open(f"{path}/clinical")
    assert answer.status_code == 403
    assert "clinical facts are changed by the pharmacist" in answer.text
    await put(pool, referral_id, "complete_referral", "intake_coordinator")
    assert (await browser.open(f"{path}/clinical")).status_code == 200


async def test_what_was_read_is_audited_and_no_value_stands_in_a_message(
    desk: ServedDesk, browser: Browser, pool: Pool, referral_id: str
) -> None:
    await browser.sign_in_locally(Role.PHARMACIST)
    await filled(browser, f"/referrals/{referral_id}/facts/clinical", patient__weight_kg="71")
    assert await messages(desk, referral_id, "amend") == [{"groups": ["clinical"]}]
    assert await pool.fetchval("SELECT count(*) FROM audit WHERE action = 'facts_read'") > 0


async def test_while_temporal_is_away_a_change_is_stored_once_and_said_to_be_under_way(
    desk: ServedDesk, browser: Browser, referral_id: str
) -> None:
    await browser.sign_in_locally(Role.PHARMACIST)
    path = f"/referrals/{referral_id}/facts/clinical"
    sent = await shown(browser, path) | {"patient.weight_kg": "71"}
    for _ in range(2):  # a double click
        answer = await browser.http.post(path, data=sent)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/referrals/{referral_id}")
    assert "Stored. It will be applied" in (await browser.open("/work")).text
    assert len(await messages(desk, referral_id, "amend")) == 1
    assert "A change by test-pharmacist, " in (await browser.open(path)).text


async def test_a_double_click_after_it_was_applied_is_not_stale(
    desk: ServedDesk, browser: Browser, referral_id: str
) -> None:
    await browser.sign_in_locally(Role.PHARMACIST)
    path = f"/referrals/{referral_id}/facts/clinical"
    sent = await shown(browser, path) | {"patient.weight_kg": "71"}
    async with settling(desk, "amend"):
        first = await browser.http.post(path, data=sent)
    await amended(desk, referral_id, "test-pharmacist", patient__weight_kg=71.0)
    again = await browser.http.post(path, data=sent)
    assert (first.status_code, again.status_code) == (303, 303)


async def test_a_forged_form_changes_nothing(desk: ServedDesk, browser: Browser, referral_id: str) -> None:
    await browser.sign_in_locally(Role.PHARMACIST)
    path = f"/referrals/{referral_id}/facts/clinical"
    sent = await shown(browser, path) | {"patient.weight_kg": "71", "_csrf": "A" * 43}
    assert (await browser.http.post(path, data=sent)).status_code == 403
    assert await messages(desk, referral_id, "amend") == []


async def test_who_was_faster_is_said_and_what_was_typed_is_kept(
    desk: ServedDesk, browser: Browser, referral_id: str
) -> None:
    await browser.sign_in_locally(Role.PHARMACIST)
    path = f"/referrals/{referral_id}/facts/clinical"
    sent = await shown(browser, path) | {"patient.weight_kg": "71", "order.pump": "<b>CADD</b>"}
    await amended(desk, referral_id, "sue", patient__weight_kg=75.0, order__access_device="port")
    again = await browser.http.post(path, data=sent)
    assert again.status_code == 409
    assert "the facts were changed by sue, " in again.text
    assert "Meanwhile it was changed to “75”. Enter what is right." in again.text
    assert "<b>CADD" not in again.text
    now = as_sent(again.text, path)
    assert (now["patient.weight_kg"], now["order.pump"], now["order.access_device"], now["revision"]) == (
        "71",
        "<b>CADD</b>",
        "port",
        "2",
    )
    assert await messages(desk, referral_id, "amend") == [{}]
    assert (await browser.http.post(path, data=now)).status_code == 303
    assert len(await messages(desk, referral_id, "amend")) == 2


async def test_a_row_that_is_gone_meanwhile_is_named(desk: ServedDesk, browser: Browser, referral_id: str) -> None:
    await browser.sign_in_locally(Role.PHARMACIST)
    path = f"/referrals/{referral_id}/facts/clinical"
    sent = await shown(browser, path) | {"order.medications[2].drug.name": "heparin"}
    known = await desk.desk.facts(referral_id)
    assert known is not None
    await amended(desk, referral_id, "sue", order__medications=[])
    again = await browser.http.post(path, data=sent)
    assert again.status_code == 409
    assert "“Another medication: Drug” is not on the form any more" in again.text


async def test_a_refusal_of_the_process_is_said_beside_what_was_typed(
    desk: ServedDesk, browser: Browser, referral_id: str
) -> None:
    await browser.sign_in_locally(Role.INTAKE_COORDINATOR)
    path = f"/referrals/{referral_id}/facts/clinical"
    async with settling(
        desk, "amend", "facts: the patient is assessed, so clinical facts are changed by the pharmacist"
    ):
        again = await filled(browser, path, patient__weight_kg="71")
    assert again.status_code == 409
    assert "clinical facts are changed by the pharmacist" in again.text
    assert as_sent(again.text, path)["patient.weight_kg"] == "71"


async def test_what_is_wrong_stands_beside_its_field(desk: ServedDesk, browser: Browser, referral_id: str) -> None:
    await browser.sign_in_locally(Role.PHARMACIST)
    path = f"/referrals/{referral_id}/facts/clinical"
    again = await filled(browser, path, patient__weight_kg="<b>heavy", order__diagnoses="fever")
    assert again.status_code == 422
    assert 'id="clinical-patient-weight_kg-problem">Enter a number' in again.text
    assert "Line 1: Not the shape of an ICD-10-CM code." in again.text
    assert "<b>heavy" not in again.text
    assert as_sent(again.text, path)["patient.weight_kg"] == "<b>heavy"
    assert await messages(desk, referral_id, "amend") == []


@pytest.mark.parametrize("revision", ["", "0", "-1", "99", "9" * 5000, "one"])
async def test_a_version_that_there_is_not_is_refused(
    desk: ServedDesk, browser: Browser, referral_id: str, revision: str
) -> None:
    await browser.sign_in_locally(Role.PHARMACIST)
    answer = await filled(browser, f"/referrals/{referral_id}/facts/clinical", revision=revision)
    assert answer.status_code == 400
    assert await messages(desk, referral_id, "amend") == []


async def test_a_document_stands_beside_the_form_in_a_frame_of_ours(
    desk: ServedDesk, browser: Browser, referral_id: str
) -> None:
    await browser.sign_in_locally(Role.INTAKE_COORDINATOR)
    start = await browser.open(f"/referrals/{referral_id}/facts?document=1")
    assert f'href="/referrals/{referral_id}/facts/contact?document=1"' in start.text
    path = f"/referrals/{referral_id}/facts/contact?document=1"
    page = await browser.open(path)
    assert f'<iframe src="/referrals/{referral_id}/documents/1/content" title="Document 1">' in page.text
    assert page.headers["content-security-policy"].endswith("; frame-src 'self'")
    again = await browser.http.post(path, data=as_sent(page.text, path) | {"patient.phones": "555\n" * 11})
    assert "<iframe" in again.text
    without = await browser.open(f"/referrals/{referral_id}/facts/contact?document=9")
    assert "<iframe" not in without.text
    assert "frame-src" not in without.headers["content-security-policy"]


@pytest.mark.parametrize("change", ["stage = 'closed'", "stage = 'on_service'"])
async def test_facts_of_what_is_over_are_not_changed(
    desk: ServedDesk, browser: Browser, pool: Pool, referral_id: str, change: str
) -> None:
    await browser.sign_in_locally(Role.PHARMACIST)
    path = f"/referrals/{referral_id}/facts/clinical"
    sent = await shown(browser, path)
    await pool.execute(f"UPDATE referrals SET {change}")  # noqa: S608 - of the table above
    assert [(await browser.open(path)).status_code, (await browser.http.post(path, data=sent)).status_code] == [
        409,
        409,
    ]


async def test_a_half_filled_form_is_there_again_after_signing_in(
    desk: ServedDesk, browser: Browser, pool: Pool, referral_id: str
) -> None:
    await browser.sign_in_locally(Role.PHARMACIST)
    path = f"/referrals/{referral_id}/facts/clinical"
    sent = await shown(browser, path) | {"patient.weight_kg": "71"}
    await pool.execute("UPDATE web_sessions SET seen_at = seen_at - interval '16 minutes'")
    answer = await browser.http.post(path, data=sent)
    kept = answer.headers["location"].partition("kept=")[2].partition("&")[0]
    await browser.sign_in_locally(Role.PHARMACIST)
    again = await browser.open(f"{path}?kept={kept}")
    assert as_sent(again.text, path)["patient.weight_kg"] == "71"
