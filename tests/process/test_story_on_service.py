"""Stories that end with the patient on service."""

from datetime import timedelta

from temporalio.testing import WorkflowEnvironment

from firstdose.domain.authorization import LineState
from firstdose.domain.journal import HandedOver
from firstdose.domain.stage import Closing, Stage
from firstdose.domain.work_item import WorkItemKind as K
from tests.process.outside import APPROVED, PENDED, WANTS_NOTES, Outside
from tests.process.story import Story


async def test_approved_at_once(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside()) as story:
        assert await story.ends() is Closing.COMPLETED

    outside = story.outside
    assert outside.standing.stage is Stage.ON_SERVICE
    assert outside.milestones == ["2.0", "3.0", "5.1.1", "5.1.4", "7.0"]
    assert {line.state for line in outside.standing.lines} == {LineState.APPROVED}
    assert len([entry for entry in outside.entries if isinstance(entry, HandedOver)]) == 1
    assert not outside.compensations
    assert story.refusals == []


async def test_pended_for_three_days_adds_no_event_a_day(env: WorkflowEnvironment) -> None:
    async with Story(env, Outside(submissions=[PENDED], decisions=[(timedelta(days=3), APPROVED)])) as story:
        assert await story.ends() is Closing.COMPLETED
        events = len((await story.handle.fetch_history()).events)

    assert story.outside.inquiries >= 12
    assert len(story.outside.requests) == 1
    assert events <= 200
