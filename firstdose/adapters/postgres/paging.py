"""Long lists, page by page: a cursor names the last row that was read, so rows that come meanwhile disturb nothing."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

Row = TypeVar("Row")


def is_uuid(text: str) -> bool:
    """Whether it is a UUID as we write them. PostgreSQL's complaint about anything else would repeat it."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


class BadCursor(ValueError):
    """It is not a cursor that we gave."""


class Cursor(NamedTuple):
    """The time and the id of the last row that was read."""

    at: datetime
    id: str

    @classmethod
    def read(cls, text: str | None) -> Self | None:
        """Raises BadCursor."""
        if text is None:
            return None
        try:
            at, _, row_id = urlsafe_b64decode(text.encode()).decode().partition(" ")
            moment = datetime.fromisoformat(at)
        except (ValueError, binascii.Error):
            raise BadCursor("not a cursor of this list") from None
        if moment.tzinfo is None or not row_id:
            raise BadCursor("not a cursor of this list")
        return cls(moment, row_id)

    def __str__(self) -> str:
        return urlsafe_b64encode(f"{self.at.isoformat()} {self.id}".encode()).decode()


class Page(BaseModel, Generic[Row]):
    """Some rows, and the cursor that gives those after them; None at the end."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    items: tuple[Row, ...]
    cursor: str | None = None


def page_of(rows: Sequence[Row], size: int, place: Callable[[Row], Cursor]) -> Page[Row]:
    """A page of `size` from the rows that were found when one more was asked for."""
    shown = tuple(rows[:size])
    return Page(items=shown, cursor=str(place(shown[-1])) if len(rows) > size else None)
