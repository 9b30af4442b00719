"""Entries of an allergy list that are no allergy: what says that there is none, in its many spellings."""

import re

_NONE = frozenset(
    {
        "none_known",
        "nka",
        "nkda",
        "nkma",
        "nka nkda",
        "nil known",
        "none",
        "none known",
        "none reported",
        "no allergies",
        "no allergy",
        "no drug allergies",
        "no medication allergies",
        "no allergies reported",
        "no reported allergies",
        "patient has no known allergies",
        "not allergic to anything",
        "denies",
        "denies any",
    }
)
_DRUG = r"(?:drugs?|medications?|medicines?|medical)"
_KNOWN = re.compile(
    rf"(?:no|denies|denied|denies any|patient denies|patient denies any)(?: any)?(?: known)?(?: {_DRUG})?"
    r" (?:allerg(?:y|ies|en|ens)|allergic reactions?)(?: known)?"
)
_PARTLY = re.compile(r"(?:no|denies)(?: any)? (?:known )?[a-z/ ]{2,40} (?:allerg(?:y|ies)|intolerances?)")


def says_none(substance: str) -> bool:
    """`NKDA`, `No Known Allergies`, `denies allergies`."""
    plain = _plain(substance)
    return plain in _NONE or _KNOWN.fullmatch(plain) is not None


def says_none_of_a_kind(substance: str) -> bool:
    """`No known food allergies` says nothing of drugs: it is no allergy, and it does not say that there is none."""
    return not says_none(substance) and _PARTLY.fullmatch(_plain(substance)) is not None


def _plain(text: str) -> str:
    """Small letters and single blanks; what stands in brackets only repeats, as in `No Known Allergies (NKA)`."""
    words = re.sub(r"\((?:nka|nkda|nkma)\)|\b(?:at this time|to date|on file)\b", " ", text.lower().replace(".", ""))
    return " ".join(re.sub(r"[^a-z_]+", " ", words).split())
