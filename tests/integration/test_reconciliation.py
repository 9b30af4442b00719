"""Store and workflows compared both ways, on a real Temporal."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
import pytest_asyncio
from pydantic import SecretStr
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Worker

from desk.reconciliation import Difference, Repair, Trouble
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.referrals.reconciliation import Deviation, alone
from firstdose.adapters.search_attributes import register_search_attributes
from firstdose.adapters.temporal import connect
from firstdose.domain.authorization.lines import Line, LineKind, LineState
from firstdose.domain.work.stage import Closing, Stage
from firstdose.settings import Settings
from local.temporal_server import EmbeddedTemporal
from tests.integration.pretender import (
    BREAKS,
    ENDS,
    FAILS,
    RECORDS,
    Pretender,
    World,
    eventually,
    refuse_as_older,
    status,
)
from tests.integration.stores.journals import AT, HOUR, item
from workflows.messages import REFERRALS_QUEUE, SEARCH_ATTRIBUTES, workflow_id

Refer = Callable[[], Awaitable[str]]


@pytest_asyncio.fixture(scope="module")
async def temporal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedTemporal]:
    async with EmbeddedTemporal(tmp_path_factory.mktemp("temporal") / "state.db") as server:
        yield server


@pytest.fixture
async def client(temporal: EmbeddedTemporal, keyring: Keyring) -> AsyncIterator[Client]:
    settings = Settings(temporal={"TEMPORAL_ADDRESS": SecretStr(temporal.address)})
    client = await connect(settings, keyring, identity="test")
    await register_search_attributes(client, SEARCH_ATTRIBUTES)
    async with Worker(client, task_queue=REFERRALS_QUEUE, workflows=[Pretender], activities=[refuse_as_older]):
        yield client


@pytest.fixture
def world(pool: Pool, client: Client, vault: Vault, audit: AuditTrail) -> World:
    return World(pool, client, vault, audit)


async def test_what_agrees_is_left_alone(world: World, referral_id: str) -> None:
    agreed = status(referral_id, 1, 2)
    await world.starts(referral_id, agreed)
    await world.records(referral_id, 3, agreed)
    assert await world.everything(referral_id) == []
    assert await world.actions(referral_id) == []


async def test_a_workflow_that_temporal_has_lost_is_started_again(world: World, referral_id: str) -> None:
    await world.pool.execute("UPDATE messages SET state = 'applied'")
    await world.records(referral_id, 3, status(referral_id, 1))
    looked = await world.reconcile(referral_id, mend=False)
    assert [(each.trouble, each.outcome) for each in looked] == [(Trouble.WORKFLOW_LOST, Repair.TO_MEND)]
    assert await world.actions(referral_id) == []
    found = await world.everything(referral_id)
    assert found == [Difference(referral_id, Trouble.WORKFLOW_LOST, Repair.MENDED)]
    assert await world.was_resumed(referral_id)
    assert await world.actions(referral_id) == ["workflow.restarted"]


@pytest.mark.parametrize(("state", "found"), [("pending", []), ("parked", [(Trouble.START_PARKED, Repair.LEFT)])])
async def test_a_referral_that_is_still_to_be_started_is_not_started_by_us(
    world: World, referral_id: str, state: str, found: list[tuple[Trouble, Repair]]
) -> None:
    await world.pool.execute("UPDATE messages SET state = $1", state)
    assert [(each.trouble, each.outcome) for each in await world.reconcile(referral_id)] == found


@pytest.mark.parametrize("how", [FAILS, "terminated"])
async def test_a_workflow_that_was_ended_in_temporal_is_started_again(world: World, referral_id: str, how: str) -> None:
    await world.starts(referral_id)
    await world.records(referral_id, 1, status(referral_id))
    if how == FAILS:
        await world.workflow(referral_id).signal("say", FAILS)
        await world.until_it_has(referral_id, WorkflowExecutionStatus.FAILED)
    else:
        await world.workflow(referral_id).terminate()
    assert await world.reconcile(referral_id) == [Difference(referral_id, Trouble.WORKFLOW_ENDED, Repair.MENDED)]
    await world.until_it_has(referral_id, WorkflowExecutionStatus.RUNNING)
    assert await world.was_resumed(referral_id)


async def test_a_completed_workflow_whose_end_the_store_has_not_heard_of(world: World, referral_id: str) -> None:
    ended = status(referral_id, stage=Stage.CLOSED, closing=Closing.WITHDRAWN)
    await world.starts(referral_id, ended)
    await world.records(referral_id, 3, status(referral_id, 1))
    await world.workflow(referral_id).signal("say", ENDS)
    await world.until_it_has(referral_id, WorkflowExecutionStatus.COMPLETED)
    found = {(each.trouble, each.outcome) for each in await world.reconcile(referral_id)}
    assert found == {(Deviation.ITEM_NOT_OPEN, Repair.MENDED), (Deviation.STANDING_DIFFERS, Repair.MENDED)}
    row = await world.pool.fetchrow("SELECT stage, closing FROM referrals")
    assert tuple(row or ()) == ("closed", "withdrawn")
    assert await world.reconcile(referral_id) == []


async def test_a_workflow_that_completed_in_an_older_state_is_started_again(world: World, referral_id: str) -> None:
    await world.starts(referral_id, status(referral_id, stage=Stage.CLOSED, recorded=2))
    await world.records(referral_id, 3, status(referral_id, 1))
    await world.workflow(referral_id).signal("say", ENDS)
    await world.until_it_has(referral_id, WorkflowExecutionStatus.COMPLETED)
    assert await world.reconcile(referral_id) == [Difference(referral_id, Trouble.WORKFLOW_ENDED, Repair.MENDED)]


async def test_an_older_state_of_a_workflow_is_replaced_by_the_one_that_the_store_keeps(
    world: World, referral_id: str
) -> None:
    await world.starts(referral_id, status(referral_id, 1, recorded=2))
    await world.records(referral_id, 3, status(referral_id, 1))
    older = await world.workflow(referral_id).describe()
    assert await world.reconcile(referral_id) == [Difference(referral_id, Trouble.WORKFLOW_OLDER, Repair.MENDED)]
    assert (await world.workflow(referral_id).describe()).run_id != older.run_id
    ended = await world.client.get_workflow_handle(older.id, run_id=older.run_id).describe()
    assert ended.status is WorkflowExecutionStatus.TERMINATED
    assert await world.was_resumed(referral_id)


async def test_a_workflow_that_catches_up_meanwhile_is_left_alone(world: World, referral_id: str) -> None:
    await world.starts(referral_id, status(referral_id, 1, recorded=2))
    await world.records(referral_id, 3, status(referral_id, 1))
    older = await world.workflow(referral_id).describe()

    async def it_catches_up() -> None:
        await world.workflow(referral_id).signal("be", status(referral_id, 1))

    assert await world.reconcile(referral_id, meanwhile=it_catches_up) == []
    assert (await world.workflow(referral_id).describe()).run_id == older.run_id


async def test_a_workflow_that_the_store_refuses_as_older_is_replaced_at_once(world: World, referral_id: str) -> None:
    await world.starts(referral_id, status(referral_id))
    await world.records(referral_id, 3, status(referral_id))
    await world.workflow(referral_id).signal("say", RECORDS)
    await eventually(lambda: world.reconcile(referral_id))
    assert await world.was_resumed(referral_id)


async def test_an_older_state_of_a_referral_that_has_ended_is_ended_for_good(world: World, referral_id: str) -> None:
    await world.starts(referral_id, status(referral_id, 1, recorded=2))
    await world.records(referral_id, 3, status(referral_id, stage=Stage.CLOSED, closing=Closing.WITHDRAWN))
    found = await eventually(lambda: world.everything(referral_id))
    assert found == [Difference(referral_id, Trouble.WORKFLOW_OLDER, Repair.MENDED)]
    await world.until_it_has(referral_id, WorkflowExecutionStatus.TERMINATED)


async def test_a_store_that_is_older_than_the_workflow_is_for_a_person(world: World, referral_id: str) -> None:
    await world.starts(referral_id, status(referral_id, 1, recorded=4))
    await world.records(referral_id, 3, status(referral_id, 1))
    [found] = await world.reconcile(referral_id)
    assert (found.trouble, found.outcome) == (Trouble.STORE_OLDER, Repair.LEFT)


async def test_a_workflow_without_a_referral_is_named(world: World) -> None:
    nobody = "0190d0d0-0000-7000-8000-00000000000f"
    await world.starts(nobody)
    found = await eventually(lambda: world.everything(nobody))
    assert [(each.trouble, each.outcome) for each in found] == [(Trouble.REFERRAL_UNKNOWN, Repair.LEFT)]
    await world.workflow(nobody).terminate()


async def test_a_workflow_whose_task_fails_is_named(
    world: World, referral_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.workflow_runs._RPC", timedelta(seconds=2))
    await world.starts(referral_id, status(referral_id))
    await world.records(referral_id, 3, status(referral_id))
    await world.workflow(referral_id).signal("say", BREAKS)
    found = await eventually(lambda: world.reconcile(referral_id))
    assert [(each.trouble, each.outcome) for each in found] == [(Trouble.WORKFLOW_SILENT, Repair.LEFT)]
    assert "replay" in found[0].fix
    await world.workflow(referral_id).terminate()


async def test_items_and_lines_that_differ_are_set_as_the_workflow_has_them(world: World, referral_id: str) -> None:
    agreed = status(referral_id, 1, 2, 3)
    await world.records(referral_id, 3, agreed)
    said = agreed.model_copy(
        update={
            "open_items": (
                item(referral_id, 1),
                item(referral_id, 2, level=2, due_at=AT + 5 * HOUR),
                item(referral_id, 4, asks={"missing": ["order.dose"]}),
            ),
            "lines": (
                Line(
                    sequence=1,
                    kind=LineKind.DRUG,
                    code="J0696",
                    place_of_service="12",
                    units=14,
                    state=LineState.APPROVED,
                ),
            ),
            "stage": Stage.PREPARATION,
        }
    )
    await world.starts(referral_id, said)
    await world.pool.execute("DELETE FROM work_items WHERE id LIKE '%-1'")
    names = {number: f"{referral_id}-{number}" for number in range(1, 5)}
    expected = {
        (Deviation.ITEM_MISSING, names[1]),
        (Deviation.ITEM_DIFFERS, names[2]),
        (Deviation.ITEM_NOT_OPEN, names[3]),
        (Deviation.ITEM_MISSING, names[4]),
        (Deviation.STANDING_DIFFERS, "stage lines"),
    }
    looked = await world.reconcile(referral_id, mend=False)
    assert {(each.trouble, each.what) for each in looked} == expected
    assert {each.outcome for each in looked} == {Repair.TO_MEND}
    assert await world.actions(referral_id) == []
    mended = await world.reconcile(referral_id)
    assert {(each.trouble, each.what) for each in mended} == expected
    assert await world.reconcile(referral_id) == []
    rows = await world.pool.fetch("SELECT state, level, due_at FROM work_items ORDER BY id")
    assert [tuple(row) for row in rows] == [
        ("open", 0, AT + HOUR),
        ("open", 2, AT + 5 * HOUR),
        ("withdrawn", 0, AT + HOUR),
        ("open", 0, AT + HOUR),
    ]
    row = await world.pool.fetchrow('SELECT stage, "authorization" FROM referrals')
    assert tuple(row or ()) == ("preparation", "approved")
    assert sorted(await world.actions(referral_id)) == [
        "standing.corrected",
        "work_item.corrected",
        "work_item.reopened",
        "work_item.reopened",
        "work_item.withdrawn",
    ]


async def test_an_answered_item_that_the_workflow_has_open_is_asked_again(world: World, referral_id: str) -> None:
    agreed = status(referral_id, 1)
    await world.starts(referral_id, agreed)
    await world.records(referral_id, 3, agreed)
    await world.pool.execute("UPDATE work_items SET state = 'resolved', closed_at = now(), resolution = '{}'")
    assert [each.trouble for each in await world.reconcile(referral_id)] == [Deviation.ITEM_MISSING]
    row = await world.pool.fetchrow("SELECT state, closed_at, resolution FROM work_items")
    assert tuple(row or ()) == ("open", None, None)


async def test_what_is_on_its_way_is_left_alone(world: World, referral_id: str) -> None:
    agreed = status(referral_id, 1)
    await world.starts(referral_id, status(referral_id, 1, 2))
    await world.records(referral_id, 3, agreed)

    async def the_store_is_told_more_than_the_workflow_knows_of() -> None:
        await world.records(referral_id, 4, agreed)

    meanwhile = the_store_is_told_more_than_the_workflow_knows_of
    assert await world.reconcile(referral_id, meanwhile=meanwhile) == []
    assert await world.actions(referral_id) == []


async def test_suspects_are_found_by_lists_alone(world: World, refer: Refer) -> None:
    well, lost = await refer(), await refer()
    for referral_id in (well, lost):
        await world.records(referral_id, 3, status(referral_id))
    await world.starts(well, status(well, recorded=3, stage=Stage.PREPARATION))

    async def listed() -> bool:
        return bool([each async for each in world.client.list_workflows(f"WorkflowId = '{workflow_id(well)}'")])

    await eventually(listed)
    reconciliation = world.reconciliation(well)
    found = [each async for each in reconciliation.suspects() if each.referral_id in (well, lost)]
    assert found == [Difference(lost, Trouble.WORKFLOW_LOST, Repair.MENDED)]
    more, last = await reconciliation.next_ones(None, number=1)
    assert ([each.trouble for each in more], last) == ([Deviation.STANDING_DIFFERS], well)
    more, last = await reconciliation.next_ones(lost, number=1)
    assert (more, last) == ([], None)


async def test_one_process_reconciles_on_a_schedule(pool: Pool) -> None:
    async with alone(pool) as first, alone(pool) as second:
        assert (first, second) == (True, False)
    async with alone(pool) as again:
        assert again
