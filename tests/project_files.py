"""The project's own files, for the tests that read them all: what is written, without what is installed or recorded."""

from collections.abc import Iterator
from pathlib import Path

REPO = Path(__file__).parents[1]
NOT_OURS = {".git", ".venv", ".firstdose", "build", "histories", "__pycache__"}
WRITTEN = {".css", ".html", ".js", ".md", ".py", ".sh", ".sql", ".svg", ".toml", ".yaml", ".yml"}


def written_files() -> list[Path]:
    """Every file that a person wrote, sorted."""
    return sorted(_written_in(REPO))


def _written_in(directory: Path) -> Iterator[Path]:
    for entry in directory.iterdir():
        if entry.is_dir():
            if (
                entry.name not in NOT_OURS
                and not entry.name.endswith(("_cache", ".egg-info"))
                and not entry.is_symlink()
            ):
                yield from _written_in(entry)
        elif entry.suffix in WRITTEN or entry.name in {"Makefile", "Dockerfile", ".env.example"}:
            yield entry


def name_of(file: Path) -> str:
    return str(file.relative_to(REPO))
