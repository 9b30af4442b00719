"""Who steers is proven: on the real server, beside a client that has Temporal's port and no key of ours."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from google.protobuf import json_format
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.converter import DataConverter
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import PENDED, Outside
from tests.process.server import dev_server
from tests.process.story import Story
from tests.served_desk import ServedDesk, served_desk, settings_for, token
from workflows.referral import ReferralWorkflow

ONE, OTHER = ({"id": name, "roles": ["supervisor"]} for name in ("one", "other"))
OVERRIDE = {"gate": "authorization", "reason": "discharge_today"}


@pytest.fixture(scope="module")
async def real(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    async with dev_server(keyring) as environment:
        yield environment


@pytest.fixture
async def stranger(real: WorkflowEnvironment) -> Client:
    """Whoever reaches Temporal's port."""
    return await Client.connect(real.client.service_client.config.target_host)


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as opened:
        yield opened


def _waiting(real: WorkflowEnvironment) -> Story:
    return Story(real, Outside(submissions=[PENDED]), {K.ASSESS_PATIENT: [None]})


async def _sealed(desk: ServedDesk, subject: str, message: dict[str, Any]) -> httpx2.Response:
    """As the Web UI and `temporal` have the codec server do it."""
    payloads = Payloads(payloads=await DataConverter.default.encode([message]))
    async with desk.as_staff(Role.SUPERVISOR, subject=subject) as supervisor:
        return await supervisor.post("/codec/encode", json=json_format.MessageToDict(payloads))


async def _send(handle: WorkflowHandle[Any, Any], update: str, sealed: httpx2.Response) -> None:
    """The answer comes sealed, which a stranger cannot read. Raises WorkflowUpdateFailedError."""
    payload = json_format.ParseDict(sealed.json()["payloads"][0], Payload())
    await handle.execute_update(update, RawValue(payload), result_type=RawValue)


async def _overrides(story: Story) -> list[tuple[str, str | None]]:
    status = await story.handle.query(ReferralWorkflow.status)
    return [(override.asked_by, override.approved_by) for override in status.overrides]


async def test_a_forged_override_is_refused_and_stops_nothing(real: WorkflowEnvironment, stranger: Client) -> None:
    async with _waiting(real) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)))
        forged: WorkflowHandle[Any, Any] = stranger.get_workflow_handle(story.handle.id)
        for name, message in (
            ("override", {**OVERRIDE, "actor": ONE}),
            ("approve_override", {"override_id": "override-1", "actor": OTHER}),
            ("cancel", {"reason": "withdrawn", "actor": {"id": "source", "roles": []}}),
        ):
            with pytest.raises(WorkflowUpdateFailedError):
                await forged.execute_update(name, message, result_type=RawValue)
        await forged.signal("hold", {"reason": "patient_request", "actor": ONE})
        await story.until(lambda: "signal.refused" in story.outside.notes)
        status = await story.handle.query(ReferralWorkflow.status)
        assert (status.overrides, status.hold, status.closing) == ((), None, None)
        await story.handle.terminate()


async def test_two_supervisors_override_through_the_codec_server(
    real: WorkflowEnvironment, stranger: Client, desk: ServedDesk
) -> None:
    async with _waiting(real) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)))
        handle: WorkflowHandle[Any, Any] = stranger.get_workflow_handle(story.handle.id)
        named = {"referral_id": story.referral_id}
        await _send(handle, "override", await _sealed(desk, "one", {**named, **OVERRIDE}))
        approval = {**named, "override_id": (await story.handle.query(ReferralWorkflow.status)).overrides[0].id}
        forged = await _sealed(desk, "one", {**approval, "actor": OTHER})
        assert forged.status_code == 403
        with pytest.raises(WorkflowUpdateFailedError):
            await _send(handle, "approve_override", await _sealed(desk, "one", approval))
        assert await _overrides(story) == [("one", None)]
        await _send(handle, "approve_override", await _sealed(desk, "other", approval))
        assert await _overrides(story) == [("one", "other")]
        await story.handle.terminate()


async def test_temporals_own_command_steers_through_the_codec_server(
    real: WorkflowEnvironment, desk: ServedDesk
) -> None:
    async with _waiting(real) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)))
        command = [
            *("workflow", "update", "execute", "--address", real.client.service_client.config.target_host),
            *("--workflow-id", story.handle.id, "--name", "override"),
            *("--input", json.dumps({"referral_id": story.referral_id, **OVERRIDE})),
        ]
        through = ("--codec-endpoint", f"{desk.url}/codec", "--codec-auth", f"Bearer {token(Role.SUPERVISOR)}")
        assert await _temporal(*command) != 0
        assert await _overrides(story) == []
        assert await _temporal(*command, *through) == 0
        assert await _overrides(story) == [("test-supervisor", None)]
        await story.handle.terminate()


async def _temporal(*arguments: str) -> int | None:
    program = Path(sys.executable).with_name("temporal")
    ran = await asyncio.create_subprocess_exec(str(program), *arguments, stdout=DEVNULL, stderr=DEVNULL)
    return await asyncio.wait_for(ran.wait(), 60)


async def test_what_was_sealed_for_one_referral_is_not_taken_by_another(
    real: WorkflowEnvironment, stranger: Client, desk: ServedDesk
) -> None:
    async with _waiting(real) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)))
        elsewhere = {"referral_id": "0190d0d0-0000-7000-8000-000000000001", **OVERRIDE}
        handle: WorkflowHandle[Any, Any] = stranger.get_workflow_handle(story.handle.id)
        with pytest.raises(WorkflowUpdateFailedError):
            await _send(handle, "override", await _sealed(desk, "one", elsewhere))
        assert await _overrides(story) == []
        await story.handle.terminate()


async def test_an_auditor_and_whoever_names_no_referral_get_nothing_sealed(desk: ServedDesk) -> None:
    assert (await _sealed(desk, "one", OVERRIDE)).status_code == 422
    async with desk.as_staff(Role.AUDITOR) as auditor:
        answer = await auditor.post("/codec/encode", content=json.dumps({"payloads": []}))
    assert answer.status_code == 403
