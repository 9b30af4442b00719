"""`serve`: the desk as a process of its own, for real deployments."""

from desk.serve import serve as run_desk
from firstdose.settings import load_settings


def serve() -> None:
    """Run the desk until a stop signal."""
    run_desk(load_settings(require=("DATABASE_URL", "FIRSTDOSE_KEYS")))
