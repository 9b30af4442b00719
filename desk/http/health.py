"""Liveness, readiness and metrics."""

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from desk.http.app_context import Context
from desk.http.readiness import OK

router = APIRouter(tags=["running it"])


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/readyz", responses={503: {"description": "Not ready", "content": {"application/json": {}}}})
async def readyz(desk: Context) -> JSONResponse:
    """Ready while the database is migrated and accepts writes; Temporal's state is shown, but intake works without it.

    `database`: `ok`, `away`, `full`, `not migrated`, `another version's`. `temporal`: `ok`, `away`.
    """
    state = await desk.readiness.look()
    ready = state.database == OK
    body = {"status": "ready" if ready else "not ready", **state._asdict()}
    return JSONResponse(body, status_code=200 if ready else 503, headers={} if ready else {"retry-after": "2"})


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics() -> Response:
    """Metrics in Prometheus' text format."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
