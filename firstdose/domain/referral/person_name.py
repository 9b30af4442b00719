"""Whether two spellings are one name: without case, accents, marks and order, as payers' systems write names."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from typing import Final

_LETTERS: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th"}
)
_IN_TWO: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
_WORD: Final = re.compile(r"[^\W_]+")
_NO_NAME_YET: Final = frozenset({"baby", "babyboy", "babygirl", "boy", "girl", "infant", "newborn", "twin"})
"""What stands for the given name of a child that has none yet."""


@dataclass(frozen=True, slots=True)
class PersonName:
    """The parts of a name. Where only a whole name is told it stands in both."""

    family: str = field(default="", repr=False)
    given: str = field(default="", repr=False)


def family_fits(told: str, known: str) -> bool:
    """Whether one has the words of the other: of two surnames many systems keep one, or write them together."""
    return any(
        set(one) <= set(other) or set(other) <= set(one) or "".join(one) == "".join(other)
        for one, other in product(_spellings(told), _spellings(known))
    )


def given_fits(told: str, known: str) -> bool:
    """Whether they share a word or its beginning, such as an initial; a child without a name has any."""
    return any(
        mine.startswith(theirs) or theirs.startswith(mine)
        for one, other in product(_spellings(told), _spellings(known))
        for mine, theirs in product(one, other)
    )


def spellable(text: str) -> bool:
    """Whether there is anything in it that can be compared."""
    return bool(_spellings(text))


def plain_spellings(text: str) -> frozenset[str]:
    """The ways to write it in plain letters, each as one word; a name in another script is itself."""
    spelled = frozenset("".join(words) for words in _spellings(text))
    return spelled or frozenset(filter(None, [unicodedata.normalize("NFKC", text).casefold().strip()]))


def names_nobody(given: str) -> bool:
    return all(word in _NO_NAME_YET for word in _words(given.casefold()))


def upright(told: PersonName, known: PersonName) -> PersonName:
    """With its parts in their places, where the payer has family and given name the other way round."""
    if not family_fits(told.family, known.family) and family_fits(told.given, known.family):
        return PersonName(told.given, told.family)
    return told


def _spellings(text: str) -> list[tuple[str, ...]]:
    """The words as they are spelled in plain letters: by look, by sound, and with what has no plain letter left out."""
    small = unicodedata.normalize("NFC", text).casefold()
    ways: tuple[Callable[[str], str], ...] = (
        lambda one: one.translate(_LETTERS),
        lambda one: one.translate(_IN_TWO).translate(_LETTERS),
        lambda one: one,
    )
    return [words for way in ways if (words := _words(_plain(way(small))))]


def _plain(text: str) -> str:
    """Without apostrophes, which some leave out, and accents."""
    whole = re.sub(r"['’`]", "", text)
    return unicodedata.normalize("NFKD", whole).encode("ascii", "ignore").decode()


def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text))
