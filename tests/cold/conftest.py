"""Where the cold stories take place."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from tests.cold.one_at_a_time import OneAtATime
from tests.process.server import dev_server


@pytest.fixture(scope="session")
async def real(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    """A real server, on which answers come one at a time."""
    async with dev_server(keyring) as environment:
        config = environment.client.config()
        config["interceptors"] = [OneAtATime()]
        client = Client(**config)
        yield WorkflowEnvironment.from_client(client)
