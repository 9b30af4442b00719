"""PostgreSQL stands still: a page says so in time, and what was posted is not lost; health goes on."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import monotonic
from typing import Final
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from firstdose.adapters.postgres.migrate import migrate
from firstdose.domain.work.role import Role
from local.postgres import EmbeddedPostgres
from tests.frozen import frozen
from tests.oidc_provider import Browser
from tests.served_desk import ServedDesk, served_desk, settings_for, token

WITHIN: Final = 3.0


@pytest.fixture(autouse=True)
def unlogged() -> Iterator[None]:
    """Tracebacks painted for a terminal would take longer than what is measured here."""
    with capture_logs():
        yield


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[EmbeddedPostgres]:
    async with EmbeddedPostgres(tmp_path / "cluster") as server:
        await migrate(server.dsn)
        yield server


@pytest.fixture
async def desk(postgres: EmbeddedPostgres, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps({"pharmacist": token(Role.PHARMACIST)}))
    async with served_desk(settings_for(postgres.dsn, tmp_path, local_identities=tokens)) as served:
        yield served


async def test_a_database_that_stands_still_is_said_within_three_seconds(
    postgres: EmbeddedPostgres, desk: ServedDesk
) -> None:
    async with Browser(desk.url) as browser:
        await browser.sign_in_locally("pharmacist")
        csrf = await browser.csrf()
        with frozen(postgres):
            case = ("GET", f"/referrals/{uuid4()}")
            for method, path in (("GET", "/work"), case, ("GET", "/"), ("POST", "/work/x/claim"), ("GET", "/nothing")):
                began = monotonic()
                answer = await browser.http.request(method, path, data={"_csrf": csrf} if method == "POST" else None)
                assert monotonic() - began < WITHIN
                if path == "/nothing":
                    assert answer.status_code == 404
                    continue
                assert answer.status_code == 503
                assert "The desk cannot reach its database" in answer.text
                assert "Go back in your browser: what you typed is still there." in answer.text
        assert (await browser.open("/work")).status_code == 200
