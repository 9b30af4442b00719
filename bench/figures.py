"""Numbers as they are reported: rounded, with percentiles by the nearest rank."""

import math
import statistics
from collections.abc import Sequence
from typing import Any

Report = dict[str, Any]
"""What one measurement found: JSON."""


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the values that `percent` per cent of them do not exceed. Raises ValueError for none."""
    if not values:
        raise ValueError("no values")
    rank = max(1, math.ceil(len(values) * percent / 100))
    return sorted(values)[rank - 1]


def spread(seconds: Sequence[float]) -> Report:
    """p50, p99 and the number of durations, in milliseconds."""
    return {
        "p50_ms": rounded(percentile(seconds, 50) * 1000),
        "p99_ms": rounded(percentile(seconds, 99) * 1000),
        "count": len(seconds),
    }


def median(values: Sequence[float]) -> float:
    return rounded(statistics.median(values))


def rounded(value: float) -> float:
    """Three significant digits: more would claim too much."""
    if value == 0:
        return 0.0
    return round(value, 2 - math.floor(math.log10(abs(value))))


def ratio(ours: Sequence[float], bare: Sequence[float]) -> Report:
    """Ours by bare, round by round: each pair was measured side by side, so that a busy machine slows both."""
    rounds = [rounded(mine / theirs) for mine, theirs in zip(ours, bare, strict=True)]
    return {"ratio": median(rounds), "ratio_of_each_round": rounds}
