"""Documents, questions and possible duplicates as the command line shows them."""

import json
import stat
from pathlib import Path
from typing import Any

from starlette.responses import Response

from tests.integration.small_desk import SmallDesk, desk, run, running
from tests.integration.test_cli_desk import ITEM, PAST, REFERRAL, ROW, SCHEMA, WORK_ITEM

__all__ = ["desk", "run", "running"]

PATH = f"/api/referrals/{REFERRAL}/documents"
QUESTION = {
    "path": "order.frequency", "fact": "frequency of the order", "reason": "not_understood",
    "meaning": "What the message says cannot be read.", "values": ["now and then"],
}  # fmt: skip
LISTED = [
    {"number": 1, "kind": "other", "title": "A fax", "content_type": "application/pdf", "held": "content", "size": 9,
     "url": None},
    {"number": 2, "kind": "lab_result", "title": None, "content_type": None, "held": "address", "size": None,
     "url": "https://records.example/1"},
]  # fmt: skip
CONTENT = b"%PDF\xff\x00fax"


def test_documents_are_listed(desk: SmallDesk, run: Any) -> None:
    desk.will_answer(PATH, LISTED)
    desk.will_answer(PATH, LISTED)
    shown = run("documents", REFERRAL)
    assert shown.code == 0
    for each in ("A fax", "application/pdf", "content", "lab_result", "https://records.example/1"):
        assert each in shown.out
    assert json.loads(run("documents", REFERRAL, "--json").out) == LISTED


def test_a_document_is_taken_out_for_the_user_alone(desk: SmallDesk, run: Any, tmp_path: Path) -> None:
    out = tmp_path / "fax.pdf"
    desk.answers[f"{PATH}/1"] = [Response(CONTENT), Response(b"another")]
    ran = run("documents", REFERRAL, "--open", "1", "--out", str(out), "--json")
    assert json.loads(ran.out) == {"document": 1, "file": str(out), "bytes": len(CONTENT)}
    assert (out.read_bytes(), stat.S_IMODE(out.stat().st_mode)) == (CONTENT, 0o600)
    again = run("documents", REFERRAL, "--open", "1", "--out", str(out))
    assert (again.code, out.read_bytes()) == (1, CONTENT)


def test_what_belongs_together_is_asked_for_together(desk: SmallDesk, run: Any) -> None:
    assert run("documents", REFERRAL, "--open", "1").code == 2
    assert run("documents", REFERRAL, "--out", "x").code == 2
    assert desk.asked == []


def test_a_refusal_is_told(desk: SmallDesk, run: Any, tmp_path: Path) -> None:
    desk.will_answer(f"{PATH}/2", {"title": "Conflict", "detail": "the document is an address at its source"}, 409)
    ran = run("documents", REFERRAL, "--open", "2", "--out", str(tmp_path / "x"))
    assert (ran.code, "an address at its source" in ran.err) == (1, True)
    assert not (tmp_path / "x").exists()


def test_show_tells_the_questions_in_words(desk: SmallDesk, run: Any) -> None:
    facts = {"source_referral_id": "R-1", "questions": [{"path": "order.frequency", "values": ["now and then"]}]}
    desk.will_answer(f"/api/referrals/{REFERRAL}", {"standing": ROW, "facts": facts, "questions": [QUESTION]})
    shown = run("show", REFERRAL).out
    for each in ("frequency of the order", "cannot be read", "now and then"):
        assert each in shown
    assert shown.count("now and then") == 1


def test_an_item_of_any_name_shows_what_is_asked(desk: SmallDesk, run: Any) -> None:
    alike = {"referral_id": REFERRAL, "source": "mercy", "number": "R-ONE", "stage": "intake", "drugs": ["Iron"],
             "requested_start": None, "received_at": PAST}  # fmt: skip
    item = f"{REFERRAL}-complete_referral-0a1b2c3d-1"
    for name in (ITEM, item, f"{REFERRAL}-contact_patient-2"):
        told = {**WORK_ITEM, "resolution_schema": SCHEMA, "shown": {"questions": [QUESTION], "alike": [alike]}}
        desk.will_answer(f"/api/work-items/{name}", told)
        shown = run("resolve", name, "--schema")
        assert shown.code == 0
        for each in ("frequency of the order", "now and then", "The same order?", "R-ONE", "Iron"):
            assert each in shown.out
    assert run("claim", f"{REFERRAL}-../x-1").code == 2
