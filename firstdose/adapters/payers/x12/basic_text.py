"""Free text in the basic character set of X12: transliterated by a small table, or refused; a letter is never dropped.

Why no library: docs/decisions/0026-own-transliteration.md.
"""

import re
import unicodedata
from typing import Final

from firstdose.adapters.payers.x12.segments import Unwritable

_SPELLED: Final = str.maketrans(
    {
        # Letters that Unicode does not decompose, as the machine-readable zone of passports spells them (ICAO 9303-3,
        # section 6), except that one letter stays one where names are spelled so in the United States.
        "Æ": "AE",
        "Œ": "OE",
        "Ø": "O",
        "Đ": "D",
        "Ð": "D",
        "Þ": "TH",
        "Ł": "L",
        "Ħ": "H",
        "Ŧ": "T",
        "Ŋ": "N",
        "ẞ": "SS",
        "ĸ": "Q",
        "Ə": "E",
        "Ĳ": "IJ",
        "Ŀ": "L",
        "ʻ": "'",
        "ʼ": "'",
        "‘": "'",
        "’": "'",
        "′": "'",
        "‐": "-",
        "‑": "-",
        "‒": "-",
        "–": "-",
        "—": "-",
        "−": "-",
        "“": '"',
        "”": '"',
        "„": '"',
        "…": "...",
        # Signs that change what a dose is, in words.
        "%": " PERCENT ",
        "<": " LESS THAN ",
        ">": " MORE THAN ",
        "≤": " AT MOST ",
        "≥": " AT LEAST ",
        "±": " PLUS OR MINUS ",
        "×": " X ",
        "°": " DEGREES ",
        "@": " AT ",
        "#": " NO. ",
        "$": " USD ",
        "¼": " 1/4",
        "½": " 1/2",
        "¾": " 3/4",
    }
)
_MICRO: Final = re.compile(r"[µμ](?=(?:g|l|L|mol|M)\b)")
_UNIT_POWER: Final = re.compile(r"(?<=[A-Za-z])([²³])")
_RATIO: Final = re.compile(r"(?<=\b1):(?=[0-9])")
_NOT_BASIC: Final = re.compile(r"""[^A-Z0-9 !"&'()+,\-./;?=]+""")
_INVISIBLE: Final = frozenset({"Mn", "Cf"})
_BLANK: Final = frozenset({"Cc", "Zs", "Zl", "Zp", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"})


def basic_text(value: str | None, limit: int) -> str:
    """In capitals, with accents off, and blanks for delimiters and for punctuation that the set lacks.

    Raises Unwritable: a letter or sign has no spelling here, nothing would be left, or it is too long.
    """
    text = value or ""
    spelled = "".join(map(_spelled, _decomposed(text)))
    told = " ".join(_NOT_BASIC.sub(" ", spelled).split())
    if len(told) > limit or (text.strip() and not told):
        raise Unwritable("a text cannot be sent in basic characters")
    return told


def _decomposed(text: str) -> str:
    """Accents apart, in capitals; ratios and units that would read otherwise are in words first."""
    clear = _RATIO.sub("/", _UNIT_POWER.sub(lambda power: unicodedata.normalize("NFKC", power[1]), text))
    return unicodedata.normalize("NFD", _MICRO.sub("mc", clear).upper()).translate(_SPELLED)


def _spelled(character: str) -> str:
    kind = unicodedata.category(character)
    if character.isascii() and kind != "Cc":
        return character
    if kind in _INVISIBLE:
        return ""
    if kind in _BLANK:
        return " "
    raise Unwritable("a text cannot be sent in basic characters")
