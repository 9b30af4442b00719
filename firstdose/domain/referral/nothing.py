"""Values with which a system says that it has none: `""`, UNKNOWN, 1900-01-01, (000) 000-0000. They are no facts."""

import re

_WORDS = frozenset(
    {
        '""',
        "?",
        "unknown",
        "unk",
        "unkn",
        "n/a",
        "n.a.",
        "not available",
        "not applicable",
        "not provided",
        "not given",
        "not on file",
        "none on file",
        "none provided",
        "none given",
        "to be determined",
        "to follow",
        "tbd",
        "tba",
        "xxx",
        "xxxx",
    }
)
"""Not "none", "null" or "na": a medicine list says the first, and people are called Null and Na."""
_DATES = re.compile(r"(1753|1800|1899|1900)-?01-?01|0001-?01-?01|9999-?12-?31|0000-?00-?00")
_PUNCTUATION = re.compile(r"[\s().+*/#_–—-]*")


def is_nothing(text: str) -> bool:
    """Blank, a placeholder word, a placeholder date, or a number of seven digits and more that are all 0 or all 9."""
    plain = text.strip().lower()
    if plain in _WORDS or _PUNCTUATION.fullmatch(plain):
        return True
    if _DATES.fullmatch(plain[:10]) and (len(plain) <= 10 or plain[10] in "t "):
        return True
    digits = _PUNCTUATION.sub("", plain)
    return len(digits) >= 5 and digits.isdigit() and len(set(digits)) == 1 and digits[0] in "09"
