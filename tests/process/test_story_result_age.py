"""Stories in which a result becomes too old before the visit: it is verified or confirmed again in time."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.policy import ResultAges
from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.work.journal import Noted
from firstdose.domain.work.role import Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.changing import reviews
from tests.process.outside import AGELESS, APART, APPROVED, PENDED, Outside
from tests.process.story import Answer, Story

LONG = timedelta(days=40)


def visit_in(days: int) -> Callable[[WorkItem, datetime], dict[str, Any]]:
    def accepted(_: WorkItem, now: datetime) -> dict[str, Any]:
        at = now + timedelta(days=days)
        return {"outcome": "accepted", "visit_at": at.isoformat(), "patient_confirmed": True}

    return accepted


def ready_for_long(_: WorkItem, now: datetime) -> dict[str, Any]:
    return {"outcome": "ready", "beyond_use": (now + timedelta(days=90)).isoformat(), "kit_present": True}


def judged_by(**ages: Any) -> Outside:
    policy = APART.model_copy(update={"ages": ResultAges(**{**AGELESS.model_dump(), **ages})})
    return Outside(policy=policy, submissions=[PENDED], decisions=[(LONG, APPROVED)])


def verified(story: Story) -> list[datetime]:
    entries = story.outside.entries
    return [each.at for each in entries if isinstance(each, Noted) and each.action == "benefits.verified"]


@pytest.mark.parametrize("ages", [{"verified_in_month": True}, {"verification": timedelta(days=30)}])
async def test_benefits_verified_too_long_ago_are_verified_before_the_visit(
    env: WorkflowEnvironment, ages: dict[str, Any]
) -> None:
    async with Story(env, judged_by(**ages)) as story:
        assert await story.ends() is Closing.COMPLETED
    first, second = verified(story)
    assert second - first >= LONG
    assert len(story.outside.requests) == 1


async def test_the_month_of_the_visit_is_waited_for(env: WorkflowEnvironment) -> None:
    """A new plan year begins with a month."""
    script: dict[K, list[Answer]] = {K.CONFIRM_VISIT: [visit_in(40)], K.PREPARE_THERAPY: [ready_for_long]}
    outside = judged_by(verified_in_month=True)
    outside.submissions = [APPROVED]
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    visit_at, (_, second) = outside.standing.visit_at, verified(story)
    assert visit_at
    assert (second.year, second.month) == (visit_at.year, visit_at.month)
    assert second.day == 1


async def test_benefits_of_this_month_are_not_verified_again(env: WorkflowEnvironment) -> None:
    async with Story(env, judged_by(verification=timedelta(days=60))) as story:
        assert await story.ends() is Closing.COMPLETED
    assert len(verified(story)) == 1


async def test_an_old_assessment_is_confirmed_by_the_pharmacist(env: WorkflowEnvironment) -> None:
    async with Story(env, judged_by(assessment=timedelta(days=30))) as story:
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.REVIEW_CHANGE)
    assert (item.role, item.asks["changed"]) == (Role.PHARMACIST, ["age"])
    assert item.asks["why"] == "the assessment is being looked at again because it has become too old"


async def test_an_old_assessment_may_be_made_anew(env: WorkflowEnvironment) -> None:
    outside = judged_by(assessment=timedelta(days=30))
    async with Story(env, outside, {K.REVIEW_CHANGE: [{"outcome": "redo"}]}) as story:
        assert await story.ends() is Closing.COMPLETED
    assert len(reviews(story, SettledResult.ASSESSMENT)) == 1
    assert len(story.asked(K.ASSESS_PATIENT)) == 2
