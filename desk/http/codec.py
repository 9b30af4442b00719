"""Temporal's codec server, for its Web UI and command line: opens and seals payloads, for staff and with an audit."""

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from desk.http.budgets import Budget, admit
from desk.http.desk import Desk, TheDesk
from desk.http.identity import Bearer, identify, permit_roles
from desk.http.problems import Problem
from firstdose.adapters.payload_codec import SealingCodec, decode_endpoint, encode_endpoint
from firstdose.domain.role import Actor, Role

router = APIRouter(prefix="/codec", tags=["codec"])

LOCAL_WEB_UI: Final = Actor(id="local-web-ui", roles=tuple(Role))
"""The Web UI of a local stack speaks plain HTTP, over which it sends no token: the peer's address stands for it."""
_ALLOWED_HEADERS: Final = "content-type, x-namespace, authorization, authorization-extras"


def _cors(request: Request, desk: Desk) -> dict[str, str]:
    """Headers that let the configured Web UI read the answer, and no other page."""
    origin = request.headers.get("origin")
    if origin is None or origin != desk.settings.temporal_ui_origin:
        return {"vary": "origin"}
    return {
        "vary": "origin",
        "access-control-allow-origin": origin,
        "access-control-allow-headers": _ALLOWED_HEADERS,
        "access-control-allow-methods": "POST, OPTIONS",
        "access-control-max-age": "600",
    }


async def _user(request: Request, desk: TheDesk, credentials: Bearer) -> Actor:
    """Staff by their token, or the local stack's own Web UI. Raises Problem 401 and 403."""
    if credentials is None and _is_local_web_ui(request, desk):
        admit(Budget.STAFF)
        return LOCAL_WEB_UI
    return permit_roles(await identify(desk, credentials), Role)


def _is_local_web_ui(request: Request, desk: Desk) -> bool:
    # The origin keeps other pages in the same browser away, "forwarded" whoever comes through a proxy on this machine.
    if not desk.settings.codec_trusts_loopback or request.client is None or "x-forwarded-for" in request.headers:
        return False
    if request.headers.get("origin") != desk.settings.temporal_ui_origin:
        return False
    return ipaddress.ip_address(request.client.host).is_loopback


User = Annotated[Actor, Depends(_user)]


@router.post("/decode")
async def decode(request: Request, desk: TheDesk, user: User) -> Response:
    """Open payloads; audited before anybody sees them."""
    body = await _converted(decode_endpoint, request, desk)
    await desk.note(user, "payloads_decoded", {"bytes": len(body)})
    return Response(body, media_type="application/json", headers=_cors(request, desk))


@router.post("/encode")
async def encode(request: Request, desk: TheDesk, _user: User) -> Response:
    """Seal payloads, for a signal or an update that somebody sends from the Web UI."""
    body = await _converted(encode_endpoint, request, desk)
    return Response(body, media_type="application/json", headers=_cors(request, desk))


@router.options("/decode", include_in_schema=False)
@router.options("/encode", include_in_schema=False)
async def preflight(request: Request, desk: TheDesk) -> Response:
    return Response(status_code=204, headers=_cors(request, desk))


async def _converted(convert: Callable[[SealingCodec, bytes], Awaitable[bytes]], request: Request, desk: Desk) -> bytes:
    try:
        return await convert(desk.codec, await request.body())
    except ValueError as error:
        raise Problem(400, str(error), headers=_cors(request, desk)) from None
