"""Commands of operation as an operator runs them: a process of its own, against a real database and a real Temporal."""

import asyncio
import hashlib
import json
import os
import pwd
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio import workflow
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from desk.intake.parse import parse
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.keyed_database import keyed_database
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.messages import MOST_FAILURES, Messages
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.adapters.postgres.referrals.intake import Intake, WebhookDelivery
from firstdose.adapters.temporal import connect
from firstdose.settings import load_settings
from workflows.messages import SEARCH_ATTRIBUTES, WORKFLOW, ReferralStart

KEY = f"k1:{b64encode(bytes(range(32))).decode()}"
NEWER = f"k2:{b64encode(bytes(range(32, 64))).decode()}"
REFERRAL = "0190d0d0-0000-7000-8000-000000000001"
NOWHERE = "127.0.0.1:1"
ROWS: dict[str, dict[str, Any]] = {
    "payers": {"id": "acme", "name": "Acme Health"},
    "nurses": {"id": "n1", "skills": ["anti_infective"], "states": ["IL"]},
    "stock": {"hcpcs": "J0696", "lot": "L1", "quantity": 4, "expires": "2030-01-01"},
}
OPERATOR = f"operator:{pwd.getpwuid(os.getuid()).pw_name}"


class Ran(NamedTuple):
    code: int | None
    out: str
    err: str


class Operator:
    """Runs `firstdose` with these settings and nothing else of ours in the environment."""

    def __init__(self, directory: Path, **settings: str) -> None:
        self.directory = directory
        self.settings = settings

    async def run(self, *arguments: str, **settings: str) -> Ran:
        inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "desk", *arguments),
            env={**inherited, "FIRSTDOSE_STATE": str(self.directory), **self.settings, **settings},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 120)
        return Ran(process.returncode, out.decode(), err.decode())


@pytest.fixture
def operator(dsn: str, tmp_path: Path) -> Operator:
    return Operator(tmp_path, DATABASE_URL=dsn, FIRSTDOSE_KEYS=KEY)


@pytest.fixture
async def audited(pool: Pool, keyring: Keyring) -> None:
    """Two records in the chain of a referral."""
    for action in ("opened", "noted"):
        async with transaction(pool) as connection:
            await AuditTrail(keyring).write(connection, REFERRAL, at=datetime.now(UTC), actor="system", action=action)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    program = Path(sys.executable).with_name("temporal")
    async with await WorkflowEnvironment.start_local(dev_server_existing_path=str(program)) as environment:
        yield environment


@pytest.mark.usefixtures("audited")
async def test_audit_verify_finds_a_change(operator: Operator, pool: Pool) -> None:
    assert await operator.run("audit", "verify") == Ran(0, "intact: 2 records in 1 chains\n", "")
    kept = await pool.fetchrow("SELECT records, chains, broken FROM audit_verifications")
    assert kept is not None
    assert tuple(kept) == (2, 1, 0)
    async with pool.acquire() as connection:
        await connection.execute("ALTER TABLE audit DISABLE TRIGGER ALL")
        await connection.execute("UPDATE audit SET action = 'x' WHERE seq = 2")
    ran = await operator.run("audit", "verify", "--json", "--referral", REFERRAL)
    assert ran.code == 1
    report = json.loads(ran.out)
    assert (report["intact"], report["broken"][0]) == (False, {"chain": REFERRAL, "seq": 2, "problem": "changed"})


@pytest.mark.usefixtures("audited")
async def test_audit_export_is_a_record_a_line(operator: Operator) -> None:
    ran = await operator.run("audit", "export")
    assert [json.loads(line)["action"] for line in ran.out.splitlines()] == ["opened", "noted"]


@pytest.fixture
async def referral(pool: Pool, keyring: Keyring) -> str:
    """A referral as it came from its source."""
    now = datetime.now(UTC)
    body = json.dumps({"type": "referral.received", "data": {"source_referral_id": "R1"}}).encode()
    message = parse("application/json", body, today=now.date())
    intake = Intake(pool, Vault(keyring), AuditTrail(keyring))
    return (await intake.accept(WebhookDelivery("s", "m1", body, message, now))).referral_id


@pytest.mark.usefixtures("referral")
async def test_keys_rotate_is_audited(operator: Operator, pool: Pool) -> None:
    ran = await operator.run("keys", "rotate", FIRSTDOSE_KEYS=f"{NEWER},{KEY}")
    assert (ran.code, ran.err) == (0, "")
    assert "k2" in ran.out
    async with pool.acquire() as connection:
        record = await connection.fetchrow("SELECT actor, action, details FROM audit WHERE chain = 'system'")
    assert record is not None
    assert (record["action"], record["details"]) == ("keys_rotated", {"key": "k2", "number": 1})
    assert record["actor"] == OPERATOR


@pytest.mark.parametrize(
    "command",
    [
        ("audit", "verify"),
        ("audit", "export"),
        ("keys", "rotate"),
        ("keys", "shred", REFERRAL, "--yes"),
        ("undelivered", "list"),
        ("undelivered", "retry", "--all"),
        ("undelivered", "drop", REFERRAL),
        ("payers", "import", "FILE"),
        ("nurses", "import", "FILE"),
        ("stock", "import", "FILE"),
        ("migrate",),
        ("serve",),
        ("worker",),
    ],
    ids=" ".join,
)
async def test_with_another_root_no_command_does_anything(
    operator: Operator, dsn: str, pool: Pool, keyring: Keyring, temporal: WorkflowEnvironment, command: tuple[str, ...]
) -> None:
    async with keyed_database(dsn, keyring, "desk"):
        pass
    file = operator.directory / "rows.yaml"
    file.write_text(json.dumps([ROWS.get(command[0], {})]))
    before = await _audited(pool)
    ran = await operator.run(
        *(str(file) if word == "FILE" else word for word in command),
        FIRSTDOSE_KEYS=f"k1:{b64encode(bytes(32)).decode()}",
        FIRSTDOSE_PHARMACY=json.dumps({"name": "Example", "npi": "1234567893", "originator": "9000000001"}),
        FIRSTDOSE_OIDC_ISSUER="https://issuer.example",
        FIRSTDOSE_OIDC_JWKS_FILE=str(file),
        TEMPORAL_ADDRESS=temporal.client.service_client.config.target_host,
    )
    assert (ran.code, ran.out) == (1, "")
    assert "FIRSTDOSE_KEYS: its last key is not the root" in ran.err.splitlines()[-1]
    assert await _audited(pool) == before
    assert [row["key_id"] for row in await pool.fetch("SELECT key_id FROM known_keys")] == ["k1"]


async def _audited(pool: Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM audit"))


async def test_doctor_tells_keys_that_are_not_the_databases(operator: Operator, dsn: str, keyring: Keyring) -> None:
    async with keyed_database(dsn, keyring, "worker"):
        other, rotated, same = await asyncio.gather(
            _examined(operator, FIRSTDOSE_KEYS=f"k1:{b64encode(bytes(32)).decode()}"),
            _examined(operator, FIRSTDOSE_KEYS=f"{NEWER},{KEY}"),
            _examined(operator),
        )
    assert "not the root" in other["keys of the database"]["fix"]
    assert rotated["keys of the database"]["well"]
    assert rotated["keys of processes"]["said"] == "another first key: worker"
    assert same["keys of the database"]["well"]
    assert "keys of processes" not in same


async def _examined(operator: Operator, **settings: str) -> dict[str, Any]:
    ran = await operator.run(
        "doctor", "--json", TEMPORAL_ADDRESS=NOWHERE, FIRSTDOSE_URL=f"http://{NOWHERE}", **settings
    )
    return {each["subject"]: each for each in json.loads(ran.out)}


async def test_keys_are_not_rotated_while_a_process_works_with_another(
    operator: Operator, dsn: str, pool: Pool, keyring: Keyring, referral: str
) -> None:
    async with keyed_database(dsn, keyring, "worker"):
        ran = await operator.run("keys", "rotate", FIRSTDOSE_KEYS=f"{NEWER},{KEY}")
    assert (ran.code, ran.out) == (1, "")
    assert "worker" in ran.err
    assert await pool.fetchval("SELECT kek_id FROM referral_keys WHERE referral_id = $1", referral) == "k1"


async def test_shredding_is_never_done_by_mistake(operator: Operator) -> None:
    ran = await operator.run("keys", "shred", REFERRAL)
    assert ran.code == 2
    assert "--yes" in ran.err
    unknown = await operator.run("keys", "shred", REFERRAL, "--yes")
    assert (unknown.code, unknown.out) == (1, "")
    assert "no such referral" in unknown.err


async def test_only_a_referral_that_has_ended_is_shredded(
    operator: Operator, pool: Pool, referral: str, temporal: WorkflowEnvironment
) -> None:
    operator.settings["TEMPORAL_ADDRESS"] = temporal.client.service_client.config.target_host
    still_open = await operator.run("keys", "shred", referral, "--yes")
    assert still_open.code == 1
    assert "firstdose cancel" in still_open.err
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM referral_keys") == 1
        await connection.execute("UPDATE referrals SET stage = 'on_service'")
    assert (await operator.run("keys", "shred", referral, "--yes")).code == 0
    async with pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM referral_keys") == 0
    assert "shredded before" in (await operator.run("keys", "shred", referral, "--yes")).err
    assert '"shredded"' in (await operator.run("audit", "export", "--referral", referral)).out
    assert (await operator.run("audit", "verify")).code == 0


async def test_a_referral_whose_workflow_runs_is_not_shredded(
    operator: Operator, pool: Pool, referral: str, temporal: WorkflowEnvironment
) -> None:
    """Whatever the store says: its process would stand still without the facts."""
    await pool.execute("UPDATE referrals SET stage = 'on_service'")
    away = await operator.run("keys", "shred", referral, "--yes", TEMPORAL_ADDRESS=NOWHERE)
    assert (away.code, away.out) == (3, "")
    operator.settings["TEMPORAL_ADDRESS"] = temporal.client.service_client.config.target_host
    handle = await temporal.client.start_workflow(WORKFLOW, id=f"referral-{referral}", task_queue="nobody")
    running = await operator.run("keys", "shred", referral, "--yes")
    assert (running.code, running.out) == (1, "")
    assert "still runs" in running.err
    assert await pool.fetchval("SELECT count(*) FROM referral_keys") == 1
    await handle.terminate()
    assert (await operator.run("keys", "shred", referral, "--yes")).code == 0


@pytest.mark.parametrize(
    ("register", "row", "wrong"),
    [
        ("payers", ROWS["payers"], {"id": "acme"}),
        ("nurses", ROWS["nurses"], {"id": "n2"}),
        ("stock", ROWS["stock"], {"hcpcs": "J0696"}),
    ],
)
async def test_imports_tell_what_changed_and_what_is_wrong(
    operator: Operator, register: str, row: Any, wrong: Any
) -> None:
    file = operator.directory / "rows.yaml"
    file.write_text(json.dumps({register: [row]}))
    assert await operator.run(register, "import", str(file)) == Ran(0, "1 changed, 0 as they were\n", "")
    [record] = (json.loads(line) for line in (await operator.run("audit", "export")).out.splitlines())
    assert (record["actor"], record["action"]) == (OPERATOR, f"{register}_imported")
    assert record["details"] == {
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "changed": 1, "unchanged": 0
    }  # fmt: skip
    file.write_text(f"[\n{json.dumps(row)},\n{json.dumps(wrong)}\n]")
    ran = await operator.run(register, "import", str(file), "--json")
    assert ran.code == 1
    assert {line for line, _ in json.loads(ran.out)["problems"]} == {3}


async def test_what_could_not_be_delivered_is_seen_and_sent_again(
    operator: Operator, pool: Pool, keyring: Keyring, referral: str
) -> None:
    assert (await operator.run("undelivered", "list")).out == "everything is delivered or on its way\n"
    messages = Messages(pool, Vault(keyring), AuditTrail(keyring))
    (start,) = await messages.claim(1, timedelta(minutes=1))
    for _ in range(MOST_FAILURES):
        await messages.set_back(start.id, "unreadable")
    examined = await operator.run("doctor", "--json", TEMPORAL_ADDRESS=NOWHERE, FIRSTDOSE_URL=f"http://{NOWHERE}")
    [found] = [each for each in json.loads(examined.out) if each["subject"] == "undelivered"]
    assert (found["well"], found["said"]) == (False, "1 messages parked, 0 deliveries given up")
    [listed] = json.loads((await operator.run("undelivered", "list", "--json")).out)
    assert (listed["id"], listed["referral_id"], listed["problem"]) == (start.id, referral, "unreadable")
    assert start.id in (await operator.run("undelivered", "list")).out
    assert (await operator.run("undelivered", "retry")).code == 2
    assert await operator.run("undelivered", "retry", start.id) == Ran(0, "1 on the way again\n", "")
    assert (await operator.run("undelivered", "retry", start.id)).code == 1
    assert (await operator.run("undelivered", "retry", "--all")).out == "0 on the way again\n"
    assert (await operator.run("undelivered", "drop", start.id)).code == 1
    assert '"message_retried"' in (await operator.run("audit", "export", "--referral", referral)).out


async def test_a_missing_key_is_one_line(operator: Operator) -> None:
    ran = await operator.run("audit", "verify", FIRSTDOSE_KEYS="")
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (1, "", 1)
    assert "FIRSTDOSE_KEYS" in ran.err


@pytest.mark.parametrize(
    ("database", "code", "said"),
    [
        ({"path": "/nowhere"}, 1, "refuses us"),
        ({"path": "/postgres"}, 1, "firstdose migrate"),
        ({"scheme": "http"}, 1, "cannot be read"),
    ],
)
async def test_what_is_wrong_with_the_database_is_one_line(
    operator: Operator, dsn: str, database: dict[str, str], code: int, said: str
) -> None:
    ran = await operator.run("audit", "verify", DATABASE_URL=urlsplit(dsn)._replace(**database).geturl())
    assert (ran.code, len(ran.err.splitlines())) == (code, 1)
    assert said in ran.err


async def test_a_running_local_stack_needs_no_settings(dsn: str, tmp_path: Path) -> None:
    (tmp_path / "addresses.json").write_text(json.dumps({"database": dsn}))
    (tmp_path / "keys").write_text(KEY)
    assert (await Operator(tmp_path).run("audit", "verify")).out == "intact: 0 records in 0 chains\n"


async def test_migrate_then_doctor(operator: Operator, temporal: WorkflowEnvironment) -> None:
    address = temporal.client.service_client.config.target_host
    ran = await operator.run("migrate", TEMPORAL_ADDRESS=address)
    assert (ran.code, ran.err) == (0, "")
    assert "nothing to apply" in ran.out
    assert all(key.name in ran.out for key in SEARCH_ATTRIBUTES)
    again = await operator.run("migrate", TEMPORAL_ADDRESS=address)
    assert "all registered" in again.out
    examined = await operator.run("doctor", "--json", TEMPORAL_ADDRESS=address, FIRSTDOSE_URL=f"http://{NOWHERE}")
    found = {each["subject"]: each["well"] for each in json.loads(examined.out)}
    assert examined.code == 1
    assert {subject for subject, well in found.items() if well} >= {
        "python", "keys", "database", "temporal", "search attributes"
    }  # fmt: skip
    assert not found["desk"]


async def test_doctor_names_a_fix_for_everything_that_is_missing(tmp_path: Path) -> None:
    ran = await Operator(tmp_path, TEMPORAL_ADDRESS=NOWHERE, FIRSTDOSE_URL=f"http://{NOWHERE}").run("doctor", "--json")
    assert ran.code == 1
    fixes = {each["subject"]: each["fix"] for each in json.loads(ran.out)}
    assert all(fixes[subject] for subject in ("keys", "database", "temporal", "desk"))


@workflow.defn(name=WORKFLOW, sandboxed=False)
class AnotherProcess:
    """A workflow of the same name that does something else first."""

    @workflow.run
    async def run(self, start: ReferralStart) -> None:
        await workflow.sleep(timedelta(days=1))

    @workflow.update
    def begun(self) -> None:
        """Answered once the first task is done, and with it the timer started."""


async def test_replay_finds_a_history_that_does_not_fit(operator: Operator, temporal: WorkflowEnvironment) -> None:
    address = temporal.client.service_client.config.target_host
    settings = load_settings(environ={"TEMPORAL_ADDRESS": address, "FIRSTDOSE_KEYS": KEY})
    client = await connect(settings, Keyring(settings.key_material()), identity="test")
    start, untouched, foreign = ReferralStart(referral_id=REFERRAL, source="s"), f"referral-{uuid4()}", f"r-{uuid4()}"
    await client.start_workflow(WORKFLOW, start, id=untouched, task_queue="nobody")
    assert (await operator.run("replay", "--open", TEMPORAL_ADDRESS=address)).code == 0
    async with Worker(client, task_queue="q", workflows=[AnotherProcess], workflow_runner=UnsandboxedWorkflowRunner()):
        handle = await client.start_workflow(AnotherProcess.run, start, id=foreign, task_queue="q")
        await handle.execute_update(AnotherProcess.begun)
    ran = await operator.run("replay", "--open", "--json", TEMPORAL_ADDRESS=address)
    assert ran.code == 1
    assert {each["history"]: each["ok"] for each in json.loads(ran.out)} == {untouched: True, foreign: False}
    file = operator.directory / "any-name.json"
    file.write_text((await handle.fetch_history()).to_json())
    ran = await operator.run("replay", str(file))
    assert ran.code == 1
    assert "Nondeterminism" in ran.out


async def test_replay_of_what_is_no_history(operator: Operator) -> None:
    (operator.directory / "x.json").write_text("{}")
    assert (await operator.run("replay", str(operator.directory / "x.json"))).code == 2


async def test_nothing_answers(operator: Operator) -> None:
    assert (await operator.run("replay", "--open", TEMPORAL_ADDRESS=NOWHERE)).code == 3
