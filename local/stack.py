"""The whole system on one machine, in order: servers, schema, outside world, worker, desk. Each kept alive."""

import asyncio
import contextlib
import os
import string
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self

import asyncpg

from firstdose.adapters.postgres.keys.keyed_database import was_begun
from firstdose.adapters.postgres.pool import UnfitServer
from firstdose.ports import Unavailable
from firstdose.settings import child_environment
from local.children import Child, Ready, StartFailedError
from local.environment import Addresses, product_environment
from local.issuer import issue_tokens, require_loopback
from local.ports import LOOPBACK, choose_ports
from local.postgres import EmbeddedPostgres
from local.readiness import accepts_connections, serves
from local.state import StateDirectory
from local.supervisor import Supervisor
from local.temporal_server import NAMESPACE, EmbeddedTemporal
from simulator.pace import DEMO_SPEED
from simulator.plans import as_csv, made_up_plans

_USUAL_PORTS = {"desk": 8080, "temporal": 7233, "temporal_ui": 8233, "payer": 8090, "postgres": None}
_QUEUE = "referrals"
_BETWEEN_QUESTIONS = 0.2
"""Seconds; each question about the queue starts a program."""

Command = Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Programs:
    """The commands of the product's processes; `operate` and `simulator` get their arguments appended."""

    operate: Command = (sys.executable, "-m", "desk")
    simulator: Command = (sys.executable, "-m", "simulator")
    worker: Command = (sys.executable, "-m", "workers")
    desk: Command = (sys.executable, "-m", "desk", "serve")


@dataclass(frozen=True, kw_only=True)
class StackOptions:
    """How to run a local stack.

    `ports` are insisted on (`desk`, `temporal`, `temporal_ui`, `payer`, `postgres`); others are chosen and remembered.
    A server whose address is given is used and not started. `speed` is simulated time per real time. `imports` are the
    files for `<register> import` (payers, nurses, stock), in their order, at each start; in them `${payer_url}` stands
    for the simulator's address.
    """

    state: Path = Path(".firstdose")
    host: str = LOOPBACK
    ports: Mapping[str, int] = field(default_factory=dict)
    simulator: bool = True
    speed: float = DEMO_SPEED
    database_url: str | None = None
    temporal_address: str | None = None
    namespace: str = NAMESPACE
    policy: Path | None = None
    imports: Mapping[str, Path] = field(default_factory=dict)
    plans: int = 0
    """Made-up plans to import besides; they are reached at the simulator."""
    environment: Mapping[str, str] = field(default_factory=dict)
    programs: Programs = Programs()


class LocalStack:
    """`async with LocalStack(options) as stack:` runs it until the block ends; its state stays.

    Enter it from the main thread. `report` gets one line for each step and for each child that dies or returns.
    Raises StateInUseError, KeysMissingError, StartFailedError, PortTakenError, NotLoopbackError.
    """

    addresses: Addresses
    """Where everything answers; there once the stack is ready."""

    def __init__(self, options: StackOptions, *, report: Callable[[str], None] = lambda _: None) -> None:
        self.state = StateDirectory(options.state)
        self.supervisor = Supervisor(report=report, changed=self._note_pids)
        self._options = options
        self._report = report
        self._ports: dict[str, int] = {}
        self._environment: dict[str, str] = {}
        self._temporal: EmbeddedTemporal | None = None
        self._open = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        require_loopback(self._options.host)
        async with contextlib.AsyncExitStack() as opened:
            opened.enter_context(self.state)
            await self.state.clear_remains()
            opened.callback(self.state.write, "pids.json", {})
            opened.push_async_callback(self.supervisor.stop)
            opened.callback(self.state.remove, "addresses.json")
            await self._start()
            self._open = opened.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._report("stopping")
        await self._open.aclose()

    async def _start(self) -> None:
        self._ports = choose_ports(
            _USUAL_PORTS, asked=self._options.ports, remembered=self.state.read("ports.json", dict[str, int]())
        )
        self.state.write("ports.json", self._ports)
        issue_tokens(self.state, now=datetime.now(UTC))
        await self._start_servers()
        self.state.require_keys(begun=await self._was_begun())
        self._environment = self._told()
        await self._prepare_records()
        await self._start_processes()
        self.state.write("addresses.json", asdict(self.addresses))

    async def _start_servers(self) -> None:
        """PostgreSQL and Temporal, each only if the options name none; then every address is known."""
        options = self._options
        postgres = None if options.database_url else self._embedded_postgres()
        self._temporal = None if options.temporal_address else self._embedded_temporal()
        if servers := [server for server in (postgres, self._temporal) if server]:
            self._report(f"starting {' and '.join(server.name for server in servers)}")
            await self.supervisor.start(*servers)
        self.addresses = Addresses(
            desk=self._url("desk"),
            temporal=self._temporal.address if self._temporal else str(options.temporal_address),
            temporal_ui=self._temporal.ui_url if self._temporal else None,
            database=postgres.dsn if postgres else str(options.database_url),
            payer=self._url("payer") if options.simulator else None,
            namespace=NAMESPACE if self._temporal else options.namespace,
        )

    async def _was_begun(self) -> bool:
        try:
            return await was_begun(self.addresses.database)
        except (OSError, ValueError, asyncpg.PostgresError, UnfitServer, Unavailable) as error:
            raise StartFailedError(f"The database cannot be used ({type(error).__name__}).") from None

    def _embedded_postgres(self) -> EmbeddedPostgres:
        directory = self.state.path / "postgres"
        return EmbeddedPostgres(directory, port=self._ports["postgres"], log=self._log("postgres"))

    def _embedded_temporal(self) -> EmbeddedTemporal:
        return EmbeddedTemporal(
            self.state.path / "temporal.db",
            port=self._ports["temporal"],
            ui_port=self._ports["temporal_ui"],
            codec_endpoint=f"{self._url('desk')}/codec",
            log=self._log("temporal"),
        )

    def _told(self) -> dict[str, str]:
        policy = {"FIRSTDOSE_POLICY_FILE": str(self._options.policy.absolute())} if self._options.policy else {}
        product = product_environment(self.state, self.addresses, desk_port=self._ports["desk"])
        return child_environment({**product, **policy, **self._options.environment})

    async def _prepare_records(self) -> None:
        operate = self._options.programs.operate
        self._report("migrating the database")
        await self._child("migrate", [*operate, "migrate"]).run()
        for register, file in self._options.imports.items():
            self._report(f"importing {register}")
            await self._child(f"import-{register}", [*operate, register, "import", str(self._filled_in(file))]).run()
        if self._options.plans:
            self._report(f"importing {self._options.plans} made-up plans")
            await self._child("import-plans", [*operate, "payers", "import", str(self._made_up_plans())]).run()

    async def _start_processes(self) -> None:
        programs = self._options.programs
        if self.addresses.payer:
            self._report("starting the simulated outside world")
            ready = partial(accepts_connections, self._ports["payer"])
            command = [*programs.simulator, *self._simulator_arguments()]
            await self.supervisor.start(self._child("simulator", command, ready))
        self._report("starting the worker and the desk")
        desk_ready = partial(serves, self._ports["desk"], "/readyz")
        await self.supervisor.start(
            self._child("worker", programs.worker, self._worker_polls if self._temporal else None),
            self._child("desk", programs.desk, desk_ready),
        )

    def _simulator_arguments(self) -> list[str]:
        told = {
            "payer-port": self._ports["payer"],
            "desk": self.addresses.desk,
            "tokens": self.state.path / "tokens.json",
            "sources": self.state.path / "sources.json",
            "payer-state": self.state.path / "payer.jsonl",
            "speed": self._options.speed,
        }
        return [part for name, value in told.items() for part in (f"--{name}", str(value))]

    async def _worker_polls(self) -> bool:
        await asyncio.sleep(_BETWEEN_QUESTIONS)
        worker = self.supervisor.children["worker"]
        return bool(self._temporal and worker.started and await self._temporal.is_polled(_QUEUE, since=worker.started))

    def _child(self, name: str, command: Command, ready: Ready | None = None) -> Child:
        lock = self.state.path / f"{name}.lock"
        return Child(
            name, command, lock=lock, log=self._log(name), environment=self._environment, ready=ready, patience=60
        )

    def _filled_in(self, file: Path) -> Path:
        text = string.Template(file.read_text()).safe_substitute(payer_url=self._url("payer"))
        return self.state.write_text(f"seed-{file.name}", text)

    def _made_up_plans(self) -> Path:
        plans = made_up_plans(self._options.plans, payer_url=self._url("payer"))
        return self.state.write_text("seed-plans.csv", as_csv(plans))

    def _note_pids(self, children: Mapping[str, int]) -> None:
        self.state.write("pids.json", {"stack": os.getpid(), **children})

    def _log(self, name: str) -> Path:
        return self.state.logs / f"{name}.log"

    def _url(self, name: str) -> str:
        return f"http://{LOOPBACK}:{self._ports[name]}"
