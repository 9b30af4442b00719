"""A payer's server, as a process, that talks too much: the first answer to each operation repeats what was asked."""

import argparse
import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

import uvicorn
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from simulator.payer import payer_app
from simulator.payer_book import PayerBook

LOUD = {
    "CoverageEligibilityRequest/$submit": 503,
    "Claim/$submit": 200,
    "Claim/$inquire": 500,
    "Subscription": 302,
}
"""Status of the first answer to each."""


class Indiscreet:
    """Notes every URL that it was asked for in the file `heard`."""

    def __init__(self, app: ASGIApp, heard: Path) -> None:
        self._app = app
        self._heard = heard
        self._loud = dict(LOUD)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._heard.open("ab") as heard:
            heard.write(scope["raw_path"] + b"?" + scope["query_string"] + b"\n")
        status = self._loud.pop(scope["path"].partition("/fhir/")[2].partition("/")[2], None)
        if status is None:
            await self._app(scope, receive, send)
            return
        asked = (await Request(scope, receive).body()).decode()
        headers = {name: quote(asked[:2000]) for name in ("retry-after", "location", "x-request")}
        await HTMLResponse(f"<html>Cannot process {asked}</html>", status, headers)(scope, receive, send)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--payer-port", type=int)
    parser.add_argument("--payer-state", type=Path)
    parser.add_argument("--speed", type=float)
    told, _ = parser.parse_known_args()
    app: Any = Indiscreet(payer_app(PayerBook(speed=told.speed)), told.payer_state.with_name("payer-urls"))
    config = uvicorn.Config(app, host="127.0.0.1", port=told.payer_port, log_config=None, access_log=False)
    asyncio.run(uvicorn.Server(config).serve())


if __name__ == "__main__":
    main()
