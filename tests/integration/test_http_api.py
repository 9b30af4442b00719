"""The staff's API over a real socket: who may do what, what a wrong answer is told, and what stays sealed."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest
from google.protobuf import json_format
from joserfc.jwk import ECKey
from temporalio.api.common.v1 import Payload

from desk.http import actions
from firstdose.adapters.payload_codec import SealingCodec
from firstdose.adapters.postgres.ids import new_id
from firstdose.adapters.postgres.payers.authorization_requests import keep_requests
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.domain.authorization.requests import RequestEvent
from firstdose.domain.clock.clocks import Clock
from firstdose.domain.clock.state import paused
from firstdose.domain.work.role import Role
from firstdose.payer_ports import Contact, ContactPurpose
from tests.served_desk import KEY, ServedDesk, served_desk, settings_for, token

CANARY: Final = "CANARY-Hernandez"
WEB_UI: Final = "http://127.0.0.1:8233"
STRANGER: Final = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256", "kid": str(KEY.kid)})
NOW: Final = datetime.now(UTC)
YESTERDAY: Final = NOW - timedelta(days=1)


@pytest.fixture
async def desk(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ServedDesk]:
    # Without a relay no outcome comes; nobody needs to wait for it.
    monkeypatch.setattr(actions, "PATIENCE", timedelta(milliseconds=20))
    async with served_desk(settings_for(dsn, tmp_path, temporal_ui_origin=WEB_UI)) as served:
        yield served


async def with_item(desk: ServedDesk, kind: str, role: str) -> tuple[str, str]:
    """A referral and an open work item of it, by their ids."""
    referral_id = await desk.refer(patient={"family_name": CANARY})
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, opened_at, due_at) VALUES ($1, $2, $3, $4, now(), now())",
        f"{referral_id}-1",
        referral_id,
        kind,
        role,
    )
    return referral_id, f"{referral_id}-1"


async def get(desk: ServedDesk, path: str, bearer: str | None, **headers: str) -> httpx2.Response:
    async with httpx2.AsyncClient(base_url=desk.url) as client:
        sent = {**headers, **({"authorization": f"Bearer {bearer}"} if bearer is not None else {})}
        return await client.get(path, headers=sent)


@pytest.mark.parametrize(
    "bearer",
    [
        None,
        "x",
        "a.b.c",
        "x" * 10_000,
        token(Role.NURSE, exp=YESTERDAY),
        token(Role.NURSE, iss="https://another.example"),
        token(Role.NURSE, aud="another"),
        token(Role.NURSE, sub=""),
        token(Role.NURSE, sub=7),
        token(Role.NURSE, nbf=datetime.now(UTC) + timedelta(hours=1)),
        token(Role.NURSE, key=STRANGER),
        token(Role.NURSE).rpartition(".")[0] + ".",
    ],
)
async def test_a_token_that_proves_nothing_is_refused(desk: ServedDesk, bearer: str | None) -> None:
    answer = await get(desk, "/api/referrals", bearer)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"


async def test_roles_that_nobody_knows_allow_nothing(desk: ServedDesk) -> None:
    assert (await get(desk, "/api/referrals", token(roles=["admin", 7], sub="x"))).status_code == 403


async def test_who_has_signed_in_is_known(desk: ServedDesk, pool: Pool) -> None:
    answer = await get(desk, "/api/whoami", token(Role.NURSE, subject="nurse-1"))
    assert answer.json() == {"id": "nurse-1", "roles": ["nurse"], "kind": "staff"}
    assert await pool.fetchval("SELECT roles FROM staff WHERE subject = 'nurse-1'") == ["nurse"]


async def test_an_auditor_reads_but_sees_no_facts_and_changes_nothing(desk: ServedDesk) -> None:
    referral_id, item_id = await with_item(desk, "place_visit", "nurse_coordinator")
    async with desk.as_staff(Role.AUDITOR) as auditor:
        seen = await auditor.get(f"/api/referrals/{referral_id}")
        held = await auditor.post(f"/api/referrals/{referral_id}/hold", json={"reason": "hospitalized"})
        claimed = await auditor.post(f"/api/work-items/{item_id}/claim")
    assert (seen.status_code, seen.json()["facts"]) == (200, None)
    assert CANARY not in seen.text
    assert (held.status_code, claimed.status_code) == (403, 403)


async def test_whoever_sees_facts_is_in_the_audit(desk: ServedDesk, pool: Pool) -> None:
    referral_id = await desk.refer(patient={"family_name": CANARY})
    async with desk.as_staff(Role.SUPERVISOR, subject="rosa") as supervisor:
        assert CANARY in (await supervisor.get(f"/api/referrals/{referral_id}")).text
    read = await pool.fetchval("SELECT actor FROM audit WHERE chain = $1 AND action = 'facts_read'", referral_id)
    assert read == "staff:rosa"


async def test_a_list_goes_on_where_its_cursor_says_and_has_no_facts(desk: ServedDesk) -> None:
    sent = {await desk.refer(patient={"family_name": CANARY}) for _ in range(3)}
    found: set[str] = set()
    async with desk.as_staff(Role.NURSE) as nurse:
        query: dict[str, Any] = {"limit": 2}
        while True:
            page = await nurse.get("/api/referrals", params=query)
            assert CANARY not in page.text
            found |= {each["id"] for each in page.json()["items"]}
            if page.json()["cursor"] is None:
                break
            query["cursor"] = page.json()["cursor"]
    assert found == sent


async def test_an_answers_facts_and_notes_are_sealed_and_the_rest_is_for_the_workflow(
    desk: ServedDesk, pool: Pool
) -> None:
    _, item_id = await with_item(desk, "complete_referral", "intake_coordinator")
    told = {"outcome": "supplied", "facts": {"patient.given_name": CANARY}, "note": CANARY}
    async with desk.as_staff(Role.INTAKE_COORDINATOR) as coordinator:
        answer = await coordinator.post(f"/api/work-items/{item_id}/resolve", json=told)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    body = await pool.fetchval("SELECT body FROM messages WHERE id = $1", answer.json()["message_id"])
    assert body == {"item_id": item_id, "resolution": {"outcome": "supplied"}, "groups": ["coverage"]}
    async with pool.acquire() as connection:
        sealed = await desk.desk.messages.sealed_part(connection, answer.json()["message_id"])
    assert sealed == {"facts": {"patient.given_name": CANARY}, "note": CANARY}


def submitted(contact: str, clock: Clock | None, *lines: int) -> dict[str, Any]:
    kept = clock.model_dump(mode="json", exclude={"answered_at"}) if clock else None
    return {"contact": contact, "payer": "summit", "channel": "pas", "lines": lines, "clock": kept}


async def test_each_line_shows_what_was_asked_and_given_by_which_request_and_clock(desk: ServedDesk) -> None:
    order = {"requested_start": "2026-12-01", "duration_days": 14}
    referral_id = await desk.refer(order=order)
    electronic, by_hand = new_id(), new_id()
    clock = Clock(rule="Acme's own", version="4", citation="manual", started_at=YESTERDAY, due_at=YESTERDAY, tolls=True)
    still = paused(clock.model_copy(update={"due_at": NOW + timedelta(days=2)}), YESTERDAY)
    granted = {"authorized_units": 7, "valid_from": "2026-12-01", "valid_to": "2026-12-07", "state": "partial"}
    line = {"kind": "drug", "code": "J0696", "place_of_service": "12", "units": 14, "contact": electronic}
    await desk.desk.pool.execute(
        "UPDATE referrals SET waiting_for = '{payer}', lines = $2 WHERE id = $1",
        referral_id,
        [{**line, **granted, "sequence": 1}, {**line, "sequence": 2, "state": "submitted", "contact": by_hand}],
    )
    await desk.desk.contacts.begin(
        Contact(
            id=electronic,
            referral_id=referral_id,
            payer="summit",
            purpose=ContactPurpose.AUTHORIZATION,
            trace="T1",
            created_at=NOW,
        )
    )
    async with transaction(desk.desk.pool) as connection:
        for action, details in (
            ("authorization.submitted", submitted(electronic, clock, 1)),
            ("authorization.lines", {"by": "payer", "lines": {"1": "partial"}}),
            ("authorization.submitted", submitted(by_hand, still, 2)),
        ):
            await keep_requests(connection, referral_id, RequestEvent(YESTERDAY, action, details))
    async with desk.as_staff(Role.SUPERVISOR) as supervisor, desk.as_staff(Role.AUDITOR) as auditor:
        seen = (await supervisor.get(f"/api/referrals/{referral_id}")).json()
        why = (await supervisor.get(f"/api/referrals/{referral_id}/why")).json()
        audited = (await auditor.get(f"/api/referrals/{referral_id}")).json()
    assert [(each["differs"], each["contact"]) for each in seen["lines"]] == [
        (["units", "period"], electronic),
        ([], by_hand),
    ]
    answered_at, unanswered = (each["answered_at"] for each in seen["lines"])
    assert (datetime.fromisoformat(answered_at), unanswered) == (YESTERDAY, None)
    assert (seen["requested"], audited["requested"]) == ({"first": "2026-12-01", "last": "2026-12-14"}, None)
    carried, waiting = seen["requests"]
    assert (carried["channel"], carried["trace"], carried["clock"]["phase"]) == ("pas", "T1", "met")
    assert (waiting["trace"], waiting["decided_at"], waiting["clock"]["phase"]) == (None, None, "paused")
    assert datetime.fromisoformat(waiting["clock"]["paused_since"]) == YESTERDAY
    assert (why["payer"]["contact"], why["payer"]["clock"]["citation"]) == (by_hand, "manual")
    assert why["payers"] == [why["payer"]]


@pytest.mark.parametrize(
    ("told", "path"),
    [
        ({}, "outcome"),
        ({"outcome": CANARY}, "outcome"),
        ({"outcome": "supplied", "facts": CANARY}, "facts"),
        ({"outcome": "supplied", "facts": {"patient.birth_date": CANARY}}, "facts.patient.birth_date"),
        ({"outcome": "supplied", "facts": {"patient.shoe_size": 42}}, "facts"),
        ({"outcome": "supplied", CANARY: 1}, "<unknown field>"),
    ],
)
async def test_a_wrong_answer_is_told_its_fields_and_not_its_values(
    desk: ServedDesk, told: dict[str, Any], path: str
) -> None:
    _, item_id = await with_item(desk, "complete_referral", "intake_coordinator")
    async with desk.as_staff(Role.INTAKE_COORDINATOR) as coordinator:
        answer = await coordinator.post(f"/api/work-items/{item_id}/resolve", json=told)
    assert answer.status_code == 422
    assert [each["path"] for each in answer.json()["errors"]] == [path]
    assert CANARY not in answer.text


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/api/referrals/{referral}/hold", {"reason": "hospitalized", CANARY: 1}),
        ("/api/work-items/{item}/snooze", {"until": "2199-01-01T00:00:00Z", CANARY: {"x": 1}}),
    ],
)
async def test_a_value_in_the_place_of_a_name_is_not_repeated(
    desk: ServedDesk, path: str, told: dict[str, Any]
) -> None:
    referral_id, item_id = await with_item(desk, "complete_referral", "intake_coordinator")
    async with desk.as_staff(Role.INTAKE_COORDINATOR) as coordinator:
        answer = await coordinator.post(path.format(referral=referral_id, item=item_id), json=told)
    assert answer.status_code == 422
    assert "<unknown field>" in [each["path"] for each in answer.json()["errors"]]
    assert CANARY not in answer.text


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
async def test_texts_that_the_database_cannot_hold_are_refused_at_the_door(desk: ServedDesk, text: str) -> None:
    _, item_id = await with_item(desk, "answer_information_request", "reimbursement_specialist")
    async with desk.as_staff(Role.REIMBURSEMENT_SPECIALIST) as specialist:
        body = json.dumps({"outcome": "sent", "documents": [text]})
        headers = {"content-type": "application/json"}
        answer = await specialist.post(f"/api/work-items/{item_id}/resolve", content=body, headers=headers)
    assert answer.status_code == 422


async def test_an_item_is_one_persons_once_it_is_claimed(desk: ServedDesk) -> None:
    _, item_id = await with_item(desk, "place_visit", "nurse_coordinator")
    path = f"/api/work-items/{item_id}"
    async with (
        desk.as_staff(Role.NURSE_COORDINATOR, subject="one") as one,
        desk.as_staff(Role.NURSE_COORDINATOR, subject="two") as two,
        desk.as_staff(Role.PHARMACIST) as pharmacist,
    ):
        claims = await asyncio.gather(one.post(f"{path}/claim"), two.post(f"{path}/claim"))
        assert sorted(answer.status_code for answer in claims) == [200, 409]
        loser = two if claims[0].status_code == 200 else one
        refused = await loser.post(f"{path}/resolve", json={"outcome": "not_possible"})
        assert (refused.status_code, refused.json()["work_item"]["state"]) == (409, "claimed")
        assert (await pharmacist.post(f"{path}/claim")).status_code == 403
        assert (await pharmacist.post(f"{path}/resolve", json={"outcome": "not_possible"})).status_code == 403
        schema = (await one.get(path)).json()["resolution_schema"]
    assert schema["properties"]["outcome"]["enum"] == ["placed", "suite", "not_possible"]


async def test_an_offered_visit_is_answered_by_the_nurse_it_was_offered_to(desk: ServedDesk) -> None:
    _, item_id = await with_item(desk, "confirm_visit", "nurse")
    await desk.desk.pool.execute("INSERT INTO nurses (id, skills, states, login) VALUES ('rn-1', '{}', '{}', 'one')")
    await desk.desk.pool.execute("UPDATE work_items SET offered_to = 'rn-1'")
    answers = {}
    for subject in ("one", "two"):
        async with desk.as_staff(Role.NURSE, subject=subject) as nurse:
            answers[subject] = await nurse.post(f"/api/work-items/{item_id}/resolve", json={"outcome": "declined"})
    assert {subject: answer.status_code for subject, answer in answers.items()} == {"one": 202, "two": 403}
    assert answers["two"].json()["detail"] == "the visit is another nurse's, or the roster does not know your login"


async def test_an_amendment_must_be_about_the_same_referral(desk: ServedDesk) -> None:
    referral_id = await desk.refer(source_referral_id="R-one")
    path = f"/api/referrals/{referral_id}/amend"
    async with desk.as_staff(Role.INTAKE_COORDINATOR) as coordinator:
        other = await coordinator.post(path, json={"source_referral_id": "R-two"})
        wrong = await coordinator.post(path, json={"source_referral_id": "R-one", "order": {"therapy": CANARY}})
        facts = await coordinator.post(path, json={"facts": {"patient.weight_kg": 71}})
        whole = await coordinator.post(path, json={"source_referral_id": "R-one", "urgency": "stat"})
    assert [answer.status_code for answer in (other, wrong, facts, whole)] == [422, 422, 202, 202]
    assert wrong.json()["errors"][0]["path"] == "order.therapy"


async def test_gates_are_overridden_by_supervisors_alone(desk: ServedDesk) -> None:
    referral_id = await desk.refer()
    path, wanted = f"/api/referrals/{referral_id}", {"gate": "authorization", "reason": "discharge_today"}
    async with desk.as_staff(Role.NURSE) as nurse, desk.as_staff(Role.SUPERVISOR) as supervisor:
        refused = [
            await nurse.post(f"{path}/override", json=wanted),
            await nurse.post(f"{path}/approve", json={"override_id": "x"}),
        ]
        asked = await supervisor.post(f"{path}/override", json=wanted)
    assert [answer.status_code for answer in refused] == [403, 403]
    assert (asked.status_code, asked.json()["id"]) == (202, asked.json()["message_id"])


async def test_what_is_not_there_is_not_found(desk: ServedDesk) -> None:
    nowhere = "00000000-0000-7000-8000-000000000000"
    async with desk.as_staff(Role.SUPERVISOR) as supervisor:
        for path in (f"/api/referrals/{nowhere}", f"/api/referrals/{nowhere}/why", "/api/work-items/x", "/nowhere"):
            assert (await supervisor.get(path)).status_code == 404
        assert (await supervisor.post(f"/api/referrals/{nowhere}/resume")).status_code == 404


async def test_payloads_are_opened_for_staff_and_the_audit_knows_which(desk: ServedDesk, pool: Pool) -> None:
    codec = SealingCodec(desk.desk.keyring).for_workflow("referral-1")
    payloads = await codec.encode([Payload(metadata={"encoding": b"json/plain"}, data=b'"7"')] * 2)
    sealed = {"payloads": [json_format.MessageToDict(each) for each in payloads]}
    plain = {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "Ijci"}] * 2}
    headers = {"origin": WEB_UI}
    async with desk.as_staff(Role.SUPERVISOR, subject="rosa") as supervisor:
        opened = await supervisor.post("/codec/decode", json=sealed, headers=headers)
        broken = await supervisor.post("/codec/decode", content=b"{", headers=headers)
    assert opened.json() == plain
    assert opened.headers["access-control-allow-origin"] == WEB_UI
    assert (broken.status_code, broken.headers["access-control-allow-origin"]) == (400, WEB_UI)
    [record] = await pool.fetch("SELECT actor, action, details FROM audit WHERE chain = 'system'")
    assert (record["actor"], record["action"]) == ("staff:rosa", "payloads_decoded")
    assert record["details"] == {"workflows": {"referral-1": 2}, "payloads": 2, "bytes": len(opened.content)}


@pytest.mark.parametrize("origin", [WEB_UI, "https://evil.example"])
@pytest.mark.parametrize("path", ["/codec/decode", "/codec/encode"])
async def test_only_the_web_ui_may_read_across_origins(desk: ServedDesk, path: str, origin: str) -> None:
    async with httpx2.AsyncClient(base_url=desk.url) as client:
        preflight = await client.options(path, headers={"origin": origin, "access-control-request-method": "POST"})
        unidentified = await client.post(path, json={"payloads": []}, headers={"origin": origin})
    assert preflight.headers.get("access-control-allow-origin") == (WEB_UI if origin == WEB_UI else None)
    assert unidentified.status_code == 401


async def test_a_local_stacks_web_ui_needs_no_token_and_nobody_else_is_let_in(dsn: str, tmp_path: Path) -> None:
    settings = settings_for(dsn, tmp_path, temporal_ui_origin=WEB_UI, codec_trusts_loopback=True)
    async with served_desk(settings) as desk, httpx2.AsyncClient(base_url=desk.url) as client:
        statuses = [
            (await client.post("/codec/decode", json={"payloads": []}, headers=headers)).status_code
            for headers in (
                {"origin": WEB_UI},
                {},
                {"origin": "null"},
                {"origin": WEB_UI, "x-forwarded-for": "8.8.8.8"},
            )
        ]
    assert statuses == [200, 401, 401, 401]


async def test_readiness_knows_database_and_temporal(desk: ServedDesk) -> None:
    answer = await get(desk, "/readyz", None)
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "database": "ok", "temporal": "away"}


async def test_metrics_and_answers_carry_nothing_from_outside(desk: ServedDesk) -> None:
    await get(desk, f"/{CANARY}", None)
    await get(desk, f"/api/referrals/{CANARY}?q={CANARY}", token(Role.NURSE))
    metrics = await get(desk, "/metrics", None)
    assert 'route="/api/referrals/{referral_id}"' in metrics.text
    assert CANARY not in metrics.text
    assert "default-src 'none'" in metrics.headers["content-security-policy"]


async def test_several_items_are_given_or_put_away_at_once_each_by_itself(desk: ServedDesk) -> None:
    _, mine = await with_item(desk, "place_visit", "nurse_coordinator")
    _, other = await with_item(desk, "assess_patient", "pharmacist")
    async with desk.as_staff(Role.NURSE_COORDINATOR, subject="one") as one:
        await one.get("/api/work-items")
        given = await one.post("/api/work-items/assign", json={"items": [mine, other], "assignee": "one"})
        assert [(each["item"], each["done"]) for each in given.json()] == [(mine, True), (other, False)]
        assert "for the role pharmacist" in given.json()[1]["problem"]
        later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        away = await one.post("/api/work-items/snooze", json={"items": [mine, "no-such"], "until": later})
        assert [each["done"] for each in away.json()] == [True, False]
        single = await one.post(f"/api/work-items/{mine}/assign", json={"assignee": "nobody"})
        assert single.status_code == 403
