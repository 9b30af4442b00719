"""A small desk of the contract's shape that the command line asks over real HTTP, and how it is run."""

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from desk.cli.app import main

SECRET = "whsec_" + "A" * 43 + "="


@dataclass
class SmallDesk:
    """Answers by path and remembers what it was asked."""

    url: str = ""
    asked: list[tuple[Request, bytes]] = field(default_factory=list)
    answers: dict[str, list[Response]] = field(default_factory=dict)

    def will_answer(self, path: str, content: Any, status: int = 200, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.setdefault(path, []).append(JSONResponse(content, status, headers=named))

    async def __call__(self, request: Request) -> Response:
        self.asked.append((request, await request.body()))
        waiting = self.answers.get(request.url.path, [])
        return waiting.pop(0) if waiting else JSONResponse({"title": "Not Found", "status": 404}, 404)

    @property
    def body(self) -> Any:
        return json.loads(self.asked[-1][1])

    @property
    def request(self) -> Request:
        return self.asked[-1][0]


@pytest.fixture(scope="module")
def running() -> Iterator[SmallDesk]:
    desk = SmallDesk()

    async def answer(request: Request) -> Response:
        return await desk(request)

    app = Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])
    with socket.create_server(("127.0.0.1", 0)) as listening:
        desk.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield desk
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def desk(running: SmallDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallDesk:
    """The desk of a local stack in an otherwise empty environment."""
    running.asked.clear()
    running.answers.clear()
    for name, content in (
        ("addresses", {"desk": running.url}),
        ("tokens", {"supervisor": "s-token", "pharmacist": "p-token"}),
        ("sources", {"springfield-general": SECRET}),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    monkeypatch.setenv("FIRSTDOSE_STATE", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("FIRSTDOSE_URL", "FIRSTDOSE_TOKEN", "FIRSTDOSE_SOURCES"):
        monkeypatch.delenv(name, raising=False)
    return running


@dataclass
class Ran:
    code: object
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def _run(*arguments: str) -> Ran:
        with pytest.raises(SystemExit) as leaving:
            main(arguments)
        printed = capsys.readouterr()
        return Ran(leaving.value.code or 0, printed.out, printed.err)

    return _run
