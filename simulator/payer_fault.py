"""How a simulated payer's server fails: late, in HTML, half a JSON, with a 503, or with a connection that breaks."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.scenario import Fault, Misbehavior

_DROPPED = "x-simulated-drop"


class ConnectionBroken(Exception):
    """Makes the server close the connection in the middle of an answer."""


async def misbehaving(fault: Fault | None, answer: Callable[[], Awaitable[dict[str, Any]]]) -> Response:
    """The answer, or what becomes of it. Whatever the fault but a 503, the payer has taken the request."""
    if fault and fault.fault is Misbehavior.SERVER_ERROR:
        return Response(status_code=503, headers={"retry-after": str(int(fault.seconds))})
    said = await answer()
    match fault.fault if fault else None:
        case Misbehavior.HTML_WITH_200:
            return HTMLResponse("<html><body>We are upgrading our system.</body></html>")
        case Misbehavior.TRUNCATED_JSON:
            text = json.dumps(said)
            return Response(text[: len(text) // 2], media_type="application/fhir+json")
        case Misbehavior.DROP_CONNECTION:
            return Response(headers={_DROPPED: "yes"})
        case Misbehavior.SLOW if fault:
            await asyncio.sleep(fault.seconds)
    return JSONResponse(said, media_type="application/fhir+json")


class Dropped:
    """Breaks the connection under the responses that are marked so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Any) -> None:
            headers = dict(message.get("headers", ()))
            if _DROPPED.encode() in headers:
                await send({**message, "headers": [(b"content-length", b"1000")]})
                await send({"type": "http.response.body", "body": b"{", "more_body": True})
                raise ConnectionBroken
            await send(message)

        await self._app(scope, receive, sending)
