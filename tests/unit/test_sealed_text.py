"""Texts of strangers are sealed wherever a model has one, and opened with the key of the referral alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firstdose.adapters.keyring.sealed_texts import SealedTexts, holds_sealed, shown
from firstdose.adapters.keyring.sealing import Unsealable
from firstdose.domain.authorization.lines import InformationRequest, LineAnswer, LineState, PayerAnswer
from firstdose.domain.payer.remark import PayerRemark, RemarkKind
from firstdose.domain.sealed_text import LONGEST_SENTENCE, is_code, is_sealed_text, opened_texts, sealed_texts
from firstdose.domain.work.resolutions import SubmitAuthorization

TEXTS, OTHERS = SealedTexts(bytes([1] * 32)), SealedTexts(bytes([2] * 32))
ANSWER = PayerAnswer(
    lines=(LineAnswer(sequence=1, state=LineState.DENIED, number="Jane Roe", reason_code="ROE JANE"),),
    tracking="Jane",
    information=InformationRequest(wanted=("11506-3", "Jane"), control_number="Jane Roe 1961"),
)


def test_each_text_is_sealed_and_codes_stay() -> None:
    sealed = sealed_texts(ANSWER, TEXTS)
    assert "jane" not in sealed.model_dump_json().lower()
    assert sealed.information is not None
    assert sealed.information.wanted[0] == "11506-3"
    assert opened_texts(sealed, TEXTS) == ANSWER
    assert PayerAnswer.model_validate_json(sealed.model_dump_json()) == sealed


def test_the_same_word_is_the_same_when_sealed_and_sealed_once() -> None:
    once = sealed_texts(ANSWER, TEXTS)
    assert once.repeats(sealed_texts(ANSWER, TEXTS))
    assert sealed_texts(once, TEXTS) == once
    assert sealed_texts(ANSWER, OTHERS) != once


def test_what_was_not_said_stays_unsaid() -> None:
    answer = SubmitAuthorization.model_validate({"outcome": "submitted", "reference": "R 1"})
    assert sealed_texts(answer, TEXTS).model_dump(exclude_unset=True).keys() == {"outcome", "reference"}


@given(st.text(max_size=LONGEST_SENTENCE))
def test_any_text_comes_back_and_fits(text: str) -> None:
    sealed = TEXTS.seal(text)
    assert TEXTS.open(sealed) == text
    assert not text or is_sealed_text(sealed)
    assert LineAnswer(sequence=1, state=LineState.APPROVED, number=sealed).number == sealed
    assert PayerRemark(kind=RemarkKind.MESSAGE, where="MSG01", text=sealed).text == sealed


def test_remarks_are_sealed_in_the_answer_and_short_codes_stay() -> None:
    remark = PayerRemark(kind=RemarkKind.REJECTED, where="AAA03", code="43", text="Jane Roe", number="R 77")
    sealed = sealed_texts(PayerAnswer(remarks=(remark,)), TEXTS).remarks[0]
    assert (sealed.code, sealed.where) == ("43", "AAA03")
    assert is_sealed_text(sealed.text)
    assert is_sealed_text(sealed.number)
    assert opened_texts(sealed, TEXTS) == remark
    assert is_sealed_text(sealed_texts(remark.model_copy(update={"where": "Jane Roe"}), TEXTS).where)


@pytest.mark.parametrize(
    "forged", ["sealed:Jane-Roe-was-born-in-1961", OTHERS.seal("Jane Roe"), "sealed:" + "A" * 1500]
)
def test_what_only_looks_sealed_is_sealed(forged: str) -> None:
    """Else a stranger could write anything behind the prefix, and it would travel in the clear."""
    sealed = TEXTS.seal(forged)
    assert forged not in sealed
    assert TEXTS.open(sealed) == forged[:LONGEST_SENTENCE]


def test_another_referrals_key_opens_nothing() -> None:
    with pytest.raises(Unsealable):
        OTHERS.open(TEXTS.seal("Jane Roe"))


@pytest.mark.parametrize("text", ["sealed:" + "A" * 21 + "!", "AUTH1", "", "sealed:"])
def test_what_is_not_sealed_is_shown_as_it_is(text: str) -> None:
    assert TEXTS.open(text) == text


def test_json_is_shown_with_its_texts_and_without_them_once_the_key_is_gone() -> None:
    told = {"lines": [{"number": TEXTS.seal("A 1"), "sequence": 1}], "rule": "plan"}
    assert holds_sealed(told)
    assert shown(told, TEXTS) == {"lines": [{"number": "A 1", "sequence": 1}], "rule": "plan"}
    for gone in (None, OTHERS):
        assert shown(told, gone) == {"lines": [{"number": None, "sequence": 1}], "rule": "plan"}


@pytest.mark.parametrize("code", ["A1", "0F", "33", "T4", "CT", "J0696", "11506-3", "99601"])
def test_codes_of_the_trade_stay_readable(code: str) -> None:
    assert is_code(code)


@pytest.mark.parametrize("text", ["LEE", "Lee", "ROE JANE", "SMITH", "SMITH1", "jane", "6175550100", "1961-07-23"])
def test_names_phones_and_dates_are_no_codes(text: str) -> None:
    assert not is_code(text)


@pytest.mark.parametrize("field", ["number", "reason_code"])
def test_a_text_longer_than_any_number_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match="at most 80 characters"):
        LineAnswer.model_validate({"sequence": 1, "state": "approved", field: "x" * 81})
