"""The recorded stories with a worker that keeps no workflow in memory: each task begins with a replay."""

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.domain.work.stage import Closing
from tests.process.story import Story
from tests.replay.recording import STORIES

ENDS = dict.fromkeys(STORIES, Closing.COMPLETED) | {
    "denied_and_closed": Closing.DENIED_FINAL,
    "unreachable": Closing.UNABLE_TO_REACH,
    "declined_and_voided_by_people": Closing.PATIENT_DECLINED,
    "declined_and_cancellation_not_confirmed": Closing.PATIENT_DECLINED,
}


@pytest.mark.parametrize("name", STORIES)
async def test_a_story_without_a_cache(env: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr("workers.build._CACHED", 0)
    outside, script = STORIES[name]()
    async with Story(env, outside, script) as story:
        assert await story.ends() is ENDS[name]
