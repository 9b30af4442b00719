"""The beginning of a referral's id, as a range of ids that an index finds."""

import re
from itertools import islice
from typing import Final

_ID_PREFIX: Final = re.compile(r"[0-9a-f][0-9a-f-]{0,35}")
_HEX: Final = 32


def id_range(text: str) -> tuple[str | None, str | None]:
    """The first and the last id that begin like this.

    Nothing for what cannot be an id: what else was typed may be a name, and does not go into a statement.
    """
    typed = text.strip().lower().removeprefix("referral-")
    if not _ID_PREFIX.fullmatch(typed):
        return None, None
    start = typed.replace("-", "")[:_HEX]
    return _uuid(start.ljust(_HEX, "0")), _uuid(start.ljust(_HEX, "f"))


def _uuid(digits: str) -> str:
    parts = iter(digits)
    return "-".join("".join(islice(parts, size)) for size in (8, 4, 4, 4, 12))
