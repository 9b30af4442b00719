"""The requests that payers got, kept beside the journal as its entries are recorded: codes and times, no facts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from firstdose.adapters.postgres.pool import Connection, Pool
from firstdose.adapters.postgres.queries import load
from firstdose.domain.authorization.requests import RequestEvent, RequestRecord, after

_sql = load("authorization_requests")
_AS_JSON = {"clock", "states", "heard"}


async def requests_of(connection: Connection, referral_id: str) -> list[RequestRecord]:
    """The oldest first."""
    return [_request(row) async for row in _sql.of_referral(connection, referral_id=referral_id)]


async def requests_sent(pool: Pool, since: datetime, until: datetime) -> list[RequestRecord]:
    """Those that left from `since` on and before `until`."""
    return [_request(row) async for row in _sql.sent_within(pool, since=since, until=until)]


async def keep_requests(connection: Connection, referral_id: str, event: RequestEvent) -> None:
    """Keep what the event changes. The caller holds the referral's lock."""
    if not event.concerns_requests:
        return
    known = await requests_of(connection, referral_id)
    for number, request in enumerate(after(known, event), start=1):
        if number > len(known) or request != known[number - 1]:
            await _sql.keep(connection, referral_id=referral_id, number=number, **_row(request))


def _request(row: Mapping[str, Any]) -> RequestRecord:
    return RequestRecord.model_validate(dict(row))


def _row(request: RequestRecord) -> dict[str, Any]:
    return {**request.model_dump(exclude=_AS_JSON), **request.model_dump(mode="json", include=_AS_JSON)}
