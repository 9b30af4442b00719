"""Parameters that several routes take, bounded so that none of them can upset the database."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime

_FURTHEST: Final = timedelta(days=730)


def _ahead(moment: datetime) -> datetime:
    if not timedelta() < moment - datetime.now(UTC) <= _FURTHEST:
        raise ValueError("the moment must lie ahead, at most two years")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_ahead)]
SearchText = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
CursorText = Annotated[str | None, Query(max_length=400, pattern=r"^[A-Za-z0-9_=-]*$")]
Limit = Annotated[int, Query(ge=1, le=200)]
