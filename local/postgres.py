"""A real PostgreSQL in a directory, from a wheel's binaries: made, started, proven alive, healed after a kill."""

import asyncio
import os
import secrets
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

import asyncpg

from local.children import Child, StartFailedError, ending
from local.ports import LOOPBACK, free_port
from local.postgres_binaries import installed_postgres, is_reachable, reachable_copy, unprivileged_account

DATABASE = "firstdose"
_USER = "firstdose"
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}

# Values of a statement never go to the log: the statement and the error's detail are left out.
_SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "log_timezone": "UTC",
    "timezone": "UTC",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class EmbeddedPostgres(Child):
    """PostgreSQL on loopback with a password and checksums; everything it keeps lies in `directory`.

    `async with EmbeddedPostgres(path) as postgres: postgres.dsn` is all that a test needs. As root it runs as the user
    `postgres` or `nobody`. The lock file and the log lie beside the directory.
    """

    stop_signal = signal.SIGINT  # "fast": end the sessions, write a checkpoint
    orphan_signal = signal.SIGINT

    def __init__(self, directory: Path, *, port: int | None = None, log: Path | None = None) -> None:
        self.port = port or free_port()
        self._home = directory.absolute()
        self._data = self._home / "data"
        self.account = unprivileged_account(self._data)
        installation = installed_postgres()
        if self.account and not is_reachable(installation / "bin" / "postgres"):
            installation = reachable_copy(installation)
        self._programs = installation / "bin"
        super().__init__(
            "postgres",
            self._server(),
            lock=self._home.with_name(f"{self._home.name}.lock"),
            log=log or self._home.with_name(f"{self._home.name}.log"),
            environment=_ENVIRONMENT,
        )
        self.directory = self._data

    @property
    def dsn(self) -> str:
        """Address of the database, with the password. There is none before the first start."""
        return self.dsn_of(DATABASE)

    def dsn_of(self, database: str) -> str:
        """Address of another database of this server."""
        return f"postgresql://{_USER}:{self._password()}@{LOOPBACK}:{self.port}/{database}"

    async def create_database(self, name: str, *, template: str = "template1") -> str:
        """Make a database, as a copy of `template` (to which nobody may be connected); its DSN."""
        await self._ask("createdb", "--template", template, name)
        return self.dsn_of(name)

    async def prepare(self, lease: int) -> None:
        """Make the cluster if there is none; remove a pid file whose process, as the lease proves, is dead."""
        if not self._data.exists():
            await self._make_cluster(lease)
        (self._data / "postmaster.pid").unlink(missing_ok=True)

    async def answers(self) -> bool:
        """Whether the database takes a connection; it is made on the very first."""
        try:
            connection = await asyncpg.connect(self.dsn, timeout=5)
        except asyncpg.InvalidCatalogNameError:
            await self.create_database(DATABASE)
            return True
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
            return False
        await connection.close()
        return True

    async def _make_cluster(self, lease: int) -> None:
        """Run initdb in a fresh directory that gets its name only when it is complete."""
        fresh = self._home / "data.new"
        if fresh.exists():
            shutil.rmtree(fresh)
        fresh.mkdir(mode=0o700, parents=True)
        password = self._home / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        self._home.chmod(0o700)
        if self.account:
            for path in (self._home, fresh, password):
                os.chown(path, *self.account)
        self.directory = fresh
        initdb = await self.spawn(self._initdb(fresh), lease=lease, orphan_signal=signal.SIGKILL)
        if code := await self.ended(initdb):
            raise self._failed(f"initdb: {ending(code)}")
        self.directory = fresh.rename(self._data)

    def _initdb(self, data: Path) -> Sequence[str]:
        return [
            str(self._programs / "initdb"),
            f"--pgdata={self._seen(data)}",
            f"--username={_USER}",
            "--pwfile=../password",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
            "--data-checksums",
            "--no-instructions",
        ]

    def _server(self) -> Sequence[str]:
        settings = {"port": str(self.port), **_SETTINGS}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [str(self._programs / "postgres"), "-D", self._seen(self._data), *options]

    def _seen(self, data: Path) -> str:
        """The data directory as the server names it: another user may not be able to walk there, but is put inside."""
        return "/proc/self/cwd" if self.account else str(data)

    def _password(self) -> str:
        return (self._home / "password").read_text()

    async def _ask(self, program: str, *arguments: str) -> None:
        process = await asyncio.create_subprocess_exec(
            str(self._programs / program),
            *("--host", LOOPBACK, "--port", str(self.port), "--username", _USER, "--no-password"),
            *arguments,
            env={**_ENVIRONMENT, "PGPASSWORD": self._password()},
            stderr=asyncio.subprocess.PIPE,
        )
        _, complaint = await process.communicate()
        if process.returncode:
            raise StartFailedError(f"{program}: {complaint.decode(errors='replace').strip()}")
