"""The client every process gets, against the real server: what is stored there is sealed, and start-up is patient."""

import socket
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import pytest
import pytest_asyncio
from pydantic import BaseModel
from temporalio import activity, workflow
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    WorkflowHandle,
    WorkflowUpdateFailedError,
)
from temporalio.common import RawValue, RetryPolicy
from temporalio.converter import DataConverter
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.temporal import TemporalUnreachable, connect, connect_config
from firstdose.settings import Settings, load_settings

CANARY = "CANARY-Maria-Hernandez"
KEYRING = Keyring({"k1": bytes([1] * 32)})


class Patient(BaseModel):
    name: str


@activity.defn
async def greet(patient: Patient) -> Patient:
    if activity.info().attempt == 1:
        raise ApplicationError(f"{patient.name} did not answer", patient.name)
    return patient


@workflow.defn(sandboxed=False)
class Greeting:
    def __init__(self) -> None:
        self.heard: list[str] = []

    @workflow.run
    async def run(self, patient: Patient) -> Patient:
        await workflow.wait_condition(lambda: bool(self.heard))
        return await workflow.execute_activity(
            greet,
            patient,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=1)),
            summary=patient.name,
        )

    @workflow.signal
    def hear(self, patient: Patient) -> None:
        self.heard.append(patient.name)

    @workflow.update
    def ask(self, patient: Patient) -> Patient:
        return Patient(name=f"{patient.name}?")

    @workflow.query
    def last(self) -> list[str]:
        return self.heard


class _PatientInHeader(Interceptor):
    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        return _AddHeader(next)


class _AddHeader(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002
        input.headers = {"patient": DataConverter.default.payload_converter.to_payload(CANARY)}
        return await super().start_workflow(input)


@pytest_asyncio.fixture(scope="module")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    program = Path(sys.executable).with_name("temporal")
    async with await WorkflowEnvironment.start_local(dev_server_existing_path=str(program)) as environment:
        yield environment


@pytest.fixture
def settings(temporal: WorkflowEnvironment) -> Settings:
    return load_settings(environ={"TEMPORAL_ADDRESS": temporal.client.service_client.config.target_host})


@pytest_asyncio.fixture
async def client(settings: Settings) -> Client:
    return await connect(settings, KEYRING, identity="test", interceptors=[_PatientInHeader()])


async def test_everything_in_the_history_is_sealed_and_comes_back(client: Client) -> None:
    queue, patient = f"queue-{uuid4()}", Patient(name=CANARY)
    async with Worker(client, task_queue=queue, workflows=[Greeting], activities=[greet]):
        handle = await client.start_workflow(
            Greeting.run, patient, id=f"referral-{uuid4()}", task_queue=queue, memo={"m": CANARY}, static_summary=CANARY
        )
        assert await handle.execute_update(Greeting.ask, patient) == Patient(name=f"{CANARY}?")
        await handle.signal(Greeting.hear, patient)
        assert await handle.result() == patient
        assert await handle.query(Greeting.last) == [CANARY]
    history = await handle.fetch_history()
    described = (await handle.describe()).raw_description
    assert history.events[0].workflow_execution_started_event_attributes.header.fields["patient"].data
    for stored in (*history.events, described):
        assert CANARY.encode() not in stored.SerializeToString()


async def test_plain_payloads_are_accepted_in_the_local_stack(
    settings: Settings, temporal: WorkflowEnvironment
) -> None:
    client = await connect(settings.model_copy(update={"plain_payloads": True}), KEYRING, identity="local")
    queue, workflow_id = f"queue-{uuid4()}", f"referral-{uuid4()}"
    async with Worker(client, task_queue=queue, workflows=[Greeting], activities=[greet]):
        handle = await client.start_workflow(Greeting.run, Patient(name="A"), id=workflow_id, task_queue=queue)
        await temporal.client.get_workflow_handle(workflow_id).signal("hear", {"name": "typed by hand"})
        assert await handle.result() == Patient(name="A")
        assert await handle.query(Greeting.last) == ["typed by hand"]


async def test_a_payload_that_is_plain_or_of_another_workflow_is_refused_and_stops_nothing(
    client: Client, temporal: WorkflowEnvironment
) -> None:
    queue, workflow_id = f"queue-{uuid4()}", f"referral-{uuid4()}"
    other = await client.start_workflow(Greeting.run, Patient(name="B"), id=f"referral-{uuid4()}", task_queue="none")
    handle = await client.start_workflow(Greeting.run, Patient(name="A"), id=workflow_id, task_queue=queue)
    started = (await other.fetch_history()).events[0].workflow_execution_started_event_attributes
    stranger = temporal.client.get_workflow_handle(workflow_id)
    forged = (RawValue(started.input.payloads[0]), {"name": CANARY})
    for payload in forged:
        await stranger.signal("hear", payload)
    async with Worker(client, task_queue=queue, workflows=[Greeting], activities=[greet]):
        for payload in forged:
            with pytest.raises(WorkflowUpdateFailedError):
                await stranger.execute_update("ask", payload)
        await handle.signal(Greeting.hear, Patient(name="C"))
        assert await handle.result() == Patient(name="A")
        assert await handle.query(Greeting.last) == ["C"]
    await other.terminate()


async def test_metrics_are_served_where_the_settings_say(settings: Settings) -> None:
    port = _free_port()
    await connect(settings, KEYRING, identity="test", metrics_port=port)
    with urlopen(f"http://127.0.0.1:{port}/metrics") as answer:  # noqa: ASYNC210 - our own port, once
        assert b"temporal_request_latency_seconds" in answer.read()


async def test_a_server_that_stays_away_is_reported_after_our_patience() -> None:
    address = f"127.0.0.1:{_free_port()}"
    away = load_settings(environ={"TEMPORAL_ADDRESS": address})
    with pytest.raises(TemporalUnreachable, match=address):
        await connect(away, KEYRING, identity="test", patience=timedelta(seconds=0.2))
    await connect(away, KEYRING, identity="test", lazy=True)


def test_an_api_key_switches_tls_on() -> None:
    config = connect_config(load_settings(environ={"TEMPORAL_API_KEY": "secret", "TEMPORAL_NAMESPACE": "referrals"}))
    assert (config["api_key"], config["tls"], config["namespace"]) == ("secret", True, "referrals")
    assert config["target_host"] == "localhost:7233"


def test_a_profile_file_is_read_and_variables_win(tmp_path: Path) -> None:
    profile = tmp_path / "temporal.toml"
    profile.write_text('[profile.cloud]\naddress = "file:7233"\nnamespace = "file"\n')
    environ = {
        "TEMPORAL_CONFIG_FILE": str(profile),
        "TEMPORAL_PROFILE": "cloud",
        "TEMPORAL_NAMESPACE": "variable",
    }
    config = connect_config(load_settings(environ=environ))
    assert (config["target_host"], config["namespace"]) == ("file:7233", "variable")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
