"""The project is written in American English: no British spelling in documents, code, queries, pages or data."""

import re
from pathlib import Path

import pytest

from tests.project_files import name_of, written_files

# Parts of words, so that inflections and identifiers are found too. Code lists of others (FHIR, X12) have none of them.
BRITISH = re.compile(
    "behaviour|colour|favour|honour|labour|neighbour|rumour|tumour"
    "|authoris|capitalis|categoris|customis|finalis|generalis|hospitalis|initialis|materialis|maximis|normalis"
    "|optimis(?!m|t)|organis(?!m)|prioritis|realis(?!m|t)|recognis|serialis|specialis(?!m|t)|stabilis|standardis"
    "|summaris|synchronis|tokenis|utilis|visualis"
    "|analyse(?!s)|catalogue|centre|cheque|defence|dialogue|enrol(?!l)|fulfil(?!l)|grey|judgement|kilometre|labelled(?!by)"
    "|licence|modelled|offence|programme(?!d|r)|signalled|travelled|whilst"
    "|anaemi|anaesth|diarrhoea|haemo|oedema|paediatr",
    re.IGNORECASE,
)

# What is stored cannot be respelled: an earlier version's value of HoldReason.HOSPITALIZED is still read.
STORED = {"firstdose/domain/work/reasons.py": "hospitalis"}


def british(text: str) -> list[str]:
    return [f"{text.count(chr(10), 0, found.start()) + 1}: {found[0]}" for found in BRITISH.finditer(text)]


def test_everything_is_spelled_as_americans_spell() -> None:
    files = [file for file in written_files() if file != Path(__file__)]
    found = {name_of(file): british(name_of(file)) + british(file.read_text()) for file in files}
    assert len(found) > 300
    left = {file: words for file, words in found.items() if words}
    assert {file: [word.partition(": ")[2] for word in words] for file, words in left.items()} == {
        file: [word] for file, word in STORED.items()
    }, left


@pytest.mark.parametrize(
    "word", ["licence", "HOSPITALISED", "a programme", "ClockJudgement", "backgroundColour", "fulfils"]
)
def test_the_check_sees_a_british_word(word: str) -> None:
    assert british(f"one line\n{word}") != []


@pytest.mark.parametrize(
    "word", ["license", "programmed", "organism", "specialist", "fulfill", "cancelled", "optimistic"]
)
def test_the_check_lets_american_words_pass(word: str) -> None:
    assert british(word) == []
