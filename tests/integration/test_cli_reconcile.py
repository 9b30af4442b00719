"""`firstdose reconcile` as an operator runs it: a process of its own, a real database and a real Temporal."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from temporalio.client import WorkflowExecutionStatus

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.search_attributes import register_search_attributes
from firstdose.adapters.temporal import connect
from firstdose.settings import Settings
from local.temporal_server import EmbeddedTemporal
from tests.integration.test_cli_operation import KEY, NOWHERE, Operator
from workflows.messages import SEARCH_ATTRIBUTES, workflow_id

Refer = Callable[[], Awaitable[str]]


@pytest.fixture
async def temporal(tmp_path: Path, keyring: Keyring) -> AsyncIterator[EmbeddedTemporal]:
    async with EmbeddedTemporal(tmp_path / "temporal.db") as server:
        settings = Settings(temporal={"TEMPORAL_ADDRESS": SecretStr(server.address)})
        client = await connect(settings, keyring, identity="test")
        await register_search_attributes(client, SEARCH_ATTRIBUTES)
        yield server


@pytest.fixture
def reconciler(dsn: str, tmp_path: Path, temporal: EmbeddedTemporal) -> Operator:
    return Operator(tmp_path, DATABASE_URL=dsn, FIRSTDOSE_KEYS=KEY, TEMPORAL_ADDRESS=temporal.address)


async def test_a_lost_workflow_is_shown_and_started_again(
    reconciler: Operator, pool: Pool, keyring: Keyring, refer: Refer, temporal: EmbeddedTemporal
) -> None:
    referral_id, _ = await refer(), await refer()
    await pool.execute("UPDATE messages SET state = 'applied' WHERE referral_id = $1", referral_id)
    looked = await reconciler.run("reconcile", "--dry-run", "--json")
    [found] = json.loads(looked.out)
    assert (looked.code, found["referral_id"], found["trouble"]) == (1, referral_id, "workflow_lost")
    assert found["outcome"] == "to_mend"
    mended = await reconciler.run("reconcile", f"referral-{referral_id}")
    assert (mended.code, mended.err) == (0, "")
    assert "mended" in mended.out
    settings = Settings(temporal={"TEMPORAL_ADDRESS": SecretStr(temporal.address)})
    client = await connect(settings, keyring, identity="test")
    described = await client.get_workflow_handle(workflow_id(referral_id)).describe()
    assert described.status is WorkflowExecutionStatus.RUNNING
    actor = await pool.fetchval("SELECT actor FROM audit WHERE action = 'workflow.restarted'")
    assert actor.startswith("operator:")


async def test_where_all_agree_and_where_nobody_is_meant(reconciler: Operator) -> None:
    agreed = await reconciler.run("reconcile")
    assert (agreed.code, "agree" in agreed.out) == (0, True)
    unknown = await reconciler.run("reconcile", "0190d0d0-0000-7000-8000-00000000000f")
    assert (unknown.code, "no such referral" in unknown.err) == (1, True)


async def test_what_does_not_answer_is_named(dsn: str, tmp_path: Path) -> None:
    operator = Operator(tmp_path, DATABASE_URL=dsn, FIRSTDOSE_KEYS=KEY, TEMPORAL_ADDRESS=NOWHERE)
    ran = await operator.run("reconcile")
    assert (ran.code, "Temporal" in ran.err) == (3, True)
