"""A time-skipping Temporal server for the stories: weeks pass in milliseconds."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.temporal import data_converter
from workflows.messages import SEARCH_ATTRIBUTES


@pytest.fixture
async def env(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    """The time-skipping server, with the product's own data converter."""
    path = str(Path(sys.executable).parent / "temporal-test-server")
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=path, data_converter=data_converter(keyring)
    )
    async with environment:
        attributes = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in SEARCH_ATTRIBUTES}
        await environment.client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace="default", search_attributes=attributes)
        )
        yield environment
