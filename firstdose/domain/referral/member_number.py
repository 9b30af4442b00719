"""A member's number as payers have it on file: cards and people part it with dashes and blanks for the eye only.

CMS, "Understanding the Medicare Beneficiary Identifier": "the dashes aren't used as part of the MBI". Companion guides
of other payers ask for the same.
"""

import unicodedata


def number_on_file(written: str) -> str:
    """`1EG4-TE5-MK73` is `1EG4TE5MK73`. Other marks stay: whether they can be sent the channel knows."""
    plain = unicodedata.normalize("NFKC", written)
    return "".join(one for one in plain if not one.isspace() and unicodedata.category(one) not in ("Pd", "Cf"))
