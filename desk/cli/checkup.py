"""What `doctor` looks at, each by using it: settings, database, Temporal, desk, clock. Nothing is changed."""

import asyncio
import socket
import sys
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx2
from temporalio.api.workflowservice.v1 import GetSystemInfoRequest
from temporalio.client import Client

from desk.cli.client import may_use_proxy
from desk.cli.database import database_failures, dsn_of
from desk.cli.failure import Failure
from desk.cli.finding import Finding
from desk.cli.stall_findings import stalled_in_store, stalled_in_temporal
from desk.cli.temporal import connected
from desk.cli.workers_checkup import build, workers
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.check import UnfitKeys, refuse_unfit_keys
from firstdose.adapters.postgres.keys.keyed_database import examined_database
from firstdose.adapters.postgres.keys.rotation import processes_without
from firstdose.adapters.postgres.messages.stalls import StallStore
from firstdose.adapters.postgres.messages.undelivered import UndeliveredStore
from firstdose.adapters.postgres.migrate import pending
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.search_attributes import SearchAttributeMismatch, missing_search_attributes
from firstdose.settings import Settings
from workflows.messages import SEARCH_ATTRIBUTES

_PATIENCE = timedelta(seconds=4)
_TOLERATED_SKEW = timedelta(seconds=60)
_OLDEST_PYTHON = (3, 11)


def python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    fix = "" if sys.version_info >= _OLDEST_PYTHON else "use Python 3.11 or newer"
    return Finding("python", version, fix)


def keys(settings: Settings) -> Finding:
    if not settings.keys:
        return Finding("keys", "none", "set FIRSTDOSE_KEYS, or start the local stack with `firstdose dev`")
    ring = Keyring(settings.key_material())
    return Finding("keys", f"{ring.active_id} active, {ring.root_id} root, {ring.root_fingerprint}")


async def database(settings: Settings) -> list[Finding]:
    """The server; if the schema is ours also its keys, what was not delivered and what stands still."""
    server = await _server(settings)
    if not server.well:
        return [server]
    async with database_failures(), examined_database(dsn_of(settings)) as pool:
        fitting = await _fitting_keys(pool, Keyring(settings.key_material())) if settings.keys else []
        return [server, *fitting, await _undelivered(pool), *await stalled_in_store(StallStore(pool))]


async def _fitting_keys(pool: Pool, keyring: Keyring) -> list[Finding]:
    """Whether our keys are those of the database, and of what else is connected to it."""
    try:
        await refuse_unfit_keys(pool, keyring)
    except UnfitKeys as problem:
        return [Finding("keys of the database", "others", str(problem))]
    fitting = Finding("keys of the database", "the same")
    if others := await processes_without(pool, keyring):
        fix = "restart with the same FIRSTDOSE_KEYS"
        return [fitting, Finding("keys of processes", f"another first key: {', '.join(others)}", fix)]
    return [fitting]


async def _undelivered(pool: Pool) -> Finding:
    found = await UndeliveredStore(pool, AuditTrail(Keyring({"none": bytes(32)}))).count()
    if any(found.values()):
        summary = f"{found['messages']} messages parked, {found['deliveries']} deliveries given up"
        return Finding("undelivered", summary, "`firstdose undelivered list`, mend, then `firstdose undelivered retry`")
    return Finding("undelivered", "nothing")


async def _server(settings: Settings) -> Finding:
    """Connecting also proves that the server keeps what it acknowledges."""
    if not settings.database_url:
        return Finding("database", "not named", "set DATABASE_URL")
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()), database_failures():
            missing = await pending(dsn_of(settings))
    except TimeoutError:
        return Finding("database", "does not answer", "start the server or correct DATABASE_URL")
    except Failure as failure:
        return Finding("database", "not usable", str(failure))
    if missing:
        return Finding("database", f"{len(missing)} migrations to apply", "`firstdose migrate`")
    return Finding("database", "up to date, durable")


async def temporal(settings: Settings) -> list[Finding]:
    """The server, and if there is one the search attributes of its namespace, and the workflows that stand still."""
    ring = Keyring(settings.key_material() or {"none": bytes(32)})
    try:
        client = await connected(settings, ring, patience=_PATIENCE)
    except Failure as failure:
        return [Finding("temporal", "does not answer", str(failure))]
    info = await client.workflow_service.get_system_info(GetSystemInfoRequest())
    return [
        Finding("temporal", f"server {info.server_version}, namespace {client.namespace}"),
        await _search_attributes(client),
        await workers(client),
        await build(client, settings.build_id),
        *await stalled_in_temporal(client),
    ]


async def _search_attributes(client: Client) -> Finding:
    try:
        missing = await missing_search_attributes(client, SEARCH_ATTRIBUTES)
    except SearchAttributeMismatch as problem:
        return Finding("search attributes", str(problem), "remove them from the namespace, then `firstdose migrate`")
    if missing:
        names = ", ".join(key.name for key in missing)
        return Finding("search attributes", f"missing: {names}", "`firstdose migrate`")
    return Finding("search attributes", f"all {len(SEARCH_ATTRIBUTES)} registered")


async def desk(settings: Settings, url: str) -> list[Finding]:
    """Whether the desk takes work, and whether its clock and ours agree as far as signatures need."""
    try:
        async with httpx2.AsyncClient(timeout=_PATIENCE.total_seconds(), trust_env=may_use_proxy(url)) as http:
            answer = await http.get(f"{url}/readyz")
    except (httpx2.TransportError, httpx2.InvalidURL):
        return [Finding("desk", f"none at {url}", "`firstdose serve`, or correct FIRSTDOSE_URL"), port(settings)]
    if not answer.is_success:
        return [Finding("desk", f"not ready ({answer.status_code})", "look at its log, and at the lines above")]
    return [Finding("desk", f"ready at {url}"), _clock(answer.headers.get("date"))]


def port(settings: Settings) -> Finding:
    """Whether `firstdose serve` could listen where the settings say."""
    try:
        with socket.create_server((settings.host, settings.port)):
            return Finding("port", f"{settings.port} is free")
    except OSError as error:
        return Finding("port", f"{settings.port}: {error.strerror}", "end what listens there, or set FIRSTDOSE_PORT")


def _clock(date: str | None) -> Finding:
    if date is None:
        return Finding("clock", "the desk tells no time")
    skew = abs(datetime.now(UTC) - parsedate_to_datetime(date))
    off = f"{skew.total_seconds():.0f} s off the desk's"
    return Finding("clock", off, "" if skew < _TOLERATED_SKEW else "synchronize the clocks: signatures depend on them")


def desk_url(settings: Settings) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return (settings.url or urlsplit(f"http://{host}:{settings.port}").geturl()).rstrip("/")
