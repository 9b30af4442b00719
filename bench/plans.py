"""How long a process looks for a plan among a thousand, by its id and by its name."""

import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from time import perf_counter

from bench.figures import Report, rounded, spread
from firstdose.adapters.postgres.migrate import migrate
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.pool import database
from firstdose.domain.payer.channel import Plan
from local.postgres import EmbeddedPostgres
from simulator.plans import Row, made_up_plans

TARGET_MS = 1
_PLANS = 1000


async def measure(*, quick: bool) -> Report:
    """One look-up after the other, as a worker does (it remembers), and for comparison asking PostgreSQL each time.

    The import is of all of them, and then of the same file again.
    """
    rows = made_up_plans(_PLANS, payer_url="http://127.0.0.1:9")
    wanted = rows if quick else rows * 5
    with tempfile.TemporaryDirectory(prefix="firstdose-bench-") as folder:
        async with EmbeddedPostgres(Path(folder) / "postgres") as postgres:
            await migrate(postgres.dsn)
            async with database(postgres.dsn) as pool:
                table = PayerTable(pool)
                imported, again = [await _import(table, rows) for _ in range(2)]
                asked = await _looked_up(table, wanted)
                async with table.kept():
                    await _looked_up(table, rows)
                    remembered = await _looked_up(table, wanted)
    return {
        "target_ms": TARGET_MS,
        "plans": _PLANS,
        **remembered,
        "asking_postgresql": asked,
        "import_s": imported,
        "import_unchanged_s": again,
    }


async def _looked_up(table: PayerTable, rows: list[Row]) -> Report:
    return {
        "by_id": await _each(rows, lambda row: table.plan(row["id"].upper(), None)),
        "by_name": await _each(rows, lambda row: table.plan(None, row["name"].upper())),
    }


async def _import(table: PayerTable, rows: list[Row]) -> float:
    begun = perf_counter()
    report = await table.import_payers(rows)
    assert not report.problems, report.problems[0]
    return rounded(perf_counter() - begun)


async def _each(rows: list[Row], look_up: Callable[[Row], Awaitable[Plan]]) -> Report:
    took = []
    for row in rows:
        begun = perf_counter()
        plan = await look_up(row)
        took.append(perf_counter() - begun)
        assert plan.payer == row["id"]
    return spread(took)
