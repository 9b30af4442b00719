"""Recorded histories replay: the gate that keeps a change of the process from breaking referrals that run."""

from pathlib import Path

import pytest
from temporalio.workflow import NondeterminismError

from tests.replay import recording
from tests.replay.broken_twin import BrokenReferral
from tests.replay.recording import HISTORIES, STATES, STORIES, UNRELEASED
from tests.replay.replaying import RECORDED, called, failure, read
from workflows.referral import ReferralWorkflow


@pytest.mark.parametrize("folder", [HISTORIES, STATES])
def test_each_story_is_recorded(folder: Path) -> None:
    assert sorted(file.stem for file in (folder / UNRELEASED).iterdir()) == sorted(STORIES)


@pytest.mark.parametrize("file", RECORDED, ids=called)
async def test_a_recorded_referral_replays(file: Path) -> None:
    assert await failure(ReferralWorkflow, read(file)) is None


@pytest.mark.parametrize("file", RECORDED, ids=called)
async def test_the_gate_can_fail(file: Path) -> None:
    assert isinstance(await failure(BrokenReferral, read(file)), NondeterminismError)


async def test_what_a_release_recorded_is_never_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "HISTORIES", tmp_path / "histories")
    monkeypatch.setattr(recording, "STATES", tmp_path / "states")
    monkeypatch.setattr(recording, "STORIES", {"benefits_check_only": STORIES["benefits_check_only"]})
    assert await recording.record("0.2.0") == 0
    recorded = written(tmp_path)
    assert len(recorded) == 2
    assert await recording.record("0.2.0") == 1
    assert written(tmp_path) == recorded


def written(folder: Path) -> dict[Path, str]:
    return {file: file.read_text() for file in folder.rglob("*.json")}
