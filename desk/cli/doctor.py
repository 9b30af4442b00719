"""`doctor`: checks everything that the processes need, and prints a fix for each problem."""

import asyncio
from typing import NoReturn

from rich.text import Text

from desk.cli import checkup, display
from desk.cli.database import settings_of_an_operator
from desk.cli.failure import DONE, FAILED
from desk.cli.finding import Finding
from desk.cli.options import AsJson
from desk.cli.temporal import run
from firstdose.settings import SettingsError


def doctor(*, as_json: AsJson = False) -> NoReturn:
    """Check the installation: of the environment's settings, or else of the running local stack."""
    run(_doctor(as_json=as_json))


async def _doctor(*, as_json: bool) -> int:
    findings = await _findings()
    if as_json:
        display.as_json([{**finding._asdict(), "well": finding.well} for finding in findings])
    else:
        rows = (
            (Text("ok", "green") if each.well else Text("!!", "bold red"), each.subject, each.said, each.fix)
            for each in findings
        )
        display.table(("", "CHECK", "FOUND", "FIX"), rows, empty="")
    return DONE if all(finding.well for finding in findings) else FAILED


async def _findings() -> list[Finding]:
    python = checkup.python()
    try:
        settings = settings_of_an_operator()
    except SettingsError as error:
        return [python, Finding("settings", "not usable", str(error))]
    database, temporal, desk = await asyncio.gather(
        checkup.database(settings), checkup.temporal(settings), checkup.desk(settings, checkup.desk_url(settings))
    )
    return [python, checkup.keys(settings), *database, *temporal, *desk]
