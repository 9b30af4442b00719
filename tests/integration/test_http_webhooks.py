"""Intake over a real socket: what a source is answered, and what is stored for it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from firstdose.adapters.postgres.pool import Pool
from tests.served_desk import ServedDesk, received, served_desk, settings_for



@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        yield served


async def test_a_referral_is_taken_while_temporal_is_away(desk: ServedDesk, pool: Pool) -> None:
    answer = await desk.send(received())
    assert answer.status_code == 202
    assert answer.json()["status"] == "accepted"
    kinds = await pool.fetchval("SELECT array_agg(kind) FROM messages WHERE referral_id = $1", answer.json()["referral_id"])
    assert kinds == ["start"]
