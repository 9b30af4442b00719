"""The local stack's links that sign in as one of its users, and the referral that its demo leaves to the reader."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest
from rich.console import Console

from desk.web.local_identities import sign_in_link
from firstdose.domain.work.role import Role
from firstdose.domain.work.work_item import WorkItemKind
from local.demo import SCENARIOS
from local.dev import show_addresses
from local.environment import Addresses
from local.left_open import leave_one_open, what_waits
from local.stack import LocalStack
from local.state import SOURCE, StateDirectory
from simulator.answers import script_of
from simulator.scenario import load_scenarios
from tests.oidc_provider import Browser
from tests.served_desk import SECRET, ServedDesk, served_desk, settings_for, token

TOKENS = {role.value: token(role) for role in Role}


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps(TOKENS))
    settings = settings_for(dsn, tmp_path, local_identities=tokens, sources={SOURCE: SECRET})
    async with served_desk(settings) as served:
        yield served


@pytest.mark.parametrize("role", Role)
async def test_a_link_signs_in_as_its_user(desk: ServedDesk, role: Role) -> None:
    async with Browser(desk.url) as browser:
        answer = await browser.http.get(sign_in_link(desk.url, role, TOKENS[role]))
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        page = await browser.open("/")
        assert page.status_code == 200
        assert f"test-{role}" in page.text
    assert await desk.desk.pool.fetchval("SELECT actor FROM audit WHERE action = 'signed_in'") == f"staff:test-{role}"


@pytest.mark.parametrize(
    "change",
    [{"key": "0" * 64}, {"key": ""}, {"user": "supervisor"}, {"user": "nobody"}, {"key": "\N{BULLET}"}],
    ids=str,
)
async def test_a_link_that_is_not_ours_signs_nobody_in(desk: ServedDesk, change: dict[str, Any]) -> None:
    link = httpx2.URL(sign_in_link(desk.url, Role.PHARMACIST, TOKENS[Role.PHARMACIST]))
    async with Browser(desk.url) as browser:
        answer = await browser.http.get(link.copy_merge_params(change))
        assert answer.status_code == 404
        assert "firstdose" not in answer.headers.get("set-cookie", "")


async def test_a_link_is_for_a_name_of_this_machine_alone(desk: ServedDesk) -> None:
    link = sign_in_link(desk.url, Role.PHARMACIST, TOKENS[Role.PHARMACIST])
    async with httpx2.AsyncClient() as client:
        answer = await client.get(link, headers={"host": "desk.example"})
    assert answer.status_code == 404


async def test_a_desk_without_local_users_has_no_links(dsn: str, tmp_path: Path) -> None:
    async with served_desk(settings_for(dsn, tmp_path)) as served, Browser(served.url) as browser:
        link = sign_in_link(served.url, Role.PHARMACIST, TOKENS[Role.PHARMACIST])
        assert (await browser.http.get(link)).status_code == 404


async def test_one_referral_is_left_to_the_reader(desk: ServedDesk) -> None:
    one = await leave_one_open(desk.url, SECRET)
    number = await desk.desk.pool.fetchval("SELECT referral_number FROM referrals WHERE id = $1", one)
    told = await what_waits(desk.url, TOKENS, one)
    assert number in told
    assert "pharmacist" in told
    assert "left_for_reader" not in SCENARIOS
    assert script_of(load_scenarios()["left_for_reader"], WorkItemKind.ASSESS_PATIENT) == [{}]


def test_the_stack_prints_a_link_for_each_user(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:8080"
    addresses = Addresses(
        desk=nowhere, temporal=nowhere, temporal_ui=None, database=nowhere, payer=None, namespace="default"
    )
    state = StateDirectory(tmp_path)
    state.write("tokens.json", TOKENS)
    console = Console(width=300, record=True)
    show_addresses(cast(LocalStack, SimpleNamespace(addresses=addresses, state=state)), console)
    shown = console.export_text()
    for user, given in TOKENS.items():
        assert sign_in_link(nowhere, user, given) in shown
        assert given not in shown
