"""Builds of the workers on a real server: who gets the work, and the gate before another build gets it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHandle
from temporalio.common import HeaderCodecBehavior
from temporalio.testing import WorkflowEnvironment

from activities.dispatch import DispatchActivities
from activities.outreach import OutreachActivities
from activities.payer import PayerActivities
from activities.pharmacy import PharmacyActivities
from activities.records import RecordActivities
from desk.cli import workers_checkup
from desk.cli.workers_checkup import unpolled_queues
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.worker_deployment import current_build, give_work_to
from firstdose.domain.policy import NurseDispatch, Policy
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.integration.test_cli_operation import KEY, Operator
from tests.process.outside import AGELESS, Outside
from tests.process.server import dev_server
from tests.process.story import USUAL, Story
from tests.replay.broken_twin import BrokenReferral
from tests.replay.grace_period import FAREWELL, GRACE_PERIOD, PatchedTwiceReferral
from workers import build
from workflows.referral import ReferralWorkflow

SOON = Policy(ages=AGELESS, dispatch=NurseDispatch(lead=timedelta(days=3), report_early=timedelta(days=3)))
"""The nurse may leave at once, for here nobody can wait for the visit."""


class StoryOfBuilds(Story):
    """Its workers come and go with the test."""

    async def _start_workers(self) -> None:
        self._stack = AsyncExitStack()

    @asynccontextmanager
    async def worked_by(self, build_id: str | None, process: type = ReferralWorkflow) -> AsyncIterator[None]:
        """Workers of this build, which run this version of the process, until the context ends."""
        acts = (
            RecordActivities(self.outside),
            PayerActivities(self.outside),
            OutreachActivities(self.outside),
            PharmacyActivities(self.shelves),
            DispatchActivities(self.roster),
        )
        client = await Client.connect(
            self.env.client.service_client.config.target_host,
            data_converter=self.env.client.data_converter,
            header_codec_behavior=HeaderCodecBehavior.CODEC,
            identity=f"build-{build_id}",
        )
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(build, "ReferralWorkflow", process)
            workers = build.referral_workers(client, acts, build_id=build_id)
        async with AsyncExitStack() as running:
            for worker in workers:
                await running.enter_async_context(worker)
            await until(lambda: _asks(self.env.client, build_id))
            yield


@pytest.fixture
async def real(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    """A server of this test's own: which build is current is the server's state."""
    async with dev_server(keyring) as environment:
        yield environment


async def test_a_build_gets_the_work_once_it_is_current_and_the_old_one_no_more(real: WorkflowEnvironment) -> None:
    story = StoryOfBuilds(real, Outside(policy=SOON), {K.ASSESS_PATIENT: [None]})
    async with story, story.worked_by("1"), story.worked_by("2", PatchedTwiceReferral):
        assert await tasks(story.handle) == set(), "none is current yet"
        await give_work_to(real.client, "1")
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)) and story.outside.requests != [])
        await at_rest(story.handle)
        assert await tasks(story.handle) == {"1"}
        switched = await last_event(story.handle)

        await give_work_to(real.client, "2")
        (item,) = story.asked(K.ASSESS_PATIENT)
        await story.resolve(item, USUAL[K.ASSESS_PATIENT])
        assert await story.handle.result() is Closing.COMPLETED
        assert await tasks(story.handle, after=switched) == {"2"}
        assert await patches(story.handle) == {FAREWELL}, "not the step that it had passed, but the one still before it"

        async with StoryOfBuilds(real, Outside()) as newer:
            await until(lambda: waits(newer.handle))
            assert await patches(newer.handle) == {GRACE_PERIOD}
            assert await tasks(newer.handle) == {"2"}
            await newer.handle.terminate()


async def test_referrals_from_before_there_were_builds_go_on_with_the_first(real: WorkflowEnvironment) -> None:
    async with StoryOfBuilds(real, Outside(policy=SOON), {K.ASSESS_PATIENT: [None]}) as story:
        async with story.worked_by(None):
            await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)))
            await at_rest(story.handle)
            before = await last_event(story.handle)
        async with story.worked_by("1"):
            await give_work_to(real.client, "1")
            (item,) = story.asked(K.ASSESS_PATIENT)
            await story.resolve(item, USUAL[K.ASSESS_PATIENT])
            assert await story.ends() is Closing.COMPLETED
            assert await tasks(story.handle, after=before) == {"1"}


async def test_the_command_asks_for_workers_and_for_referrals_that_replay(
    real: WorkflowEnvironment, tmp_path: Path
) -> None:
    address = real.client.service_client.config.target_host
    operator = Operator(tmp_path, FIRSTDOSE_KEYS=KEY, TEMPORAL_ADDRESS=address)
    async with StoryOfBuilds(real, Outside()) as story:
        ran = await operator.run("make-current")
        assert (ran.code, ran.err.startswith("FIRSTDOSE_BUILD_ID is not set")) == (1, True)
        ran = await operator.run("make-current", "--wait", "0", FIRSTDOSE_BUILD_ID="1")
        assert (ran.code, "no worker of build 1 asks for work on: referrals, payers, outreach" in ran.err) == (1, True)

        async with story.worked_by("1", BrokenReferral):
            ran = await operator.run("make-current", FIRSTDOSE_BUILD_ID="1")
            assert (ran.code, ran.out) == (0, "build 1 is current; before: workers without a build\n")
            await until(lambda: waits(story.handle))
            assert "already" in (await operator.run("make-current", FIRSTDOSE_BUILD_ID="1")).out

        async with story.worked_by("2"):
            ran = await operator.run("make-current", FIRSTDOSE_BUILD_ID="2")
            assert (ran.code, f"the first is {story.handle.id}" in ran.err) == (1, True)
            assert await current_build(real.client) == "1"
            assert (await operator.run("replay", "--open")).code == 1

            await story.handle.terminate()
            await until(lambda: _none_is_open(real.client))
            assert (await operator.run("make-current", FIRSTDOSE_BUILD_ID="2")).code == 0
            assert await current_build(real.client) == "2"


async def test_doctor_says_when_a_build_gets_no_work(real: WorkflowEnvironment) -> None:
    async def said(build_id: str | None) -> tuple[bool, str]:
        found = await workers_checkup.build(real.client, build_id)
        return found.well, found.said

    assert await said(None) == (True, "builds are not told apart")
    assert await said("1") == (False, "1 gets no work: none is current")
    async with StoryOfBuilds(real, Outside()) as story, story.worked_by("1"):
        await give_work_to(real.client, "1")
        await story.handle.terminate()
    assert await said("1") == (True, "1 is current")
    assert await said("2") == (False, "2 gets no work: 1 is current")
    assert await said(None) == (False, "workers without a build get no work: 1 is current")


async def _asks(client: Client, build_id: str | None) -> bool:
    return not await unpolled_queues(client, build_id)


async def _none_is_open(client: Client) -> bool:
    return (await client.count_workflows("ExecutionStatus = 'Running'")).count == 0


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.05)


async def at_rest(handle: WorkflowHandle[Any, Any]) -> None:
    """Nothing of it is under way that a worker could still take."""

    async def rests() -> bool:
        now = (await handle.describe()).raw_description
        return not now.HasField("pending_workflow_task") and not now.pending_activities

    await until(rests)


async def events(handle: WorkflowHandle[Any, Any]) -> list[HistoryEvent]:
    return list((await handle.fetch_history()).events)


async def last_event(handle: WorkflowHandle[Any, Any]) -> int:
    return (await events(handle))[-1].event_id


async def tasks(handle: WorkflowHandle[Any, Any], *, after: int = 0) -> set[str]:
    """The builds that completed a workflow task or started an activity since then."""
    found = set()
    for event in await events(handle):
        if event.event_id > after and event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            found.add(event.workflow_task_completed_event_attributes.deployment_version.build_id)
        if event.event_id > after and event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
            found.add(event.activity_task_started_event_attributes.identity.removeprefix("build-"))
    return found


async def patches(handle: WorkflowHandle[Any, Any]) -> set[str]:
    """The patches that a referral has taken, as Temporal shows them."""
    info = (await handle.describe()).raw_description.workflow_execution_info
    noted = info.search_attributes.indexed_fields["TemporalChangeVersion"].data
    return set(json.loads(noted)) if noted else set()


async def waits(handle: WorkflowHandle[Any, Any]) -> bool:
    return any(each.event_type == EventType.EVENT_TYPE_TIMER_STARTED for each in await events(handle))
