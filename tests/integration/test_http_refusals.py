"""Refused access leaves events with subject, peer and request id, as many as help and no more."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import structlog

from desk.http.refusals import Refusal, RefusalLog
from firstdose.domain.work.role import Role
from tests.served_desk import ServedDesk, received, served_desk, settings_for, token

NOWHERE = "/api/referrals/00000000-0000-7000-8000-000000000000"
CANARY = "Zkanarivogel"


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as opened:
        yield opened


async def test_who_is_refused_what_is_told(desk: ServedDesk) -> None:
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logs:
        async with httpx2.AsyncClient(base_url=desk.url) as stranger:
            answers = [
                await stranger.get("/api/whoami", headers={"authorization": "Bearer x"}),
                await stranger.get("/api/whoami", headers={"authorization": f"Bearer {token(subject='rosa')}"}),
                await desk.send(received(), secret="whsec_" + "B" * 32),
                await desk.send(received(), source=CANARY),
                await stranger.get(f"/{CANARY}"),
            ]
        async with desk.as_staff(Role.NURSE, subject="rosa") as nurse:
            answers.append(await nurse.get(NOWHERE))
    assert [answer.status_code for answer in answers] == [401, 403, 401, 401, 404, 404]
    refused = [each for each in logs if each["event"] == "access_refused"]
    assert [(each["status"], each["route"], each["actor"]) for each in refused] == [
        (401, "/api/whoami", None),
        (403, "/api/whoami", "staff:rosa"),
        (401, "/webhooks/referrals/{source}", None),
        (401, "/webhooks/referrals/{source}", None),
        (404, "none", None),
        (404, "/api/referrals/{referral_id}", "staff:rosa"),
    ]
    assert {each["peer"] for each in refused} == {"127.0.0.1"}
    assert [each["request_id"] for each in refused] == [answer.headers["x-request-id"] for answer in answers]
    assert len({each["request_id"] for each in refused}) == len(refused)
    assert CANARY not in str(logs)


def test_many_refusals_are_few_lines_and_a_count() -> None:
    now = 0.0
    refusals = RefusalLog(lambda: now)
    with structlog.testing.capture_logs() as logs:
        for number in range(1000):
            refusals.record(Refusal(401, "/api/whoami", None, "10.0.0.1"), str(number))
        assert len(logs) == 5
        for number in range(1000):
            refusals.record(Refusal(401, "/api/whoami", None, f"10.1.{number // 250}.{number % 250}"), str(number))
        assert len(logs) == 300
        now = 60.0
        refusals.record(Refusal(401, "/api/whoami", None, "10.0.0.1"), "last")
    told: list[tuple[str, Any]] = [(each["event"], each.get("count")) for each in logs[300:]]
    assert told == [("access_refused_more", 1700), ("access_refused", None)]
