"""A start without a nurse: whose decision counts, and which answers are possible."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstdose.domain.care.assessment import Assessment, Suitability
from firstdose.domain.care.nursing import as_assessed
from firstdose.domain.referral.facts import DeidentifiedFacts
from firstdose.domain.work.resolutions import Refused, check
from firstdose.domain.work.start_judgment import judge_start
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K

DELIVERED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOW = DELIVERED + timedelta(days=2)
HOUR = timedelta(hours=1)


def item(kind: K, **asks: Any) -> WorkItem:
    return WorkItem(id="1", kind=kind, asks=asks, opened_at=DELIVERED, due_at=NOW)


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("decided", [True, False, None])
def test_the_pharmacists_decision_counts_over_the_orders(ordered: bool, decided: bool | None) -> None:
    assessment = Assessment(suitability=Suitability.HOME, needs_nursing=decided)
    needed = as_assessed(DeidentifiedFacts(needs_nursing=ordered), assessment).needs_nursing
    assert needed is (ordered if decided is None else decided)
    assert as_assessed(DeidentifiedFacts(needs_nursing=ordered), None).needs_nursing is ordered


@pytest.mark.parametrize("started_at", [DELIVERED, NOW - HOUR, NOW])
def test_a_start_lies_between_delivery_and_now(started_at: datetime) -> None:
    started = check(K.CONFIRM_START, {"outcome": "started", "started_at": started_at.isoformat()})
    judge_start(item(K.CONFIRM_START, delivered_at=DELIVERED.isoformat()), started, NOW)


@pytest.mark.parametrize("started_at", [DELIVERED - HOUR, NOW + HOUR])
def test_another_start_is_refused_without_its_time(started_at: datetime) -> None:
    started = check(K.CONFIRM_START, {"outcome": "started", "started_at": started_at.isoformat()})
    with pytest.raises(Refused, match="started_at") as refusal:
        judge_start(item(K.CONFIRM_START, delivered_at=DELIVERED.isoformat()), started, NOW)
    assert str(started_at.year) not in str(refusal.value)


@pytest.mark.parametrize("answer", [{"outcome": "started"}, {"outcome": "problem"}])
def test_an_outcome_says_what_it_must(answer: dict[str, str]) -> None:
    with pytest.raises(Refused, match=r"started_at|problem"):
        check(K.CONFIRM_START, answer)


def test_only_where_a_nurse_comes_can_she_bring_the_therapy() -> None:
    ready = {"outcome": "ready", "beyond_use": NOW.isoformat(), "kit_present": True, "delivery": "with_nurse"}
    resolution = check(K.PREPARE_THERAPY, ready)
    judge_start(item(K.PREPARE_THERAPY), resolution, NOW)
    with pytest.raises(Refused, match="delivery"):
        judge_start(item(K.PREPARE_THERAPY, nurse=False), resolution, NOW)
