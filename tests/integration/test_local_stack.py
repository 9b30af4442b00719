"""The local stack as a whole: real servers, stand-ins for the product's own processes."""

import asyncio
import json
import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.keys.keyed_database import keyed_database
from local.children import StartFailedError
from local.issuer import NotLoopbackError
from local.ports import free_port, is_free
from local.readiness import accepts_connections
from local.stack import LocalStack, Programs, StackOptions
from local.state import KeysMissingError, StateInUseError

DESK = """
import http.server, os
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
http.server.HTTPServer((os.environ["FIRSTDOSE_HOST"], int(os.environ["FIRSTDOSE_PORT"])), Ready).serve_forever()
"""
SIMULATOR = """
import socket, sys, threading
server = socket.create_server(("127.0.0.1", int(sys.argv[sys.argv.index("--payer-port") + 1])))
threading.Event().wait()
"""
WORKER = """
import asyncio, os
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

@activity.defn
async def nothing(): ...

async def main():
    client = await Client.connect(os.environ["TEMPORAL_ADDRESS"])
    await Worker(client, task_queue="referrals", activities=[nothing]).run()

asyncio.run(main())
"""
TOLD = "import json, os, sys; print(json.dumps(sys.argv[1:]), file=open(os.environ['TOLD_TO'], 'a'))"
STAND_INS = Programs(
    operate=(sys.executable, "-c", TOLD),
    simulator=(sys.executable, "-c", SIMULATOR),
    worker=(sys.executable, "-c", WORKER),
    desk=(sys.executable, "-c", DESK),
)
IDLE = replace(STAND_INS, worker=("/bin/sleep", "600"))
PARTS = ["stack", "postgres", "temporal", "simulator", "worker", "desk"]

TERMINAL = """
import asyncio, os, sys
from pathlib import Path
from rich.console import Console
from local.dev import _run
from local.stack import Programs, StackOptions

programs = Programs(**eval(sys.argv[2]))
options = StackOptions(state=Path(sys.argv[1]), programs=programs, environment={"TOLD_TO": os.devnull})
asyncio.run(_run(options, Console(highlight=False, soft_wrap=True)))
"""

MakeOptions = Callable[..., StackOptions]
Open = Callable[[], Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
def options(tmp_path: Path) -> MakeOptions:
    def make(**changes: object) -> StackOptions:
        told: dict[str, object] = {
            "state": tmp_path / "state",
            "programs": STAND_INS,
            "environment": {"TOLD_TO": str(tmp_path / "told")},
            **changes,
        }
        return StackOptions(**told)  # type: ignore[arg-type]

    return make


@pytest.fixture
async def in_a_terminal(tmp_path: Path) -> AsyncIterator[Open]:
    """Runs the stack as `firstdose dev` does, in a process of its own; returns once it is ready."""
    started: list[asyncio.subprocess.Process] = []

    async def run() -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", TERMINAL, str(tmp_path / "state"), repr(vars(STAND_INS))),
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout is not None
        while not (line := await process.stdout.readline()).startswith(b"Ready."):
            assert line
        return process

    yield run
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.communicate()


def written(state: Path, name: str) -> dict[str, Any]:
    assert stat.S_IMODE((state / name).stat().st_mode) == 0o600
    content: dict[str, Any] = json.loads((state / name).read_text())
    return content


async def test_a_database_whose_keys_are_gone_gets_no_others(options: MakeOptions, dsn: str, tmp_path: Path) -> None:
    outer = options(database_url=dsn, temporal_address="127.0.0.1:9", simulator=False)
    keys = tmp_path / "state" / "keys"
    async with keyed_database(dsn, Keyring({"k1": bytes(32)}), "desk"):
        pass
    for _ in range(2):
        with pytest.raises(KeysMissingError, match=f"{keys} is missing"):
            await LocalStack(outer).__aenter__()
    assert not keys.exists()


async def test_it_comes_up_heals_each_part_and_goes_on_with_its_state(options: MakeOptions, tmp_path: Path) -> None:
    state = tmp_path / "state"
    lines: list[str] = []
    async with LocalStack(options(), report=lines.append) as stack:
        before = written(state, "addresses.json")
        assert list(before) == ["desk", "temporal", "temporal_ui", "database", "payer", "namespace"]
        assert list(written(state, "pids.json")) == PARTS
        with pytest.raises(StateInUseError, match=f"already running on {state}"):
            await LocalStack(options()).__aenter__()
        connection = await asyncpg.connect(stack.addresses.database)
        await connection.execute("CREATE TABLE doses (number int)")
        await connection.close()
        for part in PARTS[1:]:
            pid = written(state, "pids.json")[part]
            await stack.supervisor.crash(part)
            assert written(state, "pids.json")[part] != pid
            assert f"{part} ended (killed by SIGKILL), starting it again" in lines
        secrets = [(state / name).read_bytes() for name in ("keys", "billing-secret", "sources.json")]
    assert not await accepts_connections(int(before["desk"].rpartition(":")[2]))
    async with LocalStack(options()) as stack:
        assert written(state, "addresses.json") == before
        assert [(state / name).read_bytes() for name in ("keys", "billing-secret", "sources.json")] == secrets
        connection = await asyncpg.connect(stack.addresses.database)
        assert await connection.fetchval("SELECT count(*) FROM doses") == 0
        await connection.close()


async def test_killed_itself_it_leaves_nothing_behind_and_the_next_start_goes_on(
    in_a_terminal: Open, options: MakeOptions, tmp_path: Path
) -> None:
    first = await in_a_terminal()
    addresses, pids = written(tmp_path / "state", "addresses.json"), written(tmp_path / "state", "pids.json")
    first.kill()
    await first.communicate()
    async with LocalStack(options()):
        assert written(tmp_path / "state", "addresses.json") == addresses
        assert not set(written(tmp_path / "state", "pids.json").values()) & set(pids.values())


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
async def test_asked_to_stop_it_stops_everything_and_ends_well(
    in_a_terminal: Open, tmp_path: Path, stop: signal.Signals
) -> None:
    stack = await in_a_terminal()
    pids = written(tmp_path / "state", "pids.json")
    ports = json.loads((tmp_path / "state" / "ports.json").read_text())
    # A terminal sends Ctrl-C to the whole group: the children must not be in it, or they would not stop in order.
    assert [part for part in PARTS if os.getpgid(pids[part]) == stack.pid] == ["stack"]
    os.killpg(stack.pid, stop)
    output, _ = await stack.communicate()
    assert (stack.returncode, output.decode().split()) == (0, ["stopping", "stopped"])
    assert all(is_free(port) for port in ports.values())
    assert not any(psutil.pid_exists(pid) for pid in pids.values())
    assert written(tmp_path / "state", "pids.json") == {}
    assert not (tmp_path / "state" / "addresses.json").exists()


async def test_servers_that_exist_are_used_and_not_started(options: MakeOptions, dsn: str, tmp_path: Path) -> None:
    outer = options(
        database_url=dsn,
        temporal_address="temporal.example:7233",
        namespace="rehearsal",
        simulator=False,
        programs=IDLE,
    )
    async with LocalStack(outer) as stack:
        assert list(written(tmp_path / "state", "pids.json")) == ["stack", "worker", "desk"]
        assert stack.addresses.database == dsn
        assert (stack.addresses.temporal, stack.addresses.namespace) == ("temporal.example:7233", "rehearsal")
        assert stack.addresses.temporal_ui is stack.addresses.payer is None


@pytest.fixture
def outside(options: MakeOptions, dsn: str) -> MakeOptions:
    """Options for a stack that starts no server."""

    def make(**changes: object) -> StackOptions:
        nowhere = {"database_url": dsn, "temporal_address": "t.example:7233"}
        return options(**{"programs": IDLE, **nowhere, **changes})

    return make


async def test_registers_are_imported_and_payers_told_where_the_simulator_answers(
    outside: MakeOptions, tmp_path: Path
) -> None:
    payers, nurses = tmp_path / "payers.yaml", tmp_path / "nurses.yaml"
    payers.write_text("endpoint: ${payer_url}/fhir\nprice: $5\n")
    nurses.write_text("[]")
    port = free_port()
    async with LocalStack(outside(imports={"payers": payers, "nurses": nurses}, ports={"payer": port})):
        told = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    assert told[0] == ["migrate"]
    assert [arguments[:2] for arguments in told[1:]] == [["payers", "import"], ["nurses", "import"]]
    seed = tmp_path / "state" / "seed-payers.yaml"
    assert told[1][2] == str(seed)
    assert seed.read_text() == f"endpoint: http://127.0.0.1:{port}/fhir\nprice: $5\n"


async def test_made_up_plans_are_imported_and_reached_at_the_simulator(outside: MakeOptions, tmp_path: Path) -> None:
    port = free_port()
    async with LocalStack(outside(plans=30, ports={"payer": port})):
        told = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    seed = tmp_path / "state" / "seed-plans.csv"
    assert told[1:] == [["payers", "import", str(seed)]]
    assert len(seed.read_text().splitlines()) == 31
    assert f"http://127.0.0.1:{port}/fhir/made-up-" in seed.read_text()


async def test_a_migration_that_fails_stops_the_start_with_its_log(outside: MakeOptions, tmp_path: Path) -> None:
    failing = Programs(operate=(sys.executable, "-c", "raise SystemExit('no such database')"))
    stack = LocalStack(outside(programs=failing))
    with pytest.raises(StartFailedError, match=r"(?s)migrate did not start: exit code 1\..*no such database"):
        await stack.__aenter__()
    assert not (tmp_path / "state" / "addresses.json").exists()
    async with LocalStack(outside()):
        pass


async def test_it_answers_on_loopback_alone(outside: MakeOptions) -> None:
    with pytest.raises(NotLoopbackError):
        await LocalStack(outside(host="0.0.0.0")).__aenter__()  # noqa: S104


async def test_the_command_refuses_a_state_in_use_with_one_line(outside: MakeOptions, tmp_path: Path) -> None:
    async with LocalStack(outside()):
        second = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "desk", "dev", "--state", str(tmp_path / "state")),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        output, complaint = await second.communicate()
    assert (second.returncode, output) == (1, b"")
    line = f"firstdose: A local stack is already running on {tmp_path / 'state'} (process {os.getpid()}).\n"
    assert complaint.decode() == line
