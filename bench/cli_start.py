"""How long a person waits for the command line, in whole processes."""

import asyncio
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import perf_counter

from bench.figures import Report, median, rounded
from firstdose.settings import child_environment

TARGET_S = 0.3
_PROGRAM = str(Path(sys.executable).parent / "firstdose")
_COMMANDS: Mapping[str, tuple[Sequence[str], int]] = {
    "python": ((sys.executable, "-c", "pass"), 0),
    "help": ((_PROGRAM, "--help"), 0),
    "list": ((_PROGRAM, "list"), 3),
}
"""Each with its exit code; `list` finds no desk."""


async def measure(*, quick: bool) -> Report:
    """Median wall time of each command; the interpreter alone for comparison."""
    took: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    with tempfile.TemporaryDirectory() as folder:
        nowhere = {"FIRSTDOSE_STATE": folder, "FIRSTDOSE_URL": "http://127.0.0.1:9", "FIRSTDOSE_TOKEN": "none"}
        for turn in range(4 if quick else 11):
            for name, (command, code) in _COMMANDS.items():
                seconds = await _run(command, child_environment(nowhere), code)
                if turn:  # the first finds cold caches
                    took[name].append(seconds)
    return {
        "target_s": TARGET_S,
        **{f"{name}_s": median(each) for name, each in took.items()},
        "times_python": {
            name: rounded(median(took[name]) / median(took["python"])) for name in took if name != "python"
        },
    }


async def _run(command: Sequence[str], environment: Mapping[str, str], code: int) -> float:
    begun = perf_counter()
    silent = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=silent, stderr=silent)
    assert await process.wait() == code, (command, process.returncode)
    return perf_counter() - begun
