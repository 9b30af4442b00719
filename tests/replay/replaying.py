"""How a recorded history is read and replayed with some version of the process."""

from pathlib import Path

from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from firstdose.adapters.temporal import data_converter
from firstdose.adapters.workflow_runner import REFERRAL_RUNNER
from tests.replay.recording import HISTORIES, KEYRING

RECORDED = sorted(HISTORIES.rglob("*.json"))


def called(file: Path) -> str:
    """`release/story`, for the test's name."""
    return f"{file.parent.name}/{file.stem}"


def read(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(f"referral-replay-{file.stem}", file.read_text())


async def failure(process: type, history: WorkflowHistory) -> Exception | None:
    """Why the history does not fit this process; None if it does."""
    replayer = Replayer(workflows=[process], data_converter=data_converter(KEYRING), workflow_runner=REFERRAL_RUNNER)
    return (await replayer.replay_workflow(history, raise_on_replay_failure=False)).replay_failure
