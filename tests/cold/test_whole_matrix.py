"""Every recorded story with every action by a cold worker, in each order and by each door: `--whole-matrix` runs it."""

from collections.abc import Iterator
from itertools import product

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from tests.cold.cold_story import By, ColdStory, quick
from tests.process.test_story_no_cache import ENDS
from tests.replay.recording import STORIES

BY: tuple[By, ...] = ("notification", "inquiry")


def cases() -> Iterator[tuple[str, bool, bool, By, int]]:
    """Story, staff by update or signal, oldest item first or newest, how the payer speaks, after how many answers."""
    for name, by_update, oldest_first in product(STORIES, (True, False), (True, False)):
        outside, _ = STORIES[name]()
        payer: tuple[tuple[By, int], ...] = tuple(product(BY, range(3))) if outside.decisions else ((BY[0], 0),)
        yield from ((name, by_update, oldest_first, *how) for how in payer)


@pytest.mark.whole_matrix
@pytest.mark.parametrize(("name", "by_update", "oldest_first", "by", "payer_after"), [*cases()])
async def test_every_action_of_a_story_meets_a_cold_worker(
    real: WorkflowEnvironment,
    keyring: Keyring,
    name: str,
    by_update: bool,
    oldest_first: bool,
    by: By,
    payer_after: int,
) -> None:
    outside, script = STORIES[name]()
    words, outside.decisions, outside.policy = [word for _, word in outside.decisions], [], quick(by)
    async with ColdStory(
        real,
        outside,
        script,
        by_update=by_update,
        keyring=keyring,
        words=words,
        by=by,
        payer_after=payer_after,
        oldest_first=oldest_first,
    ) as story:
        assert await story.ends() is ENDS[name]
