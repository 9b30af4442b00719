"""Search attributes on a real server: with its operator service, and as on Temporal Cloud, which has none for us."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, RemoveSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from desk.cli import checkup, database, migrate
from desk.cli import temporal as cli_temporal
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.search_attributes import (
    SearchAttributeMismatch,
    SearchAttributesMissing,
    register_search_attributes,
)
from tests.integration.test_cli_operation import KEY
from tests.process.server import dev_server
from workers import run as worker_process
from workflows.messages import SEARCH_ATTRIBUTES

KEYS: list[SearchAttributeKey[Any]] = [
    SearchAttributeKey.for_keyword("Color"),
    SearchAttributeKey.for_keyword_list("Tags"),
    SearchAttributeKey.for_datetime("Until"),
    SearchAttributeKey.for_bool("Shown"),
    SearchAttributeKey.for_int("Count"),
    SearchAttributeKey.for_float("Share"),
    SearchAttributeKey.for_text("Words"),
]
NAMES = [key.name for key in KEYS]

refused = pytest.mark.parametrize("status", [RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED])


@pytest.fixture(scope="module")
async def temporal(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    async with dev_server(keyring) as environment:
        yield environment


@pytest.fixture
async def client(temporal: WorkflowEnvironment) -> AsyncIterator[Client]:
    """Of a namespace that has the process's attributes and none of KEYS."""
    yield temporal.client
    removing = RemoveSearchAttributesRequest(namespace=temporal.client.namespace, search_attributes=NAMES)
    try:
        await temporal.client.operator_service.remove_search_attributes(removing)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


class WithoutOperatorService(Client):
    """The real server to everything but the operator service, which answers with this status alone."""

    def __init__(self, client: Client, status: RPCStatusCode) -> None:
        super().__init__(**client.config())
        self._status = status

    @property
    def operator_service(self) -> Any:
        return RefusingService(self._status)


class RefusingService:
    def __init__(self, status: RPCStatusCode) -> None:
        self._status = status

    def __getattr__(self, _: str) -> Callable[..., Any]:
        async def refuse(*_: object) -> None:
            raise RPCError("refused", self._status, b"")

        return refuse


async def add(client: Client, *keys: SearchAttributeKey[Any]) -> None:
    types = {key.name: IndexedValueType.ValueType(key.indexed_value_type) for key in keys}
    request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=types)
    await client.operator_service.add_search_attributes(request)


async def test_they_are_registered_once(client: Client) -> None:
    assert await register_search_attributes(client, KEYS) == NAMES
    assert await register_search_attributes(client, KEYS) == []
    with pytest.raises(SearchAttributeMismatch, match=r"Shown \(must be Keyword\)"):
        await register_search_attributes(client, [SearchAttributeKey.for_keyword("Shown")])


@refused
async def test_without_operator_service_it_says_what_to_add_and_how(client: Client, status: RPCStatusCode) -> None:
    await add(client, *KEYS[2:])
    with pytest.raises(SearchAttributesMissing) as missing:
        await register_search_attributes(WithoutOperatorService(client, status), KEYS)
    text = str(missing.value)
    assert "no right to add them: Color (Keyword), Tags (KeywordList). " in text
    options = '--search-attribute "Color=Keyword" --search-attribute "Tags=KeywordList"'
    assert f"`tcld namespace search-attributes add --namespace default {options}`" in text
    assert "Until" not in text


@refused
async def test_without_operator_service_it_goes_on_when_they_are_there(client: Client, status: RPCStatusCode) -> None:
    await add(client, *KEYS)
    assert await register_search_attributes(WithoutOperatorService(client, status), KEYS) == []


@pytest.mark.parametrize(
    ("has", "needs"),
    [
        (SearchAttributeKey.for_text("Color"), SearchAttributeKey.for_keyword("Color")),
        (SearchAttributeKey.for_keyword_list("Color"), SearchAttributeKey.for_keyword("Color")),
        (SearchAttributeKey.for_bool("Color"), SearchAttributeKey.for_keyword_list("Color")),
        (SearchAttributeKey.for_bool("Color"), SearchAttributeKey.for_datetime("Color")),
        (SearchAttributeKey.for_keyword("Color"), SearchAttributeKey.for_bool("Color")),
    ],
)
async def test_without_operator_service_another_type_is_seen(
    client: Client, has: SearchAttributeKey[Any], needs: SearchAttributeKey[Any]
) -> None:
    await add(client, has)
    with pytest.raises(SearchAttributeMismatch, match="Color"):
        await register_search_attributes(WithoutOperatorService(client, RPCStatusCode.UNIMPLEMENTED), [needs])


async def test_any_other_error_of_the_server_is_not_taken_for_an_answer(client: Client) -> None:
    with pytest.raises(RPCError):
        await register_search_attributes(WithoutOperatorService(client, RPCStatusCode.UNAVAILABLE), KEYS)


@refused
async def test_doctor_finds_them_without_operator_service(client: Client, status: RPCStatusCode) -> None:
    found = await checkup._search_attributes(WithoutOperatorService(client, status))
    assert (found.well, found.said) == (True, f"all {len(SEARCH_ATTRIBUTES)} registered")


@pytest.fixture
def settings(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", dsn)
    monkeypatch.setenv("FIRSTDOSE_KEYS", KEY)
    monkeypatch.setenv("FIRSTDOSE_PHARMACY", '{"name": "Example", "npi": "1234567893", "originator": "9"}')


@pytest.mark.usefixtures("settings")
async def test_migrate_and_worker_end_with_that_one_line(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def connected(*_: object, **__: object) -> Client:
        return WithoutOperatorService(client, RPCStatusCode.UNIMPLEMENTED)

    for module, connect in ((migrate, "connected"), (worker_process, "connect")):
        monkeypatch.setattr(module, connect, connected)
        monkeypatch.setattr(module, "SEARCH_ATTRIBUTES", KEYS)
    monkeypatch.setattr(database, "configure_logs", lambda *_: None)
    monkeypatch.setattr(worker_process, "configure_logs", lambda *_: None)
    for process in (cli_temporal._reported(migrate._migrate()), worker_process.work()):
        code = await process
        said = capsys.readouterr().err
        assert code == 1
        assert len(said.splitlines()) == 1
        assert '--search-attribute "Color=Keyword"' in said
