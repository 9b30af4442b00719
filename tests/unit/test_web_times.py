"""Times on pages: in the zone that is asked for, with its name, and how far away."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from desk.web.times import day_text, distance, time_element, time_text

NOW = datetime(2026, 11, 28, 20, 50, tzinfo=UTC)
CHICAGO, NEW_YORK = ZoneInfo("America/Chicago"), ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("at", "zone", "text"),
    [
        (NOW, CHICAGO, "Nov 28, 2:50 PM CST"),
        (NOW, NEW_YORK, "Nov 28, 3:50 PM EST"),
        (datetime(2026, 7, 1, 5, 5, tzinfo=UTC), CHICAGO, "Jul 1, 12:05 AM CDT"),
        (datetime(2026, 7, 1, 17, 5, tzinfo=UTC), CHICAGO, "Jul 1, 12:05 PM CDT"),
        (datetime(2027, 1, 1, 5, 0, tzinfo=UTC), CHICAGO, "Dec 31, 11:00 PM CST"),
        (datetime(2027, 1, 1, 6, 0, tzinfo=UTC), CHICAGO, "Jan 1, 2027, 12:00 AM CST"),
    ],
)
def test_a_time_is_told_in_its_zone(at: datetime, zone: ZoneInfo, text: str) -> None:
    assert time_text(at, zone, NOW) == text


@pytest.mark.parametrize(
    ("away", "text"),
    [
        (timedelta(seconds=30), "now"),
        (timedelta(minutes=5), "in 5 min"),
        (timedelta(hours=-3), "3 h ago"),
        (timedelta(hours=47), "in 47 h"),
        (timedelta(days=-2), "2 days ago"),
    ],
)
def test_a_distance_is_told_in_words(away: timedelta, text: str) -> None:
    assert distance(NOW + away, NOW) == text


def test_an_element_has_both() -> None:
    shown = str(time_element(NOW + timedelta(hours=2), CHICAGO, NOW))
    assert shown == (
        '<time datetime="2026-11-28T22:50:00+00:00">Nov 28, 4:50 PM CST</time> <span class="away">in 2 h</span>'
    )
    assert day_text(date(2026, 3, 2)) == "Mar 2, 2026"
