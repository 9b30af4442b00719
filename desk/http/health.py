"""Whether the desk lives, whether it can take referrals, and what it counts."""

import asyncio
from datetime import timedelta
from typing import Final

import structlog
from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, Response
from temporalio.service import RPCError

from desk.http.desk import Desk, TheDesk
from firstdose.adapters.postgres.migrate import ChangedMigration, pending
from firstdose.adapters.postgres.pool import transaction
from firstdose.ports import Unavailable

log = structlog.get_logger(__name__)
router = APIRouter(tags=["running it"])

_PATIENCE_S: Final = 3.0
_TEMPORAL_PATIENCE: Final = timedelta(seconds=1)


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "Not ready", "content": {"application/json": {}}}})
async def readyz(desk: TheDesk) -> JSONResponse:
    """Ready once the database answers and is migrated. Intake goes on without Temporal, whose state is only told."""
    database, temporal = await asyncio.gather(_database(desk), _temporal(desk))
    ready = database == "ok"
    told = {"status": "ready" if ready else "not ready", "database": database, "temporal": temporal}
    return JSONResponse(told, status_code=200 if ready else 503, headers={} if ready else {"retry-after": "2"})


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics() -> Response:
    """Counts in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _database(desk: Desk) -> str:
    url = desk.settings.database_url
    try:
        async with asyncio.timeout(_PATIENCE_S):
            # The schema cannot fall behind this process again once it has caught up.
            if not desk.migrated.is_set() and url is not None:
                if await pending(url.get_secret_value()):
                    return "not migrated"
                desk.migrated.set()
            async with transaction(desk.pool):
                return "ok"
    except ChangedMigration:
        return "another version's"
    except (Unavailable, TimeoutError):
        return "away"


async def _temporal(desk: Desk) -> str:
    try:
        async with asyncio.timeout(_PATIENCE_S):
            healthy = await desk.client.service_client.check_health(timeout=_TEMPORAL_PATIENCE)
    except (RPCError, RuntimeError, TimeoutError):
        return "away"
    return "ok" if healthy else "away"
