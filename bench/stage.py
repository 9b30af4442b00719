"""What a measurement stands on: a fresh PostgreSQL, Temporal and simulated payer, and settings that name them."""

import string
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from temporalio.client import Client

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.logs import configure_logs
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.migrate import migrate
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.pool import Pool, database
from firstdose.adapters.postgres.staff.roster import PostgresRoster
from firstdose.adapters.postgres.staff.stock import PostgresPharmacy
from firstdose.adapters.search_attributes import register_search_attributes
from firstdose.adapters.temporal import connect
from firstdose.settings import Settings, child_environment, load_settings
from local.children import Child
from local.dev import SEEDS
from local.environment import Addresses, product_environment
from local.ports import LOOPBACK, choose_ports
from local.postgres import EmbeddedPostgres
from local.readiness import accepts_connections, serves
from local.state import StateDirectory
from local.temporal_server import NAMESPACE, EmbeddedTemporal
from workflows.messages import SEARCH_ATTRIBUTES

_PORTS = dict.fromkeys(("desk", "bare", "payer", "temporal_ui"))
_POLICY = {
    "version": "bench",
    "dispatch": {"lead": "P60D", "report_early": "P60D"},
    "ages": {"assessment": "P3650D", "verification": "P3650D", "verified_in_month": False},
}
"""The nurse goes long before the visit: visits can lie apart, as they do, and nobody waits for one."""


@dataclass(frozen=True, kw_only=True)
class BenchServers:
    """Servers of one measurement's own; they and all that they hold are gone when it ends."""

    folder: Path
    ports: Mapping[str, int]
    environment: Mapping[str, str]
    settings: Settings
    keyring: Keyring
    client: Client
    pids: Mapping[str, int]
    """Of the servers, by name."""

    @property
    def dsn(self) -> str:
        return self.settings.database_url.get_secret_value() if self.settings.database_url else ""

    def process(self, name: str, *module: str) -> Child:
        """`python -m <module>` with this stage's settings; it is ready when it serves, a worker at once."""
        port = self.ports.get(name)
        return Child(
            name,
            [sys.executable, "-m", *module],
            lock=self.folder / f"{name}.lock",
            log=self.folder / f"{name}.log",
            environment=self.environment,
            ready=None if port is None else partial(serves, port, "/healthz"),
        )


@asynccontextmanager
async def set_up() -> AsyncIterator[BenchServers]:
    """Servers as the local stack runs them, migrated, with the made-up registers of the local stack."""
    async with AsyncExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="firstdose-bench-")))
        state = opened.enter_context(StateDirectory(folder / "state"))
        ports = choose_ports(_PORTS, asked={}, remembered={})
        postgres = EmbeddedPostgres(folder / "postgres")
        temporal = EmbeddedTemporal(folder / "temporal.db", ui_port=ports["temporal_ui"])
        servers = (postgres, temporal, _payer(folder, ports["payer"]))
        for server in servers:
            await opened.enter_async_context(server)
        addresses = Addresses(
            desk=f"http://{LOOPBACK}:{ports['desk']}",
            temporal=temporal.address,
            temporal_ui=temporal.ui_url,
            database=postgres.dsn,
            payer=f"http://{LOOPBACK}:{ports['payer']}",
            namespace=NAMESPACE,
        )
        told = product_environment(state, addresses, desk_port=ports["desk"])
        policy = state.write("policy.yaml", _POLICY)
        environment = child_environment({**told, "FIRSTDOSE_POLICY_FILE": str(policy), "FIRSTDOSE_LOG_LEVEL": "error"})
        settings = load_settings(environ=environment)
        configure_logs(settings.log_level, settings.log_format)
        keyring = Keyring(settings.key_material())
        client = await connect(settings, keyring, identity="bench")
        await register_search_attributes(client, SEARCH_ATTRIBUTES)
        await migrate(postgres.dsn)
        async with database(postgres.dsn) as pool:
            await _fill_registers(pool, keyring, addresses)
        yield BenchServers(
            folder=folder,
            ports=ports,
            environment=environment,
            settings=settings,
            keyring=keyring,
            client=client,
            pids={server.name: server.pid for server in servers if server.pid},
        )


def _payer(folder: Path, port: int) -> Child:
    """The simulated payers in a process of their own, at the pace of real time: what is pended stays pended."""
    return Child(
        "payer",
        [sys.executable, "-m", "simulator", "payer", "--port", str(port), "--speed", "1"],
        lock=folder / "payer.lock",
        log=folder / "payer.log",
        environment=child_environment({}),
        ready=partial(accepts_connections, port),
    )


async def _fill_registers(pool: Pool, keyring: Keyring, addresses: Addresses) -> None:
    audit, payer_url = AuditTrail(keyring), {"payer_url": addresses.payer}
    reports = (
        await PayerTable(pool).import_payers(_seed("payers", payer_url)),
        await PostgresRoster(pool, Vault(keyring), audit).import_nurses(_seed("nurses")),
        await PostgresPharmacy(pool, audit).import_stock(_seed("stock")),
    )
    assert not any(report.problems for report in reports), reports


def _seed(register: str, fill_in: Mapping[str, Any] | None = None) -> list[Any]:
    text = (SEEDS / f"{register}.yaml").read_text()
    rows: list[Any] = yaml.safe_load(string.Template(text).safe_substitute(fill_in or {}))
    return rows
