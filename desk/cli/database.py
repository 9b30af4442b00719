"""The database and the keys, for the commands of operation that work on them directly."""

import os
import pwd
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from desk.cli.failure import Failure, Unreachable
from desk.cli.local_stack import LocalStackFiles
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.keyring.sealing import Unsealable
from firstdose.adapters.logs import configure_logs
from firstdose.adapters.postgres.keys.check import UnfitKeys
from firstdose.adapters.postgres.keys.keyed_database import keyed_database
from firstdose.adapters.postgres.migrate import ChangedMigration
from firstdose.adapters.postgres.pool import Pool, UnfitServer, transient
from firstdose.domain.work.role import Actor, ActorKind
from firstdose.ports import Unavailable
from firstdose.settings import Settings, load_settings


def operator() -> str:
    """Who the audit names for a command on this machine: FIRSTDOSE_OPERATOR, else the user's name here."""
    return Actor(kind=ActorKind.OPERATOR, id=load_settings().operator or _user()).label


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def settings_of_an_operator(*require: str) -> Settings:
    """Of the environment; where it names no keys, of the running local stack. Raises SettingsError, Failure."""
    settings = load_settings()
    local = {} if settings.keys else LocalStackFiles.running(settings.state).environment()
    settings = load_settings(require=require, environ=local or None)
    configure_logs(settings.log_level, settings.log_format)
    return settings


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[Pool, Keyring]]:
    """A pool and the keyring, which is the one of this database. Raises SettingsError, Unreachable, Failure."""
    settings = settings_of_an_operator("DATABASE_URL", "FIRSTDOSE_KEYS")
    keyring = Keyring(settings.key_material())
    async with database_failures(), keyed_database(dsn_of(settings), keyring, "command", size=2) as pool:
        yield pool, keyring


def dsn_of(settings: Settings) -> str:
    return settings.database_url.get_secret_value() if settings.database_url else ""


@asynccontextmanager
async def database_failures() -> AsyncIterator[None]:
    """Turns errors of the database into a Failure with the next step."""
    try:
        yield
    except Exception as error:
        if failure := _failure_of(error):
            raise failure from None
        raise


def _failure_of(error: Exception) -> Failure | None:
    match error:
        case UnfitKeys():
            return Failure(str(error))
        case UnfitServer() | ChangedMigration():
            return Failure(f"database: {error}")
        case Unsealable():
            return Failure("FIRSTDOSE_KEYS lacks a key that the database needs: put the older keys back behind it")
        case asyncpg.UndefinedTableError():
            return Failure("the database is not set up: `firstdose migrate`")
        case asyncpg.InvalidAuthorizationSpecificationError() | asyncpg.InvalidCatalogNameError():
            return Failure("the database refuses us: look at the user, password and database in DATABASE_URL")
        case asyncpg.InterfaceError() if isinstance(error, ValueError):
            return Failure("DATABASE_URL cannot be read: `postgresql://user:password@host:port/database`")
        case BrokenPipeError():
            return None
        case _ if isinstance(error, Unavailable) or transient(error):
            return Unreachable("the database does not answer: look at DATABASE_URL and at the server")
        case _:
            return None
