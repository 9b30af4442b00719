"""Staff commands and `send` against a small desk of the contract's shape, over real HTTP."""

import io
import json
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import Response

from firstdose.adapters.webhooks import WebhookVerifier
from tests.integration.small_desk import SECRET, SmallDesk, desk, run, running

__all__ = ["desk", "run", "running"]

REFERRAL = "0190d0d0-0000-7000-8000-000000000001"
ITEM = f"{REFERRAL}-3"
CANARY = "CANARY-Maria-Hernandez"
PAST, FUTURE = "2020-01-01T00:00:00Z", (datetime.now(UTC) + timedelta(days=30, hours=12)).isoformat()

ROW = {
    "id": REFERRAL, "number": "FD-34679A", "source": "springfield-general",
    "outline": {"therapy": "antibiotic", "payer_id": "acme", "urgency": "stat"},
    "stage": "authorization", "closing": None, "authorization": "pended", "waiting_for": ["payer", "pharmacist"],
    "next_due": PAST, "on_hold": True, "visit_at": None, "blocked_by": ["therapy"], "created_at": PAST,
}  # fmt: skip
WORK_ITEM = {
    "id": ITEM, "referral_id": REFERRAL, "kind": "assess_patient", "role": "pharmacist", "state": "open",
    "asks": {"conditions": ["x"]}, "opened_at": PAST, "due_at": PAST, "level": 1,
}  # fmt: skip
SCHEMA = {
    "$defs": {"Suitability": {"enum": ["suitable", "unsuitable"]}},
    "required": ["outcome"],
    "properties": {
        "outcome": {"$ref": "#/$defs/Suitability"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    },
}
WHY = {
    "stage": "authorization", "on_hold": False, "waiting_for": ["payer"], "next_due": FUTURE, "closed_gates": ["kit"],
    "missing": {"dispatch": ["patient.phones"]},
    "payer": {"contact": "c", "payer": "acme", "since": PAST, "clock": {"rule": "ma-standard"}},
    "work_items": [
        {"item": ITEM, "kind": "assess_patient", "role": "pharmacist", "assignee": None, "due_at": PAST, "level": 3,
         "escalates_at": None},
    ],
}  # fmt: skip


def test_list_shows_every_page_and_marks_what_is_overdue(desk: SmallDesk, run: Any) -> None:
    desk.will_answer("/api/referrals", {"items": [ROW], "cursor": "next"})
    desk.will_answer("/api/referrals", {"items": [{**ROW, "number": "FD-CCCCCC"}], "cursor": None})
    ran = run("list", "--stage", "authorization", "--waiting-for", "payer", "--overdue")
    assert ran.code == 0
    for shown in ("FD-34679A", "FD-CCCCCC", "authorization (on hold)", "antibiotic", "payer, pharmacist", "overdue"):
        assert shown in ran.out
    first, second = (request.query_params for request, _ in desk.asked)
    assert dict(first) == {"stage": "authorization", "waiting_for": "payer", "overdue": "true", "limit": "50"}
    assert second["cursor"] == "next"


def test_list_stops_at_the_limit(desk: SmallDesk, run: Any) -> None:
    desk.will_answer("/api/referrals", {"items": [ROW, ROW], "cursor": "next"})
    assert len(json.loads(run("list", "--limit", "1", "--json").out)) == 1
    assert len(desk.asked) == 1


def test_show_tells_standing_lines_work_and_facts(desk: SmallDesk, run: Any) -> None:
    facts = {"patient": {"given_name": "Ann", "phones": ["1"], "email": None}, "coverages": [{"member_id": "M1"}]}
    line = {"sequence": 1, "code": "J0696", "units": 10, "state": "approved", "number": "A-1"}
    answer = {"standing": ROW, "lines": [line], "work_items": [WORK_ITEM], "team": {"pharmacist": "u1"}, "facts": facts}
    desk.will_answer(f"/api/referrals/{REFERRAL}", answer)
    ran = run("show", f"referral-{REFERRAL}")
    for shown in ("J0696", "A-1", ITEM, "pharmacist: u1", "patient.given_name", "coverages[0].member_id", "M1"):
        assert shown in ran.out
    assert "email" not in ran.out


@pytest.mark.parametrize("named", ["FD-34679A", "fd 34679a", "0190d0d0"])
def test_a_referral_is_named_by_its_number_or_the_beginning_of_its_id(desk: SmallDesk, run: Any, named: str) -> None:
    desk.will_answer("/api/referrals", {"items": [ROW], "cursor": None})
    desk.will_answer(f"/api/referrals/{REFERRAL}", {"standing": ROW, "facts": None})
    assert run("show", named).code == 0
    asked = desk.asked[0][0].query_params["q"]
    assert asked == ("0190d0d0" if named == "0190d0d0" else "FD-34679A")


def test_a_sources_number_that_looks_like_an_id_names_no_referral_here(desk: SmallDesk, run: Any) -> None:
    desk.will_answer("/api/referrals", {"items": [ROW], "cursor": None})
    ran = run("cancel", "12345678", "--reason", "withdrawn")
    assert (ran.code, len(desk.asked)) == (1, 1)
    assert "no referral is named" in ran.err


@pytest.mark.parametrize(("found", "said"), [(0, "no referral is named"), (2, "several referrals begin with")])
def test_what_names_no_single_referral_is_refused(desk: SmallDesk, run: Any, found: int, said: str) -> None:
    desk.will_answer("/api/referrals", {"items": [ROW] * found, "cursor": None})
    ran = run("cancel", "0190d0", "--reason", "withdrawn")
    assert (ran.code, len(desk.asked)) == (1, 1)
    assert said in ran.err


def test_show_of_a_shredded_referral(desk: SmallDesk, run: Any) -> None:
    desk.will_answer(f"/api/referrals/{REFERRAL}", {"standing": ROW, "facts": None})
    assert "shredded" in run("show", REFERRAL).out


def test_timeline(desk: SmallDesk, run: Any) -> None:
    entry = {
        "at": PAST,
        "what": "work_item.opened",
        "actor": "system",
        "details": {"kind": "appeal"},
        "note": "said so",
    }
    desk.will_answer(f"/api/referrals/{REFERRAL}/timeline", [entry])
    ran = run("timeline", REFERRAL)
    for shown in ("work_item.opened", "system", "kind: appeal", "said so"):
        assert shown in ran.out


def test_why_names_the_owner_and_when_it_escalates(desk: SmallDesk, run: Any) -> None:
    desk.will_answer(f"/api/referrals/{REFERRAL}/why", WHY)
    ran = run("why", REFERRAL)
    for shown in (
        "kit",
        "missing for dispatch",
        "patient.phones",
        "acme has the request",
        "any pharmacist",
        "never again",
    ):
        assert shown in ran.out
    assert "in 30 d" in ran.out


@pytest.mark.parametrize("verb", ["show", "why"])
def test_what_stands_still_comes_first(desk: SmallDesk, run: Any, verb: str) -> None:
    found = {"kind": "activity_failing", "what": "verify_benefits", "problem": "payer_unavailable", "attempts": 6}
    stall = {**found, "since": PAST, "meaning": "A step fails each time.", "action": "Run this command."}
    path = f"/api/referrals/{REFERRAL}" + ("" if verb == "show" else f"/{verb}")
    answer = {"standing": ROW, "facts": None} if verb == "show" else WHY
    desk.will_answer(path, {**answer, "stalls": [stall], "temporal": "ok"})
    ran = run(verb, REFERRAL)
    for shown in ("A step fails each time.", "verify_benefits: payer_unavailable, tried 6 times, for ", "Run this"):
        assert shown in ran.out
    assert ran.out.index("A step fails each time.") < ran.out.index("Authorization" if verb == "show" else "waits for")


def test_why_says_that_temporal_does_not_answer(desk: SmallDesk, run: Any) -> None:
    desk.will_answer(f"/api/referrals/{REFERRAL}/why", {**WHY, "stalls": [], "temporal": "away"})
    assert "Temporal does not answer" in run("why", REFERRAL).out
    desk.will_answer(f"/api/referrals/{REFERRAL}/why", {**WHY, "stalls": [], "temporal": "ok"})
    assert "Temporal" not in run("why", REFERRAL).out


@pytest.mark.parametrize("verb", ["show", "why"])
def test_json_is_what_the_desk_answered(desk: SmallDesk, run: Any, verb: str) -> None:
    path = f"/api/referrals/{REFERRAL}" + ("" if verb == "show" else f"/{verb}")
    desk.will_answer(path, {"standing": ROW, "new": "field"})
    assert json.loads(run(verb, REFERRAL, "--json").out) == {"standing": ROW, "new": "field"}


def test_work_of_a_role(desk: SmallDesk, run: Any) -> None:
    desk.will_answer("/api/work-items", {"items": [WORK_ITEM], "cursor": None})
    ran = run("work", "--role", "pharmacist", "--overdue", "--as", "pharmacist")
    assert ITEM in ran.out
    assert dict(desk.request.query_params) == {"role": "pharmacist", "overdue": "true", "limit": "50"}
    assert desk.request.headers["authorization"] == "Bearer p-token"


def test_resolve_sends_the_file_and_schema_shows_the_shape(desk: SmallDesk, run: Any, tmp_path: Path) -> None:
    desk.will_answer(f"/api/work-items/{ITEM}", {**WORK_ITEM, "resolution_schema": SCHEMA})
    assert "suitable | unsuitable" in run("resolve", ITEM, "--schema").out
    (tmp_path / "answer.json").write_text('{"outcome": "suitable"}')
    desk.will_answer(f"/api/work-items/{ITEM}/resolve", {"state": "applied"}, 202)
    assert run("resolve", ITEM, "--file", str(tmp_path / "answer.json")).code == 0
    assert desk.body == {"outcome": "suitable"}


def test_data_comes_from_standard_input_too(desk: SmallDesk, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = io.TextIOWrapper(io.BytesIO(b'{"outcome": "suitable"}'))
    monkeypatch.setattr("sys.stdin", typed)
    desk.will_answer(f"/api/work-items/{ITEM}/resolve", {"state": "applied"})
    assert run("resolve", ITEM, "--file", "-").code == 0
    assert desk.body == {"outcome": "suitable"}


@pytest.mark.parametrize("verb", ["claim", "release"])
def test_claim_and_release(desk: SmallDesk, run: Any, verb: str) -> None:
    desk.will_answer(f"/api/work-items/{ITEM}/{verb}", {**WORK_ITEM, "state": "claimed"})
    assert run(verb, ITEM).out == f"{verb}: done\n"


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        (("hold", "--reason", "hospitalized"), {"reason": "hospitalized"}),
        (("resume",), {}),
        (("cancel", "--reason", "not-covered"), {"reason": "not_covered"}),
        (
            ("override", "--gate", "authorization", "--reason", "emergency", "--until", "2026-12-01T08:00:00+00:00"),
            {"gate": "authorization", "reason": "emergency", "until": "2026-12-01T08:00:00+00:00"},
        ),
    ],
)
def test_steering(desk: SmallDesk, run: Any, arguments: tuple[str, ...], body: Any) -> None:
    verb, *rest = arguments
    desk.will_answer(f"/api/referrals/{REFERRAL}/{verb}", {"id": None})
    assert run(verb, REFERRAL, *rest).code == 0
    assert desk.body == body
    assert desk.request.headers["authorization"] == "Bearer s-token"
    assert desk.request.headers["idempotency-key"]


def test_an_action_that_is_still_on_its_way_says_so(desk: SmallDesk, run: Any) -> None:
    desk.will_answer(f"/api/referrals/{REFERRAL}/resume", {"status": "pending", "message_id": "m"}, 202)
    ran = run("resume", REFERRAL)
    assert (ran.code, ran.out) == (0, "resume: stored; it is applied as soon as the process answers\n")


def test_override_names_what_another_supervisor_approves(desk: SmallDesk, run: Any) -> None:
    desk.will_answer(f"/api/referrals/{REFERRAL}/override", {"status": "applied", "message_id": "m", "id": "o-7"})
    ran = run("override", REFERRAL, "--gate", "authorization", "--reason", "emergency")
    assert f"firstdose approve {REFERRAL} o-7" in ran.out


def test_a_conflict_tells_how_things_stand(desk: SmallDesk, run: Any) -> None:
    problem = {"title": "Conflict", "work_item": {**WORK_ITEM, "state": "claimed", "assignee": "u2"}}
    desk.will_answer(f"/api/work-items/{ITEM}/claim", problem, 409)
    ran = run("claim", ITEM)
    assert (ran.code, ran.err) == (1, "firstdose: Conflict; it is claimed by u2\n")


def test_a_hold_until_has_an_offset(desk: SmallDesk, run: Any) -> None:
    desk.will_answer(f"/api/referrals/{REFERRAL}/hold", {})
    run("hold", REFERRAL, "--reason", "patient-away", "--until", "2027-01-01T08:00")
    assert datetime.fromisoformat(desk.body["until"]).tzinfo


def test_a_problem_is_one_line_with_its_fields(desk: SmallDesk, run: Any) -> None:
    problem = {
        "title": "Unprocessable Content", "status": 422, "detail": "some values are not acceptable",
        "errors": [{"path": "order.dose", "problem": "missing"}, {"path": "patient.sex", "problem": "unknown"}],
    }  # fmt: skip
    desk.will_answer(f"/api/referrals/{REFERRAL}/resume", problem, 422)
    ran = run("resume", REFERRAL)
    assert ran.code == 1
    assert ran.err == (
        "firstdose: Unprocessable Content: some values are not acceptable "
        "(order.dose: missing; patient.sex: unknown)\n"
    )  # fmt: skip


def test_an_unknown_token_says_what_to_do(desk: SmallDesk, run: Any) -> None:
    desk.will_answer("/api/referrals", {"title": "Unauthorized", "detail": "the token is not valid"}, 401)
    ran = run("list")
    assert ran.code == 1
    assert "firstdose login" in ran.err


def test_an_overloaded_desk_is_not_reachable(desk: SmallDesk, run: Any) -> None:
    desk.will_answer("/api/referrals", {"title": "Service Unavailable"}, 503, retry_after="2")
    ran = run("list")
    assert (ran.code, ran.err) == (3, "firstdose: Service Unavailable; try again in 2 s\n")


def test_no_desk_is_3(desk: SmallDesk, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("FIRSTDOSE_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("FIRSTDOSE_TOKEN", "mine")
    ran = run("list")
    assert ran.code == 3
    assert "firstdose dev" in ran.err


def test_what_is_no_desk_is_said_to_be_none(desk: SmallDesk, run: Any) -> None:
    desk.answers["/api/referrals"] = [Response("<html>")]
    assert run("list").code == 1


def verified(desk: SmallDesk) -> bytes:
    """The body that the desk got, proven to come from the source."""
    request, body = desk.asked[-1]
    WebhookVerifier([SECRET]).verify(body, dict(request.headers), now=datetime.now(UTC))
    return body


@pytest.fixture
def accepting(desk: SmallDesk) -> SmallDesk:
    path = "/webhooks/referrals/springfield-general"
    desk.will_answer(path, {"referral_id": REFERRAL, "status": "accepted"}, 202)
    return desk


def test_send_signs_a_bare_referral_in_its_envelope(accepting: SmallDesk, run: Any, tmp_path: Path) -> None:
    (tmp_path / "referral.json").write_text(json.dumps({"patient": {"family_name": CANARY}}))
    ran = run("send", str(tmp_path / "referral.json"))
    assert (ran.code, ran.out) == (0, f"{REFERRAL} accepted\n")
    sent = json.loads(verified(accepting))
    assert (sent["type"], sent["data"]["patient"]["family_name"]) == ("referral.received", CANARY)
    assert datetime.fromisoformat(sent["timestamp"]).tzinfo
    assert "authorization" not in accepting.request.headers


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b'{"type": "referral.cancelled", "data": {}}', "application/json"),
        (b'{"resourceType": "Bundle"}', "application/fhir+json"),
        (b"MSH|^~\\&|X\rPID|1\r", "application/hl7-v2"),
    ],
)
def test_send_leaves_a_whole_message_as_it_is(
    accepting: SmallDesk, run: Any, tmp_path: Path, content: bytes, content_type: str
) -> None:
    (tmp_path / "message").write_bytes(content)
    assert run("send", str(tmp_path / "message"), "--source", "springfield-general").code == 0
    assert verified(accepting) == content
    assert accepting.request.headers["content-type"] == content_type


def test_send_echoes_nothing_of_what_it_cannot_read(desk: SmallDesk, run: Any, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text(f'{{"patient": "{CANARY}')
    ran = run("send", str(tmp_path / "broken.json"))
    assert ran.code == 2
    assert CANARY not in ran.err + ran.out
    assert desk.asked == []


def test_send_from_an_unknown_source(desk: SmallDesk, run: Any, tmp_path: Path) -> None:
    (tmp_path / "referral.json").write_text("{}")
    ran = run("send", str(tmp_path / "referral.json"), "--source", "nobody")
    assert ran.code == 2
    assert "springfield-general" in ran.err
