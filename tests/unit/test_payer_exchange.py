"""Retry-After, as servers write it."""

from datetime import UTC, datetime, timedelta

import pytest

from firstdose.adapters.payers.exchange import retry_after

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("0", timedelta()),
        ("90", timedelta(seconds=90)),
        ("9" * 30, timedelta(days=1)),
        ("²", None),
        ("Sat, 21 Nov 2026 12:01:00 GMT", timedelta(minutes=1)),
        ("Sat, 21 Nov 2026 11:00:00 GMT", timedelta()),
        ("Sat, 21 Nov 2099 11:00:00 -0000", timedelta(days=1)),
    ],
)
def test_retry_after(value: str | None, expected: timedelta | None) -> None:
    assert retry_after(value, NOW) == expected
