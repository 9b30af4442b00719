"""The desk for a browser: a few static files, read once."""

from functools import cache
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from desk.http.problems import HttpProblem

router = APIRouter(include_in_schema=False)

_FOLDER: Final = Path(__file__).with_name("page")
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@router.get("/old")
async def index() -> Response:
    return _response("index.html")


@router.get("/docs")
async def docs() -> Response:
    return _response("docs.html")


@router.get("/page/{name}")
async def asset(name: str) -> Response:
    return _response(name)


def _response(name: str) -> Response:
    content = _files().get(name)
    if content is None:
        raise HttpProblem(404)
    return Response(content, media_type=_TYPES[Path(name).suffix], headers={"cache-control": "no-cache"})


@cache
def _files() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in _FOLDER.iterdir() if file.suffix in _TYPES}
