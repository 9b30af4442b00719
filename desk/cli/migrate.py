"""`migrate`: what has to be there before any process starts, in the database and in Temporal."""

from typing import NoReturn

from desk.cli import display
from desk.cli.database import database_failures, dsn_of, settings_of_an_operator
from desk.cli.failure import DONE
from desk.cli.temporal import connected, run
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.keys.keyed_database import migrate_keyed
from firstdose.adapters.search_attributes import register_search_attributes
from workflows.messages import SEARCH_ATTRIBUTES


def migrate() -> NoReturn:
    """Apply what is missing; harmless if nothing is."""
    run(_migrate())


async def _migrate() -> int:
    settings = settings_of_an_operator("DATABASE_URL", "FIRSTDOSE_KEYS")
    keyring = Keyring(settings.key_material())
    async with database_failures():
        applied = await migrate_keyed(dsn_of(settings), keyring)
    display.line(f"database: {', '.join(applied) or 'nothing to apply'}")
    client = await connected(settings, keyring)
    added = await register_search_attributes(client, SEARCH_ATTRIBUTES)
    display.line(f"search attributes: {', '.join(added) or 'all registered'}")
    return DONE
