"""An answer that was accepted before answers were judged against the state stays accepted at every replay."""

import pytest

from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process import story as stories
from tests.process.outside import Outside
from tests.process.server import time_skipping
from tests.process.story import Script, Story
from tests.replay.judged_by_shape import ShapeJudgedReferral
from tests.replay.recording import KEYRING
from tests.replay.replaying import failure
from workers import build
from workflows.referral import ReferralWorkflow


@pytest.mark.parametrize("by_update", [True, False])
async def test_what_was_accepted_stays_accepted(monkeypatch: pytest.MonkeyPatch, *, by_update: bool) -> None:
    monkeypatch.setattr(build, "ReferralWorkflow", ShapeJudgedReferral)
    monkeypatch.setattr(stories, "ReferralWorkflow", ShapeJudgedReferral)
    script: Script = {K.REPORT_VISIT: [{"outcome": "completed"}]}  # without its items
    async with time_skipping(KEYRING) as env, Story(env, Outside(), script, by_update=by_update) as story:
        assert await story.ends() is Closing.COMPLETED
        history = await story.handle.fetch_history()
    assert await failure(ReferralWorkflow, history) is None
