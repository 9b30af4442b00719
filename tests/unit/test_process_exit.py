"""A one-shot process ends with the code its work earned, and with nothing of an error's text."""

import subprocess
import sys

import pytest

SCRIPT = """
import logging, sys
from firstdose.adapters.logs import configure_logs
from firstdose.adapters.process import one_shot
from firstdose.settings import SettingsError
configure_logs("info", "json")

async def main():
    print("said", end="")
    {work}

one_shot(main())
"""


@pytest.mark.parametrize(
    ("work", "code", "said"),
    [
        ("return 0", 0, ""),
        ("return 3", 3, ""),
        ("sys.exit(2)", 2, ""),
        ("sys.exit()", 0, ""),
        ("raise KeyboardInterrupt", 130, ""),
        ("raise SettingsError('FIRSTDOSE_KEYS is not set')", 1, "FIRSTDOSE_KEYS is not set\n"),
        ("raise ValueError('CANARY')", 1, "ValueError"),
    ],
)
def test_exit_codes(work: str, code: int, said: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(work=work)], capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.returncode, ran.stdout) == (code, "said")
    assert said in ran.stderr
    assert "CANARY" not in ran.stderr
