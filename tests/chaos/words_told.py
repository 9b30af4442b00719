"""What a source may have heard, whatever was done again: each word once, but for a visit that was moved."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from firstdose.domain.work.stage import Milestone


def told_once(happened: Iterable[Mapping[str, Any]]) -> bool:
    """While everything is down the time of a visit passes: it is cancelled, and another one is scheduled."""
    told = Counter(each["details"]["business_status"] for each in happened if each["what"] == "source.told")
    moved = told.pop(Milestone.EVENT_CANCELLED, 0)
    scheduled = told.pop(Milestone.SCHEDULED, 0)
    return set(told.values()) == {1} and moved <= scheduled <= moved + 1
