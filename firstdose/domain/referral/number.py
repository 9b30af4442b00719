"""The short number by which people name a referral: `FD-` and six characters without look-alikes."""

import re
from typing import Final

_ALPHABET: Final = "34679ACDEFGHJKMNPQRTVWXY"
"""As migration 32 has it."""
_WRITTEN: Final = re.compile(rf"(?:FD[\s-]*)([{_ALPHABET}]{{6}})", re.IGNORECASE)


def read_number(text: str) -> str | None:
    """The number as it is stored, from how somebody wrote it (`fd 3k7m9q`); None if it is none."""
    written = _WRITTEN.fullmatch(text.strip())
    return f"FD-{written[1].upper()}" if written else None
