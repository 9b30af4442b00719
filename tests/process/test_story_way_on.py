"""Wherever a referral comes to rest, something moves it on: an act of a person that is accepted, or the payer."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.work.journal import WaitingFor
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.cold.one_at_a_time import at_rest
from tests.process.anything import Watched, outsides
from tests.process.server import dev_server
from tests.process.story import USUAL, Answer, Story
from tests.process.test_story_any_staff import BRISK, CHOICES, possible
from workflows.messages import Status
from workflows.referral import ReferralWorkflow

_LOOK_EVERY = 0.1


@pytest.fixture(scope="module")
async def real(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    async with dev_server(keyring) as environment:
        yield environment


@st.composite
def scripts(draw: st.DrawFn) -> dict[K, list[Answer]]:
    """Some answers of each kind, and then of one kind in three none: that item is left lying."""
    script: dict[K, list[Answer]] = {}
    for kind, answers in CHOICES.items():
        first = draw(st.lists(st.sampled_from(range(len(answers))), max_size=2))
        last = None if draw(st.integers(0, 2)) == 0 else possible(USUAL.get(kind, answers[0]))
        script[kind] = [*(possible(answers[each]) for each in first), last]
    return script


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=scripts(), outside=outsides(BRISK))
async def test_an_open_referral_always_has_a_way_on(
    real: WorkflowEnvironment, script: dict[K, list[Answer]], outside: Watched
) -> None:
    async with Story(real, outside, script, by_update=False) as story:
        try:
            async with asyncio.timeout(25):
                status = await at_rest_or_ended(story)
                for item in status.open_items[:1] if status else ():
                    assert await an_answer_is_accepted(story, item), story.refusals
        finally:
            await ended(story)


async def at_rest_or_ended(story: Story) -> Status | None:
    """Where it waits for somebody, or None if it has ended. Times out if it rests and waits for nobody."""
    while not await at_rest(story.env.client, story.handle.id):
        status = await story.handle.query(ReferralWorkflow.status)
        if moves_on(status):
            return status
        await asyncio.sleep(_LOOK_EVERY)
    return None


async def ended(story: Story) -> None:
    try:
        await story.handle.terminate()
    except RPCError:
        return


def moves_on(status: Status) -> bool:
    return bool(status.open_items) or WaitingFor.PAYER in status.waiting_for or status.hold is not None


async def an_answer_is_accepted(story: Story, item: WorkItem) -> bool:
    for choice in CHOICES[item.kind]:
        refused = len(story.refusals)
        await story.resolve(item, choice)
        if len(story.refusals) == refused:
            return True
    return False
