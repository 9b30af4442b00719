"""The day by which dates lie in the future: the latest anywhere, for everyone who judges a source's or a person's."""

import ast
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from firstdose.domain.referral.today import latest_today

ROOT = Path(__file__).parents[2]
JUDGES = (
    "desk/http/webhooks.py",
    "desk/http/referrals.py",
    "desk/http/work_items.py",
    "firstdose/adapters/postgres/referrals/journal_entries.py",
)


@pytest.mark.parametrize(
    ("hour", "minute", "day"),
    [(0, 0, 28), (9, 59, 28), (10, 0, 29), (23, 59, 29)],
    ids=["0:00", "9:59", "10:00", "23:59"],
)
def test_the_day_changes_when_it_does_in_the_first_place_on_earth(hour: int, minute: int, day: int) -> None:
    assert latest_today(datetime(2026, 11, 28, hour, minute, tzinfo=UTC)) == date(2026, 11, day)


@pytest.mark.parametrize("path", JUDGES)
def test_who_judges_dates_takes_it(path: str) -> None:
    calls = [node for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.Call)]
    assert [one for one in calls if isinstance(one.func, ast.Name) and one.func.id == "latest_today"]
    told = [keyword.value for one in calls for keyword in one.keywords if keyword.arg == "today"]
    assert not [one for one in told if ".date()" in ast.unparse(one)]
