"""The arithmetic of the measurements; that they run at all is seen when they run."""

import pytest

from bench.figures import percentile, ratio, rounded, spread


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 50), (99, 99), (99.5, 100), (100, 100)])
def test_a_percentile_is_one_of_the_values(percent: float, value: float) -> None:
    assert percentile(list(range(100, 0, -1)), percent) == value


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


def test_a_single_slow_call_among_a_hundred_is_not_yet_the_99th() -> None:
    assert spread([0.001] * 99 + [1.0]) == {"p50_ms": 1.0, "p99_ms": 1.0, "count": 100}


@pytest.mark.parametrize(("value", "shown"), [(0, 0), (0.123456, 0.123), (1234.5, 1230), (-0.98765, -0.988)])
def test_three_digits_are_shown(value: float, shown: float) -> None:
    assert rounded(value) == shown


def test_a_ratio_is_taken_round_by_round() -> None:
    assert ratio([10, 40, 5], [20, 50, 10]) == {"ratio": 0.5, "ratio_of_each_round": [0.5, 0.8, 0.5]}
