"""Somebody with the database alone puts one referral's sealed data in another's place: nobody is shown it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from firstdose.domain.work.role import Role
from tests.served_desk import ServedDesk, served_desk, settings_for, token

STAFF: Final = {"authorization": f"Bearer {token(Role.SUPERVISOR)}"}
SWAPS: Final = {
    "facts": "UPDATE referral_revisions AS one SET sealed = other.sealed FROM referral_revisions AS other"
    " WHERE one.referral_id <> other.referral_id",
    "data keys": "UPDATE referral_keys AS one SET wrapped = other.wrapped FROM referral_keys AS other"
    " WHERE one.referral_id <> other.referral_id",
}


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as opened:
        yield opened


@pytest.mark.parametrize("swap", SWAPS)
async def test_swapped_ciphertexts_show_nothing_and_are_an_error(desk: ServedDesk, swap: str) -> None:
    ids = [await desk.refer(), await desk.refer()]
    async with httpx2.AsyncClient(base_url=desk.url, headers=STAFF, timeout=20) as client:
        for referral_id in ids:
            assert (await client.get(f"/api/referrals/{referral_id}")).status_code == 200
        await desk.desk.pool.execute(SWAPS[swap])
        for referral_id in ids:
            answer = await client.get(f"/api/referrals/{referral_id}")
            assert answer.status_code == 500
            assert answer.json()["detail"].startswith("what is stored cannot be opened")
            assert "Testperson" not in answer.text


async def test_another_referrals_number_is_shown_to_nobody(desk: ServedDesk) -> None:
    one, other = await desk.refer(), await desk.refer()
    async with desk.desk.pool.acquire() as connection:
        foreign = (await desk.desk.vault.sealer(connection, other)).texts.seal("AUTH 77")
        own = (await desk.desk.vault.sealer(connection, one)).texts.seal("AUTH 88")
    shown = []
    async with httpx2.AsyncClient(base_url=desk.url, headers=STAFF, timeout=20) as client:
        for number in (own, foreign):
            line = {"sequence": 1, "kind": "drug", "code": "J0696", "place_of_service": "12", "units": 1}
            await desk.desk.pool.execute(
                "UPDATE referrals SET lines = $2 WHERE id = $1", one, [{**line, "number": number}]
            )
            shown.append((await client.get(f"/api/referrals/{one}")).json()["lines"][0]["number"])
    assert shown == ["AUTH 88", None]
