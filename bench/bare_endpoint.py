"""The yardstick of intake: `python -m bench.bare_endpoint PORT` keeps each body in one row and says so, nothing else."""

import asyncio
import sys
from pathlib import Path
from uuid import uuid4

import aiosql
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from desk.serve import http_server
from firstdose.adapters.postgres.pool import Pool, database
from firstdose.settings import load_settings
from local.ports import LOOPBACK

_sql = aiosql.from_path(Path(__file__).with_name("bare_intake.sql"), "asyncpg")


async def serve(port: int) -> None:
    """On the desk's server, with the desk's pool, until told to stop."""
    dsn = load_settings(require=("DATABASE_URL",)).database_url
    async with database(dsn.get_secret_value() if dsn else "") as pool:
        await _sql.create_table(pool)
        await http_server(_app(pool), LOOPBACK, port).serve()


def _app(pool: Pool) -> Starlette:
    async def keep(request: Request) -> Response:
        row = str(uuid4())
        await _sql.keep(pool, id=row, body=await request.body())
        return JSONResponse({"id": row}, status_code=202)

    async def health(_: Request) -> Response:
        return Response()

    return Starlette(routes=[Route("/messages", keep, methods=["POST"]), Route("/healthz", health)])


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
