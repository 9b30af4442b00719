"""Stories that are started again from each state that they recorded, as after a loss of Temporal's own state."""

import copy
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.work.journal import Batch, HandedOver, Recorded
from tests.process.outside import Outside
from tests.process.server import time_skipping
from tests.process.story import Story
from tests.replay.recording import STORIES


class Moment(NamedTuple):
    """What was recorded, and the outside at that time."""

    state: str
    outside: Outside
    held: dict[str, Any]
    reserved: set[str]


@dataclass
class Watched(Outside):
    moments: list[Moment] = field(default_factory=list)
    story: Story | None = None

    async def record(self, batch: Batch) -> Recorded:
        recorded = await super().record(batch)
        if self.story:
            held, reserved = dict(self.story.roster.held), set(self.story.shelves.reserved)
            self.moments.append(Moment(batch.state, as_it_is(self), held, reserved))
        return recorded


def as_it_is(outside: Outside) -> Outside:
    names = [each.name for each in fields(Outside) if each.name not in ("happened", "staff")]
    return Outside(**{name: copy.copy(getattr(outside, name)) for name in names})


@pytest.mark.parametrize("name", ["approved_at_once", "denied_appealed_approved", "visit_missed", "unreachable"])
async def test_started_again_from_any_state_it_ends_the_same(
    name: str, keyring: Keyring, env: WorkflowEnvironment
) -> None:
    plain, script = STORIES[name]()
    outside = Watched(**{each.name: getattr(plain, each.name) for each in fields(Outside)})
    async with Story(env, outside, script) as story:
        outside.story = story
        closing = await story.ends()

    for moment in outside.moments:
        async with time_skipping(keyring) as afresh:
            again = Story(afresh, moment.outside, script, state=moment.state, referral_id=story.referral_id)
            again.goes_on_with(moment.held, moment.reserved)
            async with again:
                assert await again.ends() is closing
        assert told(again.outside) == told(outside)
        assert keys(again.outside) == keys(outside), "what is asked again has the same key, so it is one request"
        assert len(again.roster.held) == len(story.roster.held)
        assert len(again.shelves.reserved) == len(story.shelves.reserved)


def keys(outside: Outside) -> set[str]:
    return {request.key for request in [*outside.requests, *outside.voided]}


def told(outside: Outside) -> tuple[list[str], int]:
    """What the source heard, and how often billing did."""
    handed_over = [entry for entry in outside.entries if isinstance(entry, HandedOver)]
    return outside.milestones, len(handed_over)
