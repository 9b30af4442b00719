"""`payers import`, `nurses import`, `stock import`: the tables that a pharmacy edits in files (YAML or JSON)."""

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import yaml

from desk.cli import display
from desk.cli.data_file import read_bytes
from desk.cli.database import opened
from desk.cli.failure import DONE, FAILED, Misuse
from desk.cli.options import AsJson, DataFile
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.imports import ImportReport
from firstdose.adapters.postgres.payers import PayerTable
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.roster import PostgresRoster
from firstdose.adapters.postgres.stock import PostgresPharmacy
from firstdose.adapters.postgres.vault import Vault

Import = Callable[[Iterable[Any]], Awaitable[ImportReport]]


async def payers(file: DataFile, /, *, as_json: AsJson = False) -> int:
    """Take over the payers of a file; one that it does not name stays as it is."""
    return await _take_over(file, lambda pool, _: PayerTable(pool).import_payers, as_json=as_json)


async def nurses(file: DataFile, /, *, as_json: AsJson = False) -> int:
    """Take over the roster of nurses."""
    return await _take_over(
        file, lambda pool, keyring: PostgresRoster(pool, Vault(keyring)).import_nurses, as_json=as_json
    )


async def stock(file: DataFile, /, *, as_json: AsJson = False) -> int:
    """Take over the drugs in stock."""
    return await _take_over(file, lambda pool, _: PostgresPharmacy(pool).import_stock, as_json=as_json)


async def _take_over(file: Path, importer: Callable[[Pool, Keyring], Import], *, as_json: bool) -> int:
    rows = _rows(file)
    async with opened() as (pool, keyring):
        report = await importer(pool, keyring)(rows)
    if as_json:
        display.as_json(report.model_dump(mode="json"))
    else:
        display.table(
            ("ROW", "PROBLEM"),
            ((str(row), problem) for row, problem in report.problems),
            empty=f"{report.changed} changed, {report.unchanged} as they were",
        )
    return FAILED if report.problems else DONE


def _rows(file: Path) -> list[Any]:
    """The list in the file, at its top or under its only key. Raises Misuse."""
    try:
        content = yaml.safe_load(read_bytes(file))
    except yaml.YAMLError:
        raise Misuse(f"{file}: neither YAML nor JSON") from None
    if isinstance(content, dict) and len(content) == 1:
        (content,) = content.values()
    if not isinstance(content, list):
        raise Misuse(f"{file}: a list of rows is needed")
    return content
