"""Every code that a page can show has words, in plain English."""

from enum import StrEnum

import pytest

from desk.web.case_words import CASE_WORDS
from desk.web.facts.words import FACT_WORDS
from desk.web.item_words import ITEM_WORDS
from desk.web.words import WORDS, words
from firstdose.domain.work.stage import Milestone, Stage


@pytest.mark.parametrize("kind", WORDS, ids=lambda kind: kind.__name__)
def test_every_code_of_a_type_has_words(kind: type[StrEnum]) -> None:
    assert set(WORDS[kind]) == {code.value for code in kind}
    for code in kind:
        assert words(code)
        assert "_" not in words(code)
        assert words(code)[0].isupper()


def test_each_type_has_its_words_in_a_single_table() -> None:
    parts = [*CASE_WORDS, *FACT_WORDS, *ITEM_WORDS]
    assert len(parts) == len(set(parts))


def test_no_two_codes_of_a_type_say_the_same() -> None:
    for kind, table in WORDS.items():
        assert len(set(table.values())) == len(table), kind


def test_a_type_without_words_is_an_error() -> None:
    assert words(Stage.ON_SERVICE) == "On service"
    with pytest.raises(KeyError):
        words(Milestone.CREATED)
