"""`show` without a part in the referral says what to do, and `break-glass` does it."""

import io
from types import SimpleNamespace
from typing import Any

import pytest

from tests.integration.small_desk import SmallDesk, desk, run, running
from tests.integration.test_cli_desk import CANARY, ITEM, REFERRAL, WORK_ITEM

__all__ = ["desk", "run", "running"]

PATH = f"/api/referrals/{REFERRAL}/break-glass"
WAY = {"method": "POST", "path": PATH, "reasons": ["emergency", "covering"], "minutes": 60}
GRANTED = {"referral_id": REFERRAL, "reason": "covering", "until": "2026-12-01T10:00:00Z"}


@pytest.mark.parametrize("verb", ["show", "timeline", "documents"])
def test_who_has_no_part_is_told_the_command(desk: SmallDesk, run: Any, verb: str) -> None:
    path = f"/api/referrals/{REFERRAL}" + ("" if verb == "show" else f"/{verb}")
    desk.will_answer(
        path, {"title": "Forbidden", "detail": "you have no part in this referral", "break_glass": WAY}, 403
    )
    ran = run(verb, REFERRAL)
    assert ran.code == 1
    assert "no part in this referral" in ran.err
    assert "`firstdose break-glass ID --reason R`" in ran.err
    assert "emergency, covering" in ran.err
    assert ran.err.count("\n") == 1


def test_the_glass_is_broken_with_a_reason_and_a_note_from_a_file(
    desk: SmallDesk, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        desk.will_answer(PATH, GRANTED)
    assert "this is audited" in run("break-glass", REFERRAL, "--reason", "covering").out
    assert desk.body == {"reason": "covering"}
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(f"{CANARY} called\n".encode())))
    ran = run("break-glass", REFERRAL, "--reason", "covering", "--file", "-", "--as", "pharmacist", "--json")
    assert desk.body == {"reason": "covering", "note": f"{CANARY} called"}
    assert desk.request.headers["authorization"] == "Bearer p-token"
    assert CANARY not in ran.out
    assert '"until"' in ran.out


def test_without_a_known_reason_nothing_is_asked(desk: SmallDesk, run: Any) -> None:
    assert run("break-glass", REFERRAL).code == 2
    assert run("break-glass", REFERRAL, "--reason", "curiosity").code == 2
    assert desk.asked == []


def test_an_offer_shows_what_the_nurse_decides_by(desk: SmallDesk, run: Any) -> None:
    offer = {"area": "Peoria, IL 616", "drugs": ["ceftriaxone"], "duration_days": 14, "requested_start": "2026-12-01"}
    item = {**WORK_ITEM, "kind": "confirm_visit", "resolution_schema": {}, "shown": {"offer": offer}}
    desk.will_answer(f"/api/work-items/{ITEM}", item)
    ran = run("resolve", ITEM, "--schema")
    for shown in ("Peoria, IL 616", "ceftriaxone", "14", "2026-12-01"):
        assert shown in ran.out
