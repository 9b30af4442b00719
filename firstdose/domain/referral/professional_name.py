"""The parts of a prescriber's name, which forms have as one text: `Dr. Ana van der Berg, MD` or `Berg, Ana`."""

import re
from dataclasses import dataclass, field
from typing import Final

_TITLES: Final = frozenset({"DR", "DOCTOR", "PROF", "MR", "MRS", "MS"})
_CREDENTIALS: Final = frozenset(
    {
        *("MD", "DO", "MBBS", "PHD", "PHARMD", "DPM", "DDS", "DMD", "PA", "PAC", "RN", "MSN", "BSN", "MPH", "MS"),
        *("NP", "NPC", "APRN", "APN", "ARNP", "CRNP", "CNP", "CNS", "FNP", "FNPC", "FNPBC", "AGNP", "ACNP", "DNP"),
        *("FACP", "FIDSA", "FAAP", "FACS", "JR", "SR", "II", "III", "IV"),
    }
)


@dataclass(frozen=True, slots=True)
class ProfessionalName:
    """`credentials` are what stands after a name, also `Jr`."""

    family: str = field(repr=False)
    given: tuple[str, ...] = field(default=(), repr=False)
    credentials: tuple[str, ...] = field(default=(), repr=False)


def read_professional_name(text: str) -> ProfessionalName:
    """`text` has at least one word. Small words before the last one belong to the family name."""
    parts = [part.split() for part in text.split(",") if part.strip()]
    words, behind = parts[0] if parts else [text], [word for part in parts[1:] for word in part]
    credentials = [word for word in behind if _stands_after(word)]
    given = [word for word in behind if not _stands_after(word)]
    if not given:  # the usual order: given names before the family's
        words, credentials = _without_credentials(words, credentials)
        given, words = _split(_without_titles(words))
    return ProfessionalName(" ".join(words), tuple(_without_titles(given)), tuple(credentials))


def _without_credentials(words: list[str], known: list[str]) -> tuple[list[str], list[str]]:
    last = len(words)
    while last > 1 and _stands_after(words[last - 1]):
        last -= 1
    return words[:last], words[last:] + known


def _without_titles(words: list[str]) -> list[str]:
    return words[1:] if len(words) > 1 and _letters(words[0]) in _TITLES else words


def _split(words: list[str]) -> tuple[list[str], list[str]]:
    """Given names and family name."""
    first = len(words) - 1
    while first > 1 and words[first - 1].islower():
        first -= 1
    return words[:first], words[first:]


def _stands_after(word: str) -> bool:
    return _letters(word) in _CREDENTIALS


def _letters(word: str) -> str:
    return re.sub(r"[^A-Z]", "", word.upper())
