"""Gives every answer an id, security headers, a log line and a metric. Never a path or query."""

import time
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from desk.http.refusals import STATUSES, Refusal, RefusalLog, peer_of
from desk.metrics import REQUESTS
from firstdose.adapters.postgres.ids import new_id

log = structlog.get_logger(__name__)

_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_QUIET: Final = frozenset({"/healthz", "/readyz", "/metrics"})


class Observed:
    """Wraps the application; `secure` means that clients reach it over https."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = {**_HEADERS, **({"strict-transport-security": "max-age=31536000"} if secure else {})}
        self._refusals = RefusalLog()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, request_id = time.perf_counter(), 500, new_id()

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        state = scope.setdefault("state", {})
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, answer)
            finally:
                _record(scope, status, time.perf_counter() - began)
                if status in STATUSES:
                    refusal = Refusal(status, _route(scope), state.get("actor"), peer_of(scope))
                    self._refusals.record(refusal, request_id)


def _route(scope: Scope) -> str:
    # The route's template, never the path itself: a stranger could put anything there.
    return str(getattr(scope.get("route"), "path", "none"))


def _record(scope: Scope, status: int, seconds: float) -> None:
    route = _route(scope)
    REQUESTS.labels(scope["method"], route, status).observe(seconds)
    if route not in _QUIET:
        log.info("request", method=scope["method"], route=route, status=status, duration_ms=round(seconds * 1000))
