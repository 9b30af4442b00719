"""`payers import`, `nurses import`, `stock import`: the tables that a pharmacy edits in files (CSV, YAML, JSON)."""

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from desk.cli import display
from desk.cli.data_file import read_bytes
from desk.cli.database import opened, operator
from desk.cli.failure import DONE, FAILED
from desk.cli.options import AsJson, DataFile
from desk.cli.register_file import parse_register
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.staff.imports import Importer, ImportReport
from firstdose.adapters.postgres.staff.roster import PostgresRoster
from firstdose.adapters.postgres.staff.stock import PostgresPharmacy

Import = Callable[[Iterable[Any], Importer], Awaitable[ImportReport]]


async def payers(file: DataFile, /, *, as_json: AsJson = False) -> int:
    """Take over the plans of a file (docs/plans.md); one that it does not name stays as it is."""
    return await _take_over(file, lambda pool, _: PayerTable(pool).import_payers, as_json=as_json)


async def nurses(file: DataFile, /, *, as_json: AsJson = False) -> int:
    """Take over the roster of nurses."""
    return await _take_over(
        file,
        lambda pool, keyring: PostgresRoster(pool, Vault(keyring), AuditTrail(keyring)).import_nurses,
        as_json=as_json,
    )


async def stock(file: DataFile, /, *, as_json: AsJson = False) -> int:
    """Take over the drugs in stock."""
    return await _take_over(
        file, lambda pool, keyring: PostgresPharmacy(pool, AuditTrail(keyring)).import_stock, as_json=as_json
    )


async def _take_over(file: Path, importer: Callable[[Pool, Keyring], Import], *, as_json: bool) -> int:
    data = read_bytes(file)
    rows = parse_register(data, file)
    async with opened() as (pool, keyring):
        by = Importer(AuditTrail(keyring), actor=operator(), sha256=hashlib.sha256(data).hexdigest())
        report = await importer(pool, keyring)(rows, by)
    if as_json:
        display.as_json(report.model_dump(mode="json"))
    else:
        display.table(
            ("LINE", "PROBLEM"),
            ((str(line), problem) for line, problem in report.problems),
            empty=f"{report.changed} changed, {report.unchanged} as they were",
        )
    return FAILED if report.problems else DONE
