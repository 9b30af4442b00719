"""The life of a patch, from the release that brings a step to the one that forgets there was a time without it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHistory
from temporalio.workflow import NondeterminismError

from tests.process import story as stories
from tests.process.server import time_skipping
from tests.process.story import Story
from tests.replay.broken_twin import BrokenReferral as WithoutPatch
from tests.replay.grace_period import GRACE, DeprecatedPatchReferral, LongerGraceReferral, PatchedReferral
from tests.replay.recording import KEYRING, STORIES
from tests.replay.replaying import RECORDED, called, failure, read
from workers import build
from workflows.referral import ReferralWorkflow

Played = Callable[[type], Awaitable[WorkflowHistory]]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    """The history of a new referral that a worker with this version of the process takes to its end."""

    async def play(process: type) -> WorkflowHistory:
        monkeypatch.setattr(build, "ReferralWorkflow", process)
        monkeypatch.setattr(stories, "ReferralWorkflow", process)
        outside, script = STORIES["benefits_check_only"]()
        async with time_skipping(KEYRING) as env, Story(env, outside, script) as story:
            await story.ends()
            return await story.handle.fetch_history()

    return play


@pytest.mark.parametrize("file", RECORDED, ids=called)
async def test_what_was_there_before_goes_on_without_the_step(file: Path) -> None:
    assert await failure(PatchedReferral, read(file)) is None


async def test_what_is_new_takes_the_step_and_says_so(played: Played) -> None:
    before, after = await played(ReferralWorkflow), await played(PatchedReferral)
    assert (waits(before), markers(before)) == (False, 0)
    assert (waits(after), markers(after)) == (True, 1)
    assert isinstance(await failure(ReferralWorkflow, after), NondeterminismError), (
        "there is no way back to the old code"
    )


@pytest.mark.parametrize("file", RECORDED, ids=called)
async def test_the_old_way_stays_while_referrals_are_open_that_went_it(file: Path) -> None:
    assert isinstance(await failure(DeprecatedPatchReferral, read(file)), NondeterminismError)


async def test_the_patch_goes_in_two_releases(played: Played) -> None:
    patched, deprecated = await played(PatchedReferral), await played(DeprecatedPatchReferral)
    assert await failure(DeprecatedPatchReferral, patched) is None
    assert isinstance(await failure(WithoutPatch, patched), NondeterminismError), "not in one"
    assert await failure(PatchedReferral, deprecated) is None, "two releases side by side"
    assert await failure(WithoutPatch, deprecated) is None


async def test_another_duration_or_text_needs_no_patch(played: Played) -> None:
    assert await failure(LongerGraceReferral, await played(PatchedReferral)) is None


def waits(history: WorkflowHistory) -> bool:
    """Whether the first timer is the step's."""
    started = of_type(history, EventType.EVENT_TYPE_TIMER_STARTED)
    return bool(started) and started[0].timer_started_event_attributes.start_to_fire_timeout.ToTimedelta() == GRACE


def markers(history: WorkflowHistory) -> int:
    """How many patches the history notes. The journal's own markers have another name."""
    recorded = of_type(history, EventType.EVENT_TYPE_MARKER_RECORDED)
    return sum(each.marker_recorded_event_attributes.marker_name == "core_patch" for each in recorded)


def of_type(history: WorkflowHistory, kind: EventType.ValueType) -> list[HistoryEvent]:
    return [event for event in history.events if event.event_type == kind]
