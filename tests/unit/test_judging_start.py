"""A start without a nurse: whose decision counts, and which answers are possible."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstdose.domain.care.assessment import Assessment, Suitability
from firstdose.domain.care.nursing import as_assessed
from firstdose.domain.referral.facts import DeidentifiedFacts
from firstdose.domain.work.judging.context import Judged, ResolutionContext
from firstdose.domain.work.judging.rules import RULES
from firstdose.domain.work.resolutions import Refused, check
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K

DELIVERED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOW = DELIVERED + timedelta(days=2)
HOUR = timedelta(hours=1)


def judge(kind: K, answer: dict[str, Any], **asks: Any) -> None:
    item = WorkItem(id="1", kind=kind, asks=asks, opened_at=DELIVERED, due_at=NOW)
    RULES[kind](check(kind, answer), Judged(item, ResolutionContext(), NOW))


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("decided", [True, False, None])
def test_the_pharmacists_decision_counts_over_the_orders(ordered: bool, decided: bool | None) -> None:
    assessment = Assessment(suitability=Suitability.HOME, needs_nursing=decided)
    needed = as_assessed(DeidentifiedFacts(needs_nursing=ordered), assessment).needs_nursing
    assert needed is (ordered if decided is None else decided)
    assert as_assessed(DeidentifiedFacts(needs_nursing=ordered), None).needs_nursing is ordered


@pytest.mark.parametrize("started_at", [DELIVERED, NOW - HOUR, NOW, NOW + timedelta(minutes=1)])
def test_a_start_lies_between_delivery_and_now(started_at: datetime) -> None:
    started = {"outcome": "started", "started_at": started_at.isoformat()}
    judge(K.CONFIRM_START, started, delivered_at=DELIVERED.isoformat())


@pytest.mark.parametrize("started_at", [DELIVERED - HOUR, NOW + HOUR])
def test_another_start_is_refused_without_its_time(started_at: datetime) -> None:
    started = {"outcome": "started", "started_at": started_at.isoformat()}
    with pytest.raises(Refused, match="started_at") as refusal:
        judge(K.CONFIRM_START, started, delivered_at=DELIVERED.isoformat())
    assert f"{started_at:%H:%M}" not in str(refusal.value)


@pytest.mark.parametrize("answer", [{"outcome": "started"}, {"outcome": "problem"}])
def test_an_outcome_says_what_it_must(answer: dict[str, str]) -> None:
    with pytest.raises(Refused, match=r"started_at|problem"):
        check(K.CONFIRM_START, answer)


def test_only_where_a_nurse_comes_can_she_bring_the_therapy() -> None:
    ready = {"outcome": "ready", "beyond_use": (NOW + HOUR).isoformat(), "kit_present": True, "delivery": "with_nurse"}
    judge(K.PREPARE_THERAPY, ready)
    with pytest.raises(Refused, match="delivery"):
        judge(K.PREPARE_THERAPY, ready, nurse=False)
