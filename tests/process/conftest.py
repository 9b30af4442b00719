"""Where the stories take place."""

from collections.abc import AsyncIterator

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from tests.process.server import time_skipping


@pytest.fixture
async def env(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    """A time-skipping server: weeks pass in milliseconds."""
    async with time_skipping(keyring) as environment:
        yield environment
