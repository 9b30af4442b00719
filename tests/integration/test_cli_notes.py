"""`note` writes from a file or standard input and repeats nothing; `notes` shows who wrote what, and when."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.integration.small_desk import SmallDesk, desk, run, running
from tests.integration.test_cli_desk import CANARY, REFERRAL

__all__ = ["desk", "run", "running"]

PATH = f"/api/referrals/{REFERRAL}/notes"
NOTE = {
    "id": "0d3f8c1a-6f57-4d7a-9a43-0a1b2c3d4e5f",
    "at": "2026-12-01T10:00:00Z",
    "author": "staff:sue",
    "roles": ["supervisor"],
    "text": f"{CANARY} called",
}


def test_a_note_comes_from_a_file_and_is_not_repeated(desk: SmallDesk, run: Any, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text(f"{CANARY} called\n")
    desk.will_answer(PATH, NOTE, 201)
    ran = run("note", REFERRAL, "--file", str(tmp_path / "note.txt"))
    assert ran.code == 0
    assert "the note is kept" in ran.out
    assert desk.body == {"text": f"{CANARY} called"}
    assert desk.request.headers["idempotency-key"]
    assert CANARY not in ran.out


def test_a_note_comes_from_standard_input(desk: SmallDesk, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.will_answer(PATH, NOTE, 201)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(f"{CANARY} called\n".encode())))
    ran = run("note", REFERRAL, "--file", "-", "--as", "pharmacist", "--json")
    assert desk.body == {"text": f"{CANARY} called"}
    assert desk.request.headers["authorization"] == "Bearer p-token"
    assert CANARY not in ran.out
    assert '"author"' in ran.out


@pytest.mark.parametrize("content", [b" \n", b"\xff\xfe"])
def test_what_is_no_note_is_not_sent(desk: SmallDesk, run: Any, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "note.txt").write_bytes(content)
    assert run("note", REFERRAL, "--file", str(tmp_path / "note.txt")).code == 2
    assert run("note", REFERRAL, "--file", str(tmp_path / "none.txt")).code == 2
    assert run("note", REFERRAL).code == 2
    assert desk.asked == []


def test_notes_show_who_wrote_what_and_when(desk: SmallDesk, run: Any) -> None:
    for _ in range(2):
        desk.will_answer(PATH, {"items": [NOTE], "cursor": None})
    shown = run("notes", REFERRAL).out
    for told in ("staff:sue", "supervisor", f"{CANARY} called"):
        assert told in shown
    assert '"text"' in run("notes", REFERRAL, "--json").out


def test_without_notes_it_says_so(desk: SmallDesk, run: Any) -> None:
    desk.will_answer(PATH, {"items": [], "cursor": None})
    assert "no notes" in run("notes", REFERRAL).out
