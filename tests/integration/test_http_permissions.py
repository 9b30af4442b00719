"""Who may do what over the API: every act by every role, and the attacks of who tries what is another's."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from desk.http import actions
from firstdose.adapters.postgres.pool import Pool
from firstdose.domain.work.role import Role
from tests.served_desk import ServedDesk, served_desk, settings_for

ALL: Final = frozenset(Role)
WORKING: Final = ALL - {Role.AUDITOR}
CLINICAL: Final = {Role.PHARMACIST, Role.INTAKE_COORDINATOR}
COVERAGE: Final = {Role.REIMBURSEMENT_SPECIALIST, Role.CUSTOMER_SERVICE, Role.INTAKE_COORDINATOR}
CONTACT: Final = {Role.CUSTOMER_SERVICE, Role.INTAKE_COORDINATOR, Role.NURSE_COORDINATOR}
CANCELLING: Final = {Role.SUPERVISOR, Role.INTAKE_COORDINATOR}
OVERRIDE: Final = {"gate": "authorization", "reason": "discharge_today"}

STEERING: Final[tuple[tuple[str, dict[str, Any], frozenset[Role] | set[Role]], ...]] = (
    ("hold", {"reason": "patient_away"}, WORKING),
    ("resume", {}, WORKING),
    ("cancel", {"reason": "duplicate"}, CANCELLING),
    ("cancel", {"reason": "deceased"}, {*CANCELLING, Role.CUSTOMER_SERVICE}),
    ("cancel", {"reason": "patient_declined"}, {*CANCELLING, Role.CUSTOMER_SERVICE}),
    ("amend", {"facts": {"patient.weight_kg": 70}}, CLINICAL),
    ("amend", {"facts": {"order.dose": "2 g"}}, CLINICAL),
    ("amend", {"facts": {"coverages[0].member_id": "M1"}}, COVERAGE),
    ("amend", {"facts": {"patient.phones": ["555 0100"]}}, CONTACT),
    ("amend", {"facts": {"patient.phones": ["555 0100"], "patient.weight_kg": 70}}, {Role.INTAKE_COORDINATOR}),
    ("override", OVERRIDE, {Role.SUPERVISOR}),
    ("approve", {"override_id": "override-1"}, {Role.SUPERVISOR}),
    ("break-glass", {"reason": "emergency"}, WORKING),
)
ANSWERS: Final[tuple[tuple[str, str, dict[str, Any], set[Role]], ...]] = (
    ("assess_patient", "pharmacist", {"outcome": "suitable_for_home"}, {Role.PHARMACIST}),
    ("settle_order", "pharmacist", {"outcome": "settled"}, {Role.PHARMACIST}),
    ("prepare_therapy", "pharmacist", {"outcome": "unavailable"}, {Role.PHARMACIST}),
    ("review_reaction", "pharmacist", {"outcome": "continue"}, {Role.PHARMACIST}),
    ("report_visit", "nurse", {"outcome": "missed"}, {Role.NURSE}),
    ("report_visit", "nurse", {"outcome": "missed", "on_word_of": "rn-1"}, {Role.NURSE, Role.NURSE_COORDINATOR}),
    ("place_visit", "nurse_coordinator", {"outcome": "suite"}, {Role.NURSE_COORDINATOR, Role.SUPERVISOR}),
)


@pytest.fixture
async def desk(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServedDesk]:
    # Without a relay no outcome comes: what the door lets through is answered 202.
    monkeypatch.setattr(actions, "PATIENCE", timedelta(milliseconds=1))
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        await served.desk.pool.execute(
            "INSERT INTO nurses (id, skills, states, login) VALUES"
            " ('rn-1', '{}', '{}', 'test-nurse'), ('rn-2', '{}', '{}', 'stranger')"
        )
        yield served


async def put(desk: ServedDesk, referral_id: str, kind: str, role: str, offered_to: str | None = None) -> str:
    item_id = f"{referral_id}-{kind}-1"
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, offered_to, opened_at, due_at)"
        " VALUES ($1, $2, $3, $4, $5, now(), now()) ON CONFLICT DO NOTHING",
        item_id,
        referral_id,
        kind,
        role,
        offered_to,
    )
    return item_id


async def who_may(desk: ServedDesk, path: str, body: dict[str, Any]) -> set[Role]:
    allowed = set()
    for role in Role:
        async with desk.as_staff(role) as person:
            answer = await person.post(path, json=body)
        assert answer.status_code in (200, 202, 403), (role, answer.text)
        if answer.status_code != 403:
            allowed.add(role)
    return allowed


async def test_every_act_of_steering_is_for_the_roles_of_the_table(desk: ServedDesk) -> None:
    for verb, body, roles in STEERING:
        path = f"/api/referrals/{await desk.refer()}/{verb}"
        assert await who_may(desk, path, body) == set(roles), (verb, body)


async def test_every_answer_is_for_the_roles_of_the_table(desk: ServedDesk) -> None:
    for kind, role, answer, roles in ANSWERS:
        nurse = "rn-1" if role == "nurse" else None
        item_id = await put(desk, await desk.refer(), kind, role, nurse)
        assert await who_may(desk, f"/api/work-items/{item_id}/resolve", answer) == set(roles), (kind, answer)


async def test_a_whole_new_version_is_judged_by_the_facts_that_it_changes(desk: ServedDesk) -> None:
    referral_id = await desk.refer(source_referral_id="R-whole", patient={"family_name": "Testperson"})
    path = f"/api/referrals/{referral_id}/amend"
    same = {"source_referral_id": "R-whole", "patient": {"family_name": "Testperson"}}
    assert await who_may(desk, path, same) == CLINICAL | COVERAGE | CONTACT
    moved = {**same, "patient": {**same["patient"], "address": {"city": "Peoria"}}}  # type: ignore[dict-item]
    assert await who_may(desk, path, moved) == CONTACT


async def test_facts_in_an_answer_are_judged_by_field(desk: ServedDesk) -> None:
    item_id = await put(desk, await desk.refer(), "contact_patient", "customer_service")
    path = f"/api/work-items/{item_id}/resolve"
    async with desk.as_staff(Role.CUSTOMER_SERVICE) as service:
        allergy = await service.post(path, json={"outcome": "reached", "facts": {"patient.allergies": "none_known"}})
        phone = await service.post(path, json={"outcome": "reached", "facts": {"patient.phones": ["555 0100"]}})
    assert (allergy.status_code, phone.status_code) == (403, 202)
    assert allergy.json()["detail"] == "facts: clinical facts are changed by intake coordinator, pharmacist"


async def test_a_nurse_cannot_cancel_a_strangers_referral_as_deceased(desk: ServedDesk, pool: Pool) -> None:
    referral_id = await desk.refer()
    async with desk.as_staff(Role.NURSE) as nurse:
        answer = await nurse.post(f"/api/referrals/{referral_id}/cancel", json={"reason": "deceased"})
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    stored = "SELECT count(*) FROM messages WHERE referral_id = $1 AND kind = 'cancel'"
    assert await pool.fetchval(stored, referral_id) == 0


async def test_a_nurse_does_only_her_own_visits(desk: ServedDesk) -> None:
    referral_id = await desk.refer()
    offer = await put(desk, referral_id, "confirm_visit", "nurse", "rn-1")
    report = await put(desk, referral_id, "report_visit", "nurse", "rn-1")
    async with desk.as_staff(Role.NURSE, subject="stranger") as stranger, desk.as_staff(Role.NURSE) as nurse:
        for item_id, answer in ((offer, {"outcome": "declined"}), (report, {"outcome": "missed"})):
            path = f"/api/work-items/{item_id}"
            assert (await stranger.post(f"{path}/claim")).status_code == 403
            assert (await stranger.post(f"{path}/resolve", json=answer)).status_code == 403
            assert (await nurse.post(f"{path}/resolve", json=answer)).status_code == 202


async def test_an_auditor_changes_nothing(desk: ServedDesk, pool: Pool) -> None:
    referral_id = await desk.refer()
    item_id = await put(desk, referral_id, "contact_patient", "customer_service")
    before = await pool.fetchval("SELECT count(*) FROM messages")
    tried = [(f"/api/referrals/{referral_id}/{verb}", body) for verb, body, _ in STEERING]
    tried += [(f"/api/work-items/{item_id}/{verb}", {}) for verb in ("claim", "release", "resolve", "snooze")]
    async with desk.as_staff(Role.AUDITOR) as auditor:
        answers = [await auditor.post(path, json=body) for path, body in tried]
    assert {answer.status_code for answer in answers} == {403}
    assert await pool.fetchval("SELECT count(*) FROM messages") == before
    assert await pool.fetchval("SELECT state FROM work_items WHERE id = $1", item_id) == "open"


async def test_what_is_sealed_for_a_nurse_names_the_nurses_of_the_login(desk: ServedDesk, pool: Pool) -> None:
    item_id = await put(desk, await desk.refer(), "confirm_visit", "nurse", "rn-1")
    async with desk.as_staff(Role.NURSE) as nurse:
        assert (await nurse.get("/api/whoami")).json()["nurses"] == ["rn-1"]
        answer = await nurse.post(f"/api/work-items/{item_id}/resolve", json={"outcome": "declined"})
    stored = await pool.fetchval("SELECT actor FROM messages WHERE id = $1", answer.json()["message_id"])
    assert stored["nurses"] == ["rn-1"]


async def test_a_report_names_no_nurse_that_the_roster_does_not_know(desk: ServedDesk) -> None:
    item_id = await put(desk, await desk.refer(), "report_visit", "nurse", "rn-1")
    async with desk.as_staff(Role.NURSE_COORDINATOR) as coordinator:
        body = {"outcome": "missed", "on_word_of": f"rn-{uuid4()}"}
        answer = await coordinator.post(f"/api/work-items/{item_id}/resolve", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, "on_word_of")
