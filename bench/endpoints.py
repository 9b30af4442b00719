"""`python -m bench.endpoints desk|bare PORT`: the desk without its relays, or the yardstick of intake.

The bare one runs on the same server and pool; it keeps each body in one row and says so, nothing else.
"""

import sys
from pathlib import Path
from uuid import uuid4

import aiosql
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from desk.http.app import create_app
from desk.http.app_context import open_desk
from desk.serve import http_server
from firstdose.adapters.logs import configure_logs
from firstdose.adapters.postgres.pool import Pool, database
from firstdose.adapters.process import one_shot
from firstdose.settings import Settings, load_settings
from local.ports import LOOPBACK

_sql = aiosql.from_path(Path(__file__).with_name("bare_intake.sql"), "asyncpg")


async def _desk(settings: Settings, port: int) -> None:
    async with open_desk(settings) as desk:
        await http_server(create_app(desk), LOOPBACK, port).serve()


async def _bare(settings: Settings, port: int) -> None:
    assert settings.database_url
    async with database(settings.database_url.get_secret_value()) as pool:
        await _sql.create_table(pool)
        await http_server(_one_insert(pool), LOOPBACK, port).serve()


def _one_insert(pool: Pool) -> Starlette:
    async def keep(request: Request) -> Response:
        row = str(uuid4())
        await _sql.keep(pool, id=row, body=await request.body())
        return JSONResponse({"id": row}, status_code=202)

    async def health(_: Request) -> Response:
        return Response()

    return Starlette(routes=[Route("/messages", keep, methods=["POST"]), Route("/healthz", health)])


async def _serve(which: str, port: int) -> int:
    settings = load_settings()
    configure_logs(settings.log_level, settings.log_format)
    await {"desk": _desk, "bare": _bare}[which](settings, port)
    return 0


if __name__ == "__main__":
    one_shot(_serve(sys.argv[1], int(sys.argv[2])))
