"""The API against its own description: no input makes it fail, and every answer is one that it promises."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

from desk.http import actions
from desk.http.app import create_routes
from desk.http.app_context import AppContext
from firstdose.domain.work.role import Role
from tests.served_desk import served_desk, settings_for, token

EXAMPLES: Final = 15


class Running(NamedTuple):
    url: str
    referral_id: str
    item_id: str


@pytest.fixture
def running(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A desk in a thread of its own, for schemathesis blocks, with one referral and one work item."""
    monkeypatch.setattr(actions, "PATIENCE", timedelta(milliseconds=1))
    started: Future[Running] = Future()
    stop = asyncio.Event()

    async def run() -> None:
        async with served_desk(settings_for(dsn, tmp_path)) as desk:
            referral_id = await desk.refer()
            item_id = f"{referral_id}-1"
            await desk.desk.pool.execute(
                "INSERT INTO work_items (id, referral_id, kind, role, opened_at, due_at)"
                " VALUES ($1, $2, 'place_visit', 'nurse_coordinator', now(), now() + interval '1h')",
                item_id,
                referral_id,
            )
            loop.set_result(asyncio.get_running_loop())
            started.set_result(Running(desk.url, referral_id, item_id))
            await stop.wait()

    loop: Future[asyncio.AbstractEventLoop] = Future()
    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    yield started.result(30)
    loop.result().call_soon_threadsafe(stop.set)
    thread.join()


# The description needs no desk.
schema = schemathesis.openapi.from_dict(create_routes(cast(AppContext, None)).openapi())


@schemathesis.serializer("application/hl7-v2")
def _as_text(_context: schemathesis.SerializationContext, value: object) -> bytes:
    return str(value).encode(errors="replace")


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_keeps_its_promises(case: schemathesis.Case[Any], running: Running) -> None:
    known = {"referral_id": running.referral_id, "item_id": running.item_id}
    case.path_parameters |= {name: known[name] for name in known if name in (case.path_parameters or {})}
    case.call_and_validate(
        base_url=running.url,
        headers={"authorization": f"Bearer {token(Role.SUPERVISOR)}"},
        checks=[
            checks.not_a_server_error,
            checks.response_schema_conformance,
            checks.content_type_conformance,
            checks.status_code_conformance,
        ],
    )
