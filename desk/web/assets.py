"""The static files of the pages: style, script, icon."""

from functools import cache
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from desk.http.problems import HttpProblem
from desk.web.templating import STATIC, asset_version

router = APIRouter(include_in_schema=False)

_TYPES: Final = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_FOR_GOOD: Final = "public, max-age=31536000, immutable"


@router.get("/static/{name}")
async def asset(name: str, v: str | None = None) -> Response:
    """A file that is asked for with its version never changes."""
    content = _files().get(name)
    if content is None:
        raise HttpProblem(404)
    kept = _FOR_GOOD if v == asset_version(name) else "no-cache"
    media_type = _TYPES[f".{name.rpartition('.')[2]}"]
    return Response(content, media_type=media_type, headers={"cache-control": kept})


@cache
def _files() -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in STATIC.iterdir() if file.suffix in _TYPES}
