"""Commands find the stack that runs: that of `firstdose dev`, else that of `firstdose demo`."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.small_desk import SmallDesk, desk, run, running
from tests.integration.test_cli_desk import ROW

__all__ = ["desk", "run", "running"]


@pytest.fixture
def demo(desk: SmallDesk, tmp_path: Path) -> Path:
    """The files of a running demo; nothing of a `firstdose dev`."""
    inside = tmp_path / "demo"
    inside.mkdir()
    for file in tmp_path.glob("*.json"):
        shutil.move(file, inside)
    desk.will_answer("/api/referrals", {"items": [ROW], "cursor": None})
    return inside


def test_a_running_demo_is_found(demo: Path, run: Any) -> None:
    assert ROW["number"] in run("list").out


def test_its_own_staff_act_there(desk: SmallDesk, demo: Path, run: Any) -> None:
    run("list", "--as", "pharmacist")
    assert desk.request.headers["authorization"] == "Bearer p-token"


def test_dev_comes_first(desk: SmallDesk, demo: Path, run: Any, tmp_path: Path) -> None:
    for file in demo.glob("*.json"):
        shutil.copy(file, tmp_path)
    (demo / "addresses.json").write_text('{"desk": "http://127.0.0.1:1"}')
    assert run("list").code == 0


def test_a_dev_that_was_killed_is_passed_over(demo: Path, run: Any, tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait(timeout=30)
    (tmp_path / "addresses.json").write_text('{"desk": "http://127.0.0.1:1"}')
    (tmp_path / "pids.json").write_text(json.dumps({"stack": gone.pid}))
    assert run("list").code == 0


def test_none_is_said_with_both_ways_to_start_one(demo: Path, run: Any) -> None:
    (demo / "addresses.json").unlink()
    ran = run("list")
    assert ran.code == 3
    assert "`firstdose dev` or `firstdose demo`" in ran.err
