"""The time-skipping Temporal server, with the product's data converter and search attributes."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.temporal import data_converter
from workflows.messages import SEARCH_ATTRIBUTES


@asynccontextmanager
async def time_skipping(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    """A server of its own for each story: its clock is shared by all that runs on it."""
    path = str(Path(sys.executable).parent / "temporal-test-server")
    environment = await WorkflowEnvironment.start_time_skipping(
        test_server_existing_path=path, data_converter=data_converter(keyring)
    )
    async with environment:
        attributes = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in SEARCH_ATTRIBUTES}
        request = AddSearchAttributesRequest(namespace="default", search_attributes=attributes)
        await environment.client.operator_service.add_search_attributes(request)
        yield environment


@asynccontextmanager
async def dev_server(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    """The real server, whose clock does not skip."""
    path = str(Path(sys.executable).parent / "temporal")
    environment = await WorkflowEnvironment.start_local(
        dev_server_existing_path=path,
        data_converter=data_converter(keyring),
        search_attributes=list(SEARCH_ATTRIBUTES),
    )
    async with environment:
        yield environment
