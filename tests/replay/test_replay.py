"""Recorded histories replay: the gate that keeps a change of the process from breaking referrals that run."""

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from firstdose.adapters.temporal import data_converter
from firstdose.adapters.workflow_runner import REFERRAL_RUNNER
from tests.replay.broken_twin import BrokenReferral
from tests.replay.recording import HISTORIES, KEYRING, STORIES
from workflows.referral import Referral

RECORDED = sorted(HISTORIES.glob("*.json"))


def test_each_story_is_recorded() -> None:
    assert [file.stem for file in RECORDED] == sorted(STORIES)


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
async def test_a_recorded_referral_replays(file: Path) -> None:
    result = await _replayer(Referral).replay_workflow(_read(file))
    assert result.replay_failure is None


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: file.stem)
async def test_the_gate_can_fail(file: Path) -> None:
    with pytest.raises(NondeterminismError):
        await _replayer(BrokenReferral).replay_workflow(_read(file))


def _replayer(process: type) -> Replayer:
    return Replayer(workflows=[process], data_converter=data_converter(KEYRING), workflow_runner=REFERRAL_RUNNER)


def _read(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(f"referral-replay-{file.stem}", file.read_text())
