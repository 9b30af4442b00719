"""The script that makes the pictures in the documentation: each page that is there, and what is not is said."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from firstdose.domain.work.role import Role
from tests.browser.screenshots import PICTURES, Picture, take_pictures
from tests.conftest import CHROMIUM
from tests.served_desk import ServedDesk, served_desk, settings_for, token
from tests.visits import ORDER, PATIENT

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="no chromium on this machine")

TOKENS = {role.value: token(role) for role in Role}
JPEG = b"\xff\xd8\xff"


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    tokens = tmp_path / "tokens.json"
    tokens.write_text(json.dumps(TOKENS))
    async with served_desk(settings_for(dsn, tmp_path, local_identities=tokens)) as served:
        yield served


async def test_a_picture_of_each_page_that_is_there(desk: ServedDesk, tmp_path: Path) -> None:
    referral_id = await desk.refer(patient=PATIENT, order=ORDER)
    await desk.desk.pool.execute(
        "INSERT INTO work_items (id, referral_id, kind, role, opened_at, due_at)"
        " VALUES ($1, $2, 'assess_patient', 'pharmacist', now(), now())",
        f"{referral_id}-1",
        referral_id,
    )
    asked = (
        Picture("list", Role.PHARMACIST, "/work"),
        Picture("keys", Role.PHARMACIST, "/work?item={item}", key="?", scheme="dark"),
        Picture("nothing", Role.PHARMACIST, "/nothing/{referral}"),
        Picture("idle", Role.NURSE, "/visits/{item}", on_phone=True),
        Picture("records", Role.AUDITOR, "/audit"),
    )
    out = tmp_path / "pictures"
    out.mkdir()
    told = {name: said async for name, said in take_pictures(desk.url, TOKENS, out, asked)}
    assert {file.stem for file in out.iterdir()} == {"sign-in", "list", "keys", "records"}
    assert all(file.read_bytes().startswith(JPEG) for file in out.iterdir())
    assert told["nothing"] == "left out: the desk answered 404"
    assert told["idle"] == "left out: this role has nothing to do"


def test_each_picture_has_a_name_of_its_own() -> None:
    names = [picture.name for picture in PICTURES]
    assert len(names) == len(set(names))
