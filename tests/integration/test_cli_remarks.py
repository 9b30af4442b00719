"""What a payer said, beside what it means, as the command line shows it."""

from typing import Any

from tests.integration.small_desk import SmallDesk, desk, run, running
from tests.integration.test_cli_desk import ITEM, PAST, REFERRAL, ROW, SCHEMA, WORK_ITEM

__all__ = ["desk", "run", "running"]

REMARK = {
    "kind": "exchanged", "where": "SV101", "code": None, "text": "USE THE OTHER CODE", "follow_up": None,
    "about": ["J3373"], "number": None, "quantity": "21", "unit": "UN", "amount": None, "starts_on": "2026-11-24",
    "ends_on": None, "line": 1, "contact": "c", "at": PAST,
    "meaning": "another service is authorized than was asked for",
}  # fmt: skip
ERROR = {
    "kind": "rejected", "where": "AAA03", "code": "43", "follow_up": "C", "about": [], "contact": "c", "at": PAST,
    "meaning": "our number is wrong; correct it", "amount": "20.50",
}  # fmt: skip


def as_one_line(out: str) -> str:
    """What a table has folded into several lines, column by column, is found by its words."""
    return " ".join(out.split())


def test_the_payers_words_stand_beside_ours_on_item_and_case(desk: SmallDesk, run: Any) -> None:
    asked = {**WORK_ITEM, "asks": {"problem": "eligibility_not_told", "contacts": ["an-id-of-a-contact"]}}
    shown = {"remarks": [REMARK, ERROR]}
    desk.will_answer(f"/api/work-items/{ITEM}", {**asked, "resolution_schema": SCHEMA, "shown": shown})
    desk.will_answer(f"/api/referrals/{REFERRAL}", {"standing": ROW, "work_items": [asked], **shown})
    for command in (("resolve", ITEM, "--schema"), ("show", REFERRAL)):
        ran = run(*command)
        assert ran.code == 0, ran.err
        assert "The payer says" in ran.out
        said = as_one_line(ran.out)
        for words in ("another", "authorized", "OTHER", "J3373", "21 UN", "2026-11-24", "SV101"):
            assert words in said, words
        for words in ("our number", "43", "$20.50", "AAA03"):
            assert words in said, words
        assert "eligibility_not_told" in said
        assert "an-id-of-a-contact" not in said


def test_the_documents_that_a_payer_wants_are_named_in_words(desk: SmallDesk, run: Any) -> None:
    asked = {**WORK_ITEM, "kind": "answer_information_request", "asks": {"wanted": ["18842-5", "99999-9"]}}
    documents = [{"code": "18842-5", "words": "discharge summary"}, {"code": "99999-9", "words": None}]
    answer = {**asked, "resolution_schema": SCHEMA, "shown": {"wanted": documents}}
    desk.will_answer(f"/api/work-items/{ITEM}", answer)
    ran = run("resolve", ITEM, "--schema")
    assert ran.code == 0, ran.err
    said = as_one_line(ran.out)
    assert "The payer wants to see" in said
    assert "discharge summary 18842-5" in said
    assert said.count("99999-9") == 2, "once as it is asked, once without a name"
