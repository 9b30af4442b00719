"""The smallest answers that docs/work-items.md shows are accepted, and nothing can be left out of them."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from firstdose.domain.policy import Policy
from firstdose.domain.referral.order import Site
from firstdose.domain.work.answers_page import outcomes, smallest_answer, work_items_table
from firstdose.domain.work.judging.context import ResolutionContext
from firstdose.domain.work.judgment import judge
from firstdose.domain.work.resolutions import Refused
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K

PAGE = (Path(__file__).parents[2] / "docs/work-items.md").read_text()
NOW = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
STATE = ResolutionContext(begun_at=NOW, site=Site.HOME, needs_nurse=True, policy=Policy())


def accept(kind: K, answer: dict[str, Any]) -> None:
    item = WorkItem(id="r-1", kind=kind, opened_at=NOW, due_at=NOW)
    judge(item, Actor(id="a", roles=tuple(Role)), answer, STATE, NOW)


@pytest.mark.parametrize("kind", list(K))
def test_the_smallest_answer_is_accepted(kind: K) -> None:
    accept(kind, smallest_answer(kind))


@pytest.mark.parametrize("kind", list(K))
def test_nothing_can_be_left_out_of_it(kind: K) -> None:
    smallest = smallest_answer(kind)
    for name in smallest:
        with pytest.raises(Refused):
            accept(kind, {field: value for field, value in smallest.items() if field != name})


@pytest.mark.parametrize("kind", list(K))
def test_it_has_an_outcome_that_the_model_knows(kind: K) -> None:
    assert smallest_answer(kind)["outcome"] in outcomes(kind)


def test_the_page_has_the_table_of_the_models() -> None:
    shown = PAGE.partition("<!-- work items -->\n")[2].partition("<!-- /work items -->")[0]
    assert shown == work_items_table(), "make it again from answers_page.work_items_table()"
