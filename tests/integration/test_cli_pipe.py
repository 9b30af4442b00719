"""A reader that closes the pipe ends a command quietly: no traceback, and no error."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.small_desk import SmallDesk, desk, running
from tests.integration.test_cli_desk import REFERRAL, ROW, WHY, WORK_ITEM

__all__ = ["desk", "running"]

MANY = 2_000
"""Rows: more than a pipe or a buffer holds."""


def closed_at_once(*arguments: str) -> tuple[int, str]:
    """The exit code and what stood on stderr, with nobody who reads stdout."""
    read, write = os.pipe()
    os.close(read)
    with subprocess.Popen(
        [sys.executable, "-m", "desk", *arguments], stdout=write, stderr=subprocess.PIPE, text=True
    ) as process:
        os.close(write)
        _, said = process.communicate(timeout=120)
    return process.returncode, said


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("keys",), ("hold", "--help"), ("--version",), ("--show-completion", "bash"), ("doctor",)],
    ids=" ".join,
)
def test_what_asks_no_desk(arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRSTDOSE_STATE", str(tmp_path))
    assert closed_at_once(*arguments) == (0, "")


@pytest.mark.parametrize(
    "arguments",
    [("list",), ("list", "--json"), ("work",), ("work", "--json"), ("timeline", REFERRAL), ("why", REFERRAL)],
    ids=" ".join,
)
def test_what_asks_a_desk(desk: SmallDesk, arguments: tuple[str, ...]) -> None:
    entry = {"at": ROW["created_at"], "what": "stage", "actor": "system", "details": {}}
    desk.will_answer("/api/referrals", {"items": [ROW] * MANY, "cursor": None})
    desk.will_answer("/api/work-items", {"items": [WORK_ITEM] * MANY, "cursor": None})
    desk.will_answer(f"/api/referrals/{REFERRAL}/timeline", [entry] * MANY)
    desk.will_answer(f"/api/referrals/{REFERRAL}/why", WHY)
    assert closed_at_once(*arguments) == (0, "")


def test_an_error_of_usage_stays_one(desk: SmallDesk) -> None:
    code, said = closed_at_once("hodl")
    assert (code, len(said.splitlines())) == (2, 1)
