"""States that earlier versions recorded: they load, lose nothing, and a referral goes on from them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.temporal import data_converter
from firstdose.domain.work.stage import Closing
from tests.process.server import time_skipping
from tests.process.story import Story
from tests.replay.recording import HISTORIES, KEYRING, STATES, STORIES
from tests.replay.replaying import called, read
from workflows.mechanism.state import ReferralState
from workflows.messages import ReferralStart

RECORDED = sorted(STATES.rglob("*.json"))


def loaded(text: str) -> ReferralState:
    return ReferralState.at_start(ReferralStart(referral_id="r", source="s", state=text))


def paths(value: Any, at: str = "") -> Iterator[str]:
    """Every place in a JSON value, with what stands there; a list is taken as a set, which some of them are."""
    match value:
        case dict() if value:
            for key, each in value.items():
                yield from paths(each, f"{at}/{key}")
        case list() if value:
            for each in value:
                yield from paths(each, f"{at}/*")
        case _:
            yield f"{at} = {value}"


@pytest.mark.parametrize("file", RECORDED, ids=called)
def test_nothing_of_it_is_lost(file: Path) -> None:
    """A field that was removed or renamed would be missing in what is written again."""
    text = file.read_text()
    assert sorted(set(paths(json.loads(text))) - set(paths(json.loads(loaded(text).to_json())))) == []


@pytest.mark.parametrize("file", RECORDED, ids=called)
async def test_a_referral_goes_on_from_it_to_the_same_end(file: Path) -> None:
    async with time_skipping(KEYRING) as env, going_on(env, file) as story:
        assert await story.ends() is await ended(HISTORIES / file.relative_to(STATES))


def going_on(env: WorkflowEnvironment, file: Path) -> Story:
    outside, script = STORIES[file.stem]()
    return Story(env, outside, script, referral_id=f"replay-{file.stem}", state=file.read_text())


async def ended(history: Path) -> Closing:
    result = read(history).events[-1].workflow_execution_completed_event_attributes.result
    (closing,) = await data_converter(KEYRING).decode(result.payloads, [Closing])
    return Closing(closing)
