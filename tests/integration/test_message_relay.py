"""The relay between the store of messages and real workflows: in order, at least once, applied once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio
from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Worker

from desk.delivery.inbox import CLOSED, DeliveryOutcome, MessageRelay
from desk.delivery.run import relays
from desk.http import actions
from desk.referral_start import start_referral
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.messages.undelivered import UndeliveredStore
from firstdose.adapters.postgres.pool import database
from firstdose.adapters.postgres.referrals.referrals import ReferralReader
from firstdose.adapters.postgres.referrals.views import ReferralView
from firstdose.adapters.search_attributes import register_search_attributes
from firstdose.adapters.temporal import connect
from firstdose.domain.work.message import Message, MessageKind, MessageState
from firstdose.domain.work.role import Actor, Role
from firstdose.settings import Settings
from local.ports import free_port
from local.temporal_server import EmbeddedTemporal
from tests.served_desk import KEYS, ServedDesk, served_desk, settings_for
from workflows.messages import (
    REFERRALS_QUEUE,
    SEARCH_ATTRIBUTES,
    WORKFLOW,
    AmendRequest,
    CancelRequest,
    Done,
    HoldRequest,
    PayerAnswered,
    ReferralStart,
    ResumeRequest,
    workflow_id,
)

WITHIN = timedelta(seconds=30)
NURSE = Actor(id="nurse-1", roles=(Role.NURSE,))


@workflow.defn(name=WORKFLOW, sandboxed=False)
class StandIn:
    """Hears what the relay brings, in the real one's place."""

    @workflow.init
    def __init__(self, start: ReferralStart) -> None:
        self._heard = [f"start from {start.source}"]
        self._closed = False
        self._resumed = bool(start.state)

    @workflow.run
    async def run(self, start: ReferralStart) -> str:
        await workflow.wait_condition(lambda: self._closed)
        return "closed"

    @workflow.query
    def heard(self) -> list[str]:
        return self._heard

    @workflow.update
    async def hold(self, request: HoldRequest) -> Done:
        self._heard.append(f"hold {request.reason} by {request.actor.id}")
        return Done()

    @hold.validator
    def _judge_hold(self, request: HoldRequest) -> None:
        if request.reason == "other":
            raise ValueError("this referral is never held")

    @workflow.update
    async def amend(self, request: AmendRequest) -> Done:
        self._heard.append("amend")
        await workflow.wait_condition(lambda: self._resumed)
        return Done()

    @workflow.update
    async def resume(self, request: ResumeRequest) -> Done:
        self._heard.append("resume")
        return Done()

    @workflow.update
    async def cancel(self, request: CancelRequest) -> Done:
        self._closed = True
        return Done()

    @workflow.signal
    def payer_answered(self, answered: PayerAnswered) -> None:
        self._heard.append(f"answer to {answered.contact_id}")


@pytest_asyncio.fixture(scope="module")
async def temporal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedTemporal]:
    async with EmbeddedTemporal(tmp_path_factory.mktemp("temporal") / "state.db") as server:
        yield server


@pytest.fixture
async def desk(dsn: str, tmp_path: Path, temporal: EmbeddedTemporal) -> AsyncIterator[ServedDesk]:
    settings = settings_for(dsn, tmp_path, temporal={"TEMPORAL_ADDRESS": temporal.address})
    async with standing_in(settings), served_desk(settings, with_relays=True) as served:
        yield served


@asynccontextmanager
async def standing_in(settings: Settings) -> AsyncIterator[Client]:
    """A worker with the stand-in, and its client."""
    client = await connect(settings, Keyring(KEYS), identity="test")
    await register_search_attributes(client, SEARCH_ATTRIBUTES)
    async with Worker(client, task_queue=REFERRALS_QUEUE, workflows=[StandIn]):
        yield client


def the_workflow(desk: ServedDesk, referral_id: str) -> WorkflowHandle[Any, Any]:
    return desk.desk.client.get_workflow_handle(workflow_id(referral_id))


async def post(desk: ServedDesk, referral_id: str, kind: MessageKind, body: dict[str, Any] | None = None) -> str:
    """The id of a stored message."""
    at = await desk.desk.pool.fetchval("SELECT now()")
    message = Message(id=str(uuid4()), referral_id=referral_id, kind=kind, actor=NURSE, body=body or {}, received_at=at)
    return (await desk.desk.messages.post(message)).id


async def settled(desk: ServedDesk, referral_id: str) -> list[tuple[str, str]]:
    """Kind and state of the referral's messages, once every one of them is settled."""
    rows = await desk.desk.pool.fetch("SELECT id FROM messages WHERE referral_id = $1 ORDER BY ordinal", referral_id)
    messages = [await desk.desk.messages.outcome(row["id"], WITHIN) for row in rows]
    return [(message.kind, message.state) for message in messages]


async def test_a_referral_starts_its_workflow_and_an_action_is_answered_with_its_outcome(desk: ServedDesk) -> None:
    referral_id = await desk.refer()
    async with desk.as_staff(Role.NURSE, subject="nurse-1") as nurse:
        answer = await nurse.post(f"/api/referrals/{referral_id}/hold", json={"reason": "hospitalized"})
    assert (answer.status_code, answer.json()["status"]) == (200, "applied")
    assert answer.json()["referral"]["id"] == referral_id
    heard = await the_workflow(desk, referral_id).query("heard")
    assert heard == ["start from mercy", "hold hospitalized by nurse-1"]


async def test_a_refusal_is_a_conflict_with_its_reason_and_the_present_state(desk: ServedDesk) -> None:
    referral_id = await desk.refer()
    async with desk.as_staff(Role.NURSE) as nurse:
        answer = await nurse.post(f"/api/referrals/{referral_id}/hold", json={"reason": "other"})
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "this referral is never held"
    assert answer.json()["referral"]["stage"] == "intake"


async def test_what_comes_after_the_end_is_refused(desk: ServedDesk) -> None:
    referral_id = await desk.refer()
    async with desk.as_staff(Role.SUPERVISOR) as supervisor:
        cancelled = await supervisor.post(f"/api/referrals/{referral_id}/cancel", json={"reason": "withdrawn"})
        assert cancelled.status_code == 200
        await the_workflow(desk, referral_id).result()
        late = await supervisor.post(f"/api/referrals/{referral_id}/resume")
    assert (late.status_code, late.json()["detail"]) == (409, CLOSED)


async def test_what_comes_while_a_workflow_is_lost_waits_for_it_to_be_started_again(desk: ServedDesk) -> None:
    referral_id = await desk.refer()
    await settled(desk, referral_id)
    await the_workflow(desk, referral_id).terminate()
    waiting = await post(desk, referral_id, MessageKind.HOLD, {"reason": "supply"})
    relay = MessageRelay(desk.desk.messages, desk.desk.client, desk.desk.referrals)
    assert await relay._attempt(await desk.desk.messages.find(waiting)) == DeliveryOutcome(None)
    await start_referral(desk.desk.client, referral_id, "mercy", "FD-34679A", state="{}")
    assert (await desk.desk.messages.outcome(waiting, WITHIN)).state is MessageState.APPLIED


async def test_what_comes_to_a_lost_workflow_of_a_referral_that_has_ended_is_refused(desk: ServedDesk) -> None:
    referral_id = await desk.refer()
    await settled(desk, referral_id)
    await the_workflow(desk, referral_id).terminate()
    await desk.desk.pool.execute("UPDATE referrals SET stage = 'on_service'")
    late = await desk.desk.messages.outcome(await post(desk, referral_id, MessageKind.RESUME), WITHIN)
    assert (late.state, late.refusal) == (MessageState.REFUSED, CLOSED)


async def test_an_update_that_was_cut_off_is_delivered_to_the_workflow_that_goes_on(desk: ServedDesk) -> None:
    referral_id = await desk.refer()
    await settled(desk, referral_id)
    amended = await post(desk, referral_id, MessageKind.AMEND)
    async with asyncio.timeout(20):
        while "amend" not in await the_workflow(desk, referral_id).query("heard"):
            pass
    await the_workflow(desk, referral_id).terminate()
    await start_referral(desk.desk.client, referral_id, "mercy", "FD-34679A", state="{}")
    assert (await desk.desk.messages.outcome(amended, WITHIN)).state is MessageState.APPLIED


async def test_a_workflow_that_was_lost_is_started_again_by_the_desk_itself(
    dsn: str, tmp_path: Path, temporal: EmbeddedTemporal
) -> None:
    settings = settings_for(dsn, tmp_path, temporal={"TEMPORAL_ADDRESS": temporal.address}, reconcile_every=1)
    async with standing_in(settings), served_desk(settings, with_relays=True) as desk:
        referral_id = await desk.refer()
        await settled(desk, referral_id)
        lost = await the_workflow(desk, referral_id).describe()
        await the_workflow(desk, referral_id).terminate()
        async with asyncio.timeout(30):
            while (await the_workflow(desk, referral_id).describe()).run_id == lost.run_id:
                pass
    why = "SELECT actor FROM audit WHERE action = 'workflow.restarted' AND details ->> 'why' = 'workflow_ended'"
    async with database(dsn, size=1) as pool:
        assert await pool.fetchval(why) == "system"


async def test_the_same_key_is_the_same_action_and_another_body_under_it_is_none(desk: ServedDesk) -> None:
    referral_id = await desk.refer()
    path, key = f"/api/referrals/{referral_id}/hold", {"Idempotency-Key": "once"}
    async with desk.as_staff(Role.NURSE) as nurse:
        answers = [await nurse.post(path, json={"reason": "hospitalized"}, headers=key) for _ in range(2)]
        other = await nurse.post(path, json={"reason": "patient_away"}, headers=key)
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["message_id"] == answers[1].json()["message_id"]
    assert other.status_code == 409
    assert len(await the_workflow(desk, referral_id).query("heard")) == 2


async def test_while_temporal_is_away_all_is_kept_and_then_delivered_in_order(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "PATIENCE", timedelta(milliseconds=50))
    port = free_port()
    settings = settings_for(dsn, tmp_path, temporal={"TEMPORAL_ADDRESS": f"127.0.0.1:{port}"})
    async with served_desk(settings, with_relays=True) as desk, desk.as_staff(Role.NURSE, subject="nurse-1") as nurse:
        referral_id = await desk.refer()
        for action, body in (("hold", {"reason": "supply"}), ("resume", None), ("hold", {"reason": "patient_away"})):
            answer = await nurse.post(f"/api/referrals/{referral_id}/{action}", json=body)
            assert (answer.status_code, answer.json()["status"]) == (202, "pending")
        async with EmbeddedTemporal(tmp_path / "state.db", port=port), standing_in(settings) as client:
            states = {state for _, state in await settled(desk, referral_id)}
            heard = await client.get_workflow_handle(workflow_id(referral_id)).query("heard")
    assert states == {MessageState.APPLIED}
    assert heard == ["start from mercy", "hold supply by nurse-1", "resume", "hold patient_away by nurse-1"]


async def test_a_message_that_is_delivered_again_after_a_crash_is_applied_once(desk: ServedDesk) -> None:
    referral_id = await desk.refer()
    await settled(desk, referral_id)
    message = Message(
        id=str(uuid4()),
        referral_id=referral_id,
        kind=MessageKind.HOLD,
        actor=NURSE,
        body={"reason": "hospitalized"},
        received_at=await desk.desk.pool.fetchval("SELECT now()"),
    )
    relay = MessageRelay(desk.desk.messages, desk.desk.client, desk.desk.referrals)
    await asyncio.gather(relay.deliver(message), relay.deliver(message))
    await relay.deliver(message)
    assert (await the_workflow(desk, referral_id).query("heard"))[1:] == ["hold hospitalized by nurse-1"]


async def test_a_message_that_cannot_be_taken_is_parked_and_goes_again_once_it_is_mended(
    desk: ServedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firstdose.adapters.postgres.messages.messages.MOST_FAILURES", 2)
    referral_id = await desk.refer()
    poisoned = await post(desk, referral_id, MessageKind.HOLD, {"reason": "a reason of a later version"})
    behind = await post(desk, referral_id, MessageKind.RESUME)
    assert (await desk.desk.messages.outcome(behind, WITHIN)).state is MessageState.APPLIED
    assert (await desk.desk.messages.find(poisoned)).state is MessageState.PARKED
    assert await the_workflow(desk, referral_id).query("heard") == ["start from mercy", "resume"]
    await desk.desk.pool.execute("UPDATE messages SET body = $1 WHERE id = $2", {"reason": "supply"}, poisoned)
    assert await UndeliveredStore(desk.desk.pool, desk.desk.audit).retry(poisoned, "operator:1000")
    assert (await desk.desk.messages.outcome(poisoned, WITHIN)).state is MessageState.APPLIED
    assert (await the_workflow(desk, referral_id).query("heard"))[-1] == "hold supply by nurse-1"


async def test_what_waits_for_a_person_is_counted(dsn: str, tmp_path: Path) -> None:
    async with served_desk(settings_for(dsn, tmp_path)) as desk, httpx2.AsyncClient(base_url=desk.url) as anybody:
        await desk.refer()
        await desk.desk.pool.execute("UPDATE messages SET state = 'parked'")
        async with relays(desk.desk), asyncio.timeout(20):
            while 'firstdose_undelivered{what="messages"} 1.0' not in (await anybody.get("/metrics")).text:
                pass


async def test_whoever_waits_for_a_parked_message_is_told_that_it_is_stored(
    desk: ServedDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firstdose.adapters.postgres.messages.messages.MOST_FAILURES", 1)
    monkeypatch.setattr("desk.delivery.inbox._REQUESTS", {MessageKind.HOLD: CancelRequest})
    monkeypatch.setattr(actions, "PATIENCE", timedelta(seconds=1))
    referral_id = await desk.refer()
    async with desk.as_staff(Role.NURSE) as nurse:
        path, key = f"/api/referrals/{referral_id}/hold", {"Idempotency-Key": "once"}
        answers = [await nurse.post(path, json={"reason": "supply"}, headers=key) for _ in range(2)]
    assert {answer.status_code for answer in answers} == {202}
    assert answers[1].json()["status"] == "parked"


async def test_what_temporal_or_our_own_mistake_makes_impossible_is_set_back_not_tried_at_once(
    desk: ServedDesk,
) -> None:
    class Broken(ReferralReader):
        async def get(self, referral_id: str) -> ReferralView | None:
            raise KeyError("source")

    referral_id = await desk.refer()
    await settled(desk, referral_id)
    stopped = MessageRelay(desk.desk.messages, desk.desk.client, Broken(desk.desk.pool, desk.desk.vault))
    at = await desk.desk.pool.fetchval("SELECT now()")
    start = Message(
        id=str(uuid4()), referral_id=referral_id, kind=MessageKind.START, actor=NURSE, body={}, received_at=at
    )
    assert (await stopped._attempt(start)).problem == "failed"


@pytest.mark.parametrize("status", [RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION])
async def test_what_temporal_says_that_it_will_never_take_is_set_back(
    desk: ServedDesk, monkeypatch: pytest.MonkeyPatch, status: RPCStatusCode
) -> None:
    async def refuses(*_: object, **__: object) -> None:
        raise RPCError("never", status, b"")

    referral_id = await desk.refer()
    monkeypatch.setattr(WorkflowHandle, "signal", refuses)
    answered = Message(
        id=str(uuid4()),
        referral_id=referral_id,
        kind=MessageKind.PAYER_ANSWERED,
        actor=NURSE,
        body={"contact_id": "00000000-0000-4000-8000-00000000000c"},
        received_at=await desk.desk.pool.fetchval("SELECT now()"),
    )
    relay = MessageRelay(desk.desk.messages, desk.desk.client, desk.desk.referrals)
    assert (await relay._attempt(answered)).problem == status.name.lower()


async def test_a_payers_answer_reaches_the_workflow_as_a_signal(desk: ServedDesk) -> None:
    referral_id = await desk.refer()
    answered = Message(
        id=str(uuid4()),
        referral_id=referral_id,
        kind=MessageKind.PAYER_ANSWERED,
        actor=NURSE,
        body={"contact_id": "00000000-0000-4000-8000-00000000000c"},
        received_at=await desk.desk.pool.fetchval("SELECT now()"),
    )
    await desk.desk.messages.post(answered)
    assert ("payer_answered", "applied") in await settled(desk, referral_id)
    assert "answer to 00000000-0000-4000-8000-00000000000c" in await the_workflow(desk, referral_id).query("heard")
