"""By which key a journal entry is recorded once, and what can never be recorded of one as it is."""

import hashlib
from datetime import datetime
from typing import Any, Final

import orjson

from firstdose.adapters.postgres.paging import is_uuid
from firstdose.domain.work.journal import Entry, Escalated, Opened

LONGEST_KEY: Final = 200
"""Characters; far below what an index of PostgreSQL takes."""
_LARGEST_LEVEL: Final = 2**31 - 1


def key_of(entry: Entry) -> str:
    """The entry's key; if it has none that the store can keep, a digest of the entry."""
    if 0 < len(entry.key) <= LONGEST_KEY and entry.key.isprintable():
        return entry.key
    return "sha256:" + hashlib.sha256(repr(entry).encode(errors="backslashreplace")).hexdigest()


def refusal(entry: Entry) -> str | None:
    """The code of what is wrong with the entry, so that no statement fails on it; None if it can be recorded."""
    try:
        content = orjson.dumps(entry.model_dump(mode="json", exclude={"key"}))
    except (TypeError, ValueError):
        return "not_storable"
    if _has_null(content):
        return "null_character"
    if entry.message_id is not None and not is_uuid(entry.message_id):
        return "message_id"
    if any(at.tzinfo is None for at in _times(entry)):
        return "time_without_zone"
    if isinstance(entry, Opened) and len(entry.item.id) > LONGEST_KEY:
        return "item_id"
    return None if abs(_level(entry)) <= _LARGEST_LEVEL else "level"


def _has_null(content: bytes) -> bool:
    # Without the escaped backslashes first: what a person typed as \u0000 is no null character.
    return rb"\u0000" in content.replace(rb"\\", b"")


def _times(entry: Entry) -> tuple[datetime, ...]:
    return (entry.at, entry.item.opened_at, entry.item.due_at) if isinstance(entry, Opened) else (entry.at,)


def _level(entry: Any) -> int:
    match entry:
        case Opened():
            return entry.item.level
        case Escalated():
            return entry.level
        case _:
            return 0
