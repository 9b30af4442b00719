"""What tests share: a PostgreSQL server for the session, a migrated database for each test, keys, and a referral.

With DATABASE_URL set its server is used (the user needs CREATEDB); otherwise one is started from the installed wheel.
"""

import gc
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory
from typing import NamedTuple
from urllib.parse import urlsplit

import asyncpg
import pytest
from hypothesis import settings

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.migrate import migrate
from firstdose.adapters.postgres.pool import Pool, database
from firstdose.adapters.postgres.referrals.intake import Intake, WebhookDelivery
from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.source_message import CancelReason
from firstdose.settings import outer_servers
from local.postgres import EmbeddedPostgres

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

CHROMIUM = Path("/usr/bin/chromium")
MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30  # noqa: S108 - a folder in memory, not a name that others could guess
RECEIVED_AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
Refer = Callable[[], Awaitable[str]]

_numbers = count(1)


class Said(NamedTuple):
    """What a source says, as intake takes it."""

    source_referral_id: str
    referral: Referral | None = None
    reason: CancelReason | None = None
    note: str | None = None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole-matrix", action="store_true", help="also run what takes ten minutes by itself")
    parser.addoption("--need-browser", action="store_true", help="fail where there is no Chromium, instead of skipping")


def pytest_xdist_auto_num_workers() -> int:
    """Tests with servers of their own wait half of their time, so two processors keep three workers busy, or four.

    Four where the databases lie in memory and nobody waits for files.
    """
    return max(4 if _has_memory() else 3, os.cpu_count() or 1)


def _has_memory() -> bool:
    return MEMORY.is_dir() and disk_usage(MEMORY).free > ROOM


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Python 3.11 parses source to show a failure, and breaks if garbage that is collected meanwhile does so, too."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--need-browser") and not CHROMIUM.exists():
        raise pytest.UsageError(f"no Chromium at {CHROMIUM}, and --need-browser was given")
    if config.getoption("--whole-matrix"):
        return
    left_out = [item for item in items if item.get_closest_marker("whole_matrix")]
    items[:] = [item for item in items if item not in left_out]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[str]:
    """The DSN of a server on which databases can be made."""
    if outer := outer_servers().database_url:
        yield outer
        return
    with _quick_folder() as folder:
        async with EmbeddedPostgres(folder / "cluster") as postgres:
            yield postgres.dsn


@contextmanager
def _quick_folder() -> Iterator[Path]:
    """In memory, where there is room: the databases of tests are copied by the thousand."""
    with TemporaryDirectory(prefix="firstdose-", dir=MEMORY if _has_memory() else None) as name:
        folder = Path(name)
        folder.chmod(0o755)  # the server may run as another user
        yield folder


@pytest.fixture(scope="session")
async def template(server: str) -> AsyncIterator[str]:
    """The name of a migrated database, to be copied."""
    name = f"firstdose_test_{os.getpid()}"
    await _administer(server, f"CREATE DATABASE {name}")
    await migrate(_within(server, name))
    yield name
    await _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def dsn(server: str, template: str) -> AsyncIterator[str]:
    """A fresh migrated database of this test's own."""
    name = f"{template}_{next(_numbers)}"
    await _administer(server, f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _within(server, name)
    await _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def pool(dsn: str) -> AsyncIterator[Pool]:
    """A pool on this test's own database."""
    async with database(dsn) as opened:
        yield opened


@pytest.fixture(scope="session")
def keyring() -> Keyring:
    """One key, `k1`."""
    return Keyring({"k1": bytes(range(32))})


@pytest.fixture
def vault(keyring: Keyring) -> Vault:
    return Vault(keyring)


@pytest.fixture
def audit(keyring: Keyring) -> AuditTrail:
    return AuditTrail(keyring)


@pytest.fixture
def intake(pool: Pool, vault: Vault, audit: AuditTrail) -> Intake:
    return Intake(pool, vault, audit)


@pytest.fixture
def refer(intake: Intake) -> Refer:
    """`await refer()`: the id of a referral that has just come in, with its START message pending."""

    async def receive() -> str:
        number = f"R-{next(_numbers)}"
        data = {"source_referral_id": number, "patient": {"family_name": "Testperson", "address": {"state": "OH"}}}
        said = Said(number, Referral.read(data, today=RECEIVED_AT.date()))
        return (await intake.accept(WebhookDelivery("mercy", number, b"{}", said, RECEIVED_AT))).referral_id

    return receive


@pytest.fixture
async def referral_id(refer: Refer) -> str:
    return await refer()


def _within(server: str, name: str) -> str:
    return urlsplit(server)._replace(path=f"/{name}").geturl()


async def _administer(server: str, statement: str) -> None:
    connection = await asyncpg.connect(server)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
