"""The report of payers' turnaround, from the store to JSON and CSV."""

import csv
import io
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from firstdose.adapters.postgres.payers.authorization_requests import keep_requests
from firstdose.adapters.postgres.pool import transaction
from firstdose.domain.authorization.requests import RequestEvent
from firstdose.domain.clock.clocks import RULES, Clock, decision_clock
from firstdose.domain.clock.rules import Regime
from firstdose.domain.clock.state import paused, resumed
from firstdose.domain.work.role import Role
from tests.served_desk import ServedDesk, served_desk, settings_for, token

REPORT: Final = "/api/reports/payers"
HOUR: Final = timedelta(hours=1)
NOW: Final = datetime.now(UTC)
LAST_WEEK: Final = NOW - timedelta(days=7)
APPROVED: Final = {"by": "payer", "lines": {"1": "approved"}}
CANARY: Final = "CANARY-Hernandez"


@pytest.fixture
async def desk(dsn: str, tmp_path: Path) -> AsyncIterator[ServedDesk]:
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        yield served


async def noted(
    desk: ServedDesk, *entries: tuple[datetime, str, Mapping[str, Any]], referral_id: str | None = None
) -> str:
    """A referral, perhaps a new one, of which these entries of its journal were recorded."""
    chain = referral_id or await desk.refer(patient={"family_name": CANARY})
    async with transaction(desk.desk.pool) as connection:
        for at, action, details in entries:
            await keep_requests(connection, chain, RequestEvent(at, action, details))
    return chain


def submitted(
    at: datetime, payer: str = "acme", contact: str = "c", clock: Clock | None = None
) -> tuple[datetime, str, dict[str, Any]]:
    details = {
        "contact": contact,
        "payer": payer,
        "channel": "people",
        "lines": [1],
        "clock": kept(clock or part_b(at)),
    }
    return at, "authorization.submitted", details


def part_b(at: datetime) -> Clock:
    return decision_clock(RULES, Regime.MEDICARE_ADVANTAGE, at, drug=True, expedited=False)


def kept(clock: Clock) -> dict[str, Any]:
    return clock.model_dump(mode="json", exclude={"answered_at"})


async def rows(desk: ServedDesk, **query: str) -> list[dict[str, Any]]:
    async with desk.as_staff(Role.REIMBURSEMENT_SPECIALIST) as specialist:
        answer = await specialist.get(REPORT, params=query)
    assert answer.status_code == 200
    assert CANARY not in answer.text
    return list(answer.json()["payers"])


async def test_each_payer_against_its_clock(desk: ServedDesk) -> None:
    decided = LAST_WEEK + 80 * HOUR, "authorization.lines", APPROVED
    await noted(desk, submitted(LAST_WEEK, "slow"), decided)
    await noted(desk, submitted(NOW - HOUR, "slow"))
    await noted(desk, submitted(LAST_WEEK, "quick"), (LAST_WEEK + HOUR, "authorization.lines", APPROVED))
    quick, slow = await rows(desk)
    assert slow == {
        "payer": "slow",
        "rule": "Part B drug",
        "requests": 2,
        "in_time": 0,
        "late": 1,
        "open": 1,
        "overdue": 0,
        "withdrawn": 0,
        "approved_first": 1,
        "in_time_share": 0.0,
        "approved_first_share": 1.0,
        "allowed_hours": 72.0,
        "median_hours": 80.0,
        "p90_hours": 80.0,
        "worst_breach_hours": 8.0,
    }
    assert (quick["payer"], quick["in_time"], quick["median_hours"]) == ("quick", 1, 1.0)


async def test_time_that_the_payer_waits_for_us_does_not_count(desk: ServedDesk) -> None:
    clock = decision_clock(RULES, Regime.EMPLOYER, LAST_WEEK, drug=True, expedited=False)
    still = paused(clock, LAST_WEEK + 10 * HOUR)
    stood = resumed(still, LAST_WEEK + 60 * HOUR)
    await noted(
        desk,
        submitted(LAST_WEEK, clock=clock),
        (LAST_WEEK + 10 * HOUR, "authorization.clock", {"contact": "c", "clock": kept(still)}),
        (LAST_WEEK + 60 * HOUR, "authorization.clock", {"contact": "c", "clock": kept(stood)}),
        (LAST_WEEK + 100 * HOUR, "authorization.lines", APPROVED),
    )
    assert [(row["rule"], row["median_hours"]) for row in await rows(desk)] == [("Employer plan", 50.0)]


async def test_a_closed_referral_waits_for_nobody(desk: ServedDesk) -> None:
    moved, closed = ((LAST_WEEK + HOUR, "stage", {"stage": stage}) for stage in ("preparation", "closed"))
    referral_id = await noted(desk, submitted(LAST_WEEK), moved)
    assert [row["overdue"] for row in await rows(desk)] == [1]
    await noted(desk, closed, referral_id=referral_id)
    assert [(row["overdue"], row["withdrawn"]) for row in await rows(desk)] == [(0, 1)]


async def test_only_requests_that_left_in_the_days_asked_for_count(desk: ServedDesk) -> None:
    await noted(desk, submitted(NOW - timedelta(days=200)), submitted(LAST_WEEK), submitted(NOW))
    day = f"{LAST_WEEK:%Y-%m-%d}"
    assert [row["requests"] for row in await rows(desk)] == [2]
    assert [row["requests"] for row in await rows(desk, since=day, until=day)] == [1]
    assert await rows(desk, since="2020-01-01", until="2020-12-31") == []


@pytest.mark.parametrize(
    ("query", "accept"),
    [({"format": "csv"}, "*/*"), ({"format": "csv"}, "application/json"), ({}, "text/csv"), ({}, "text/csv; q=1")],
)
async def test_as_csv(desk: ServedDesk, query: dict[str, str], accept: str) -> None:
    await noted(desk, submitted(NOW - HOUR))
    async with desk.as_staff(Role.AUDITOR) as auditor:
        answer = await auditor.get(REPORT, params=query, headers={"accept": accept})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert (row["payer"], row["requests"], row["open"], row["median_hours"]) == ("acme", "1", "1", "")


async def test_json_is_meant_unless_csv_is_asked_for(desk: ServedDesk) -> None:
    async with desk.as_staff(Role.AUDITOR) as auditor:
        answer = await auditor.get(REPORT, params={"format": "json"}, headers={"accept": "text/csv"})
    assert answer.json()["payers"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"since": "2026-03-02", "until": "2026-03-01"},
        {"since": "2024-01-01", "until": "2026-03-01"},
        {"since": "0001-01-01"},
        {"until": "9999-12-31"},
        {"until": "yesterday"},
        {"format": "xlsx"},
    ],
)
async def test_what_cannot_be_reported_is_refused(desk: ServedDesk, query: dict[str, str]) -> None:
    async with desk.as_staff(Role.SUPERVISOR) as supervisor:
        assert (await supervisor.get(REPORT, params=query)).status_code == 422


async def test_strangers_get_no_report(desk: ServedDesk) -> None:
    async with desk.as_staff() as nobody:
        assert (await nobody.get(REPORT)).status_code == 403
        assert (
            await nobody.get(REPORT, headers={"authorization": f"Bearer {token(exp=LAST_WEEK)}"})
        ).status_code == 401
