"""`replay`: whether this version of the process can go on with what earlier versions have begun."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, NamedTuple, NoReturn

from cyclopts import Parameter
from google.protobuf.json_format import ParseError
from temporalio.client import Client, WorkflowHistory
from temporalio.common import HeaderCodecBehavior
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

from desk.cli import display
from desk.cli.data_file import read_bytes
from desk.cli.database import settings_of_an_operator
from desk.cli.failure import DONE, FAILED, Misuse
from desk.cli.options import AsJson
from desk.cli.temporal import connected, run
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.temporal import data_converter
from firstdose.adapters.workflow_runner import REFERRAL_RUNNER
from firstdose.settings import Settings
from workflows.messages import WORKFLOW
from workflows.referral import ReferralWorkflow

_PATIENCE = timedelta(seconds=5)
_LONGEST_REASON = 300
_NO_KEYS = {"none": bytes(32)}
"""Opens nothing: histories that were recorded without our codec need no key."""


class Replayed(NamedTuple):
    """`reason` is None when the history fits."""

    history: str
    events: int
    reason: str | None


def replay(
    *files: Annotated[Path, Parameter(help="Histories as JSON, from `temporal workflow show --output json`.")],
    open_ones: Annotated[bool, Parameter(name="--open", help="Every open workflow of the namespace.")] = False,
    as_json: AsJson = False,
) -> NoReturn:
    """Replay histories against this version of the process."""
    if open_ones == bool(files):
        raise Misuse("name the files to replay, or --open")
    run(_replay(files, as_json=as_json))


async def _replay(files: tuple[Path, ...], *, as_json: bool) -> int:
    settings = settings_of_an_operator(*(() if files else ("FIRSTDOSE_KEYS",)))
    keyring = Keyring(settings.key_material() or _NO_KEYS)
    if files:
        judging = replayer(keyring, plain=settings.plain_payloads or not settings.keys)
        replayed = [await judge(judging, name, history) async for name, history in _recorded(files)]
    else:
        replayed = await replay_open(await connected(settings, keyring, patience=_PATIENCE), settings, keyring)
    _show(replayed, as_json=as_json)
    return FAILED if any(each.reason for each in replayed) else DONE


async def replay_open(client: Client, settings: Settings, keyring: Keyring) -> list[Replayed]:
    """Every open referral of the namespace, judged by this version."""
    judging = replayer(keyring, plain=settings.plain_payloads)
    return [await judge(judging, name, history) async for name, history in _running(client)]


def replayer(keyring: Keyring, *, plain: bool = False) -> Replayer:
    """Replays as this version's worker would."""
    return Replayer(
        workflows=[ReferralWorkflow],
        data_converter=data_converter(keyring, plain=plain),
        header_codec_behavior=HeaderCodecBehavior.CODEC,
        workflow_runner=REFERRAL_RUNNER,
        # Core would log to standard output what the result says anyway.
        runtime=Runtime(telemetry=TelemetryConfig(logging=None)),
    )


async def judge(replayer: Replayer, name: str, history: WorkflowHistory) -> Replayed:
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    return Replayed(name, len(history.events), _reason(result.replay_failure))


def _reason(failure: Exception | None) -> str | None:
    if failure is None:
        return None
    # Only this error's text is sure to be about commands and events: others may quote a payload.
    if isinstance(failure, NondeterminismError):
        return " ".join(str(failure).split())[:_LONGEST_REASON]
    return type(failure.__cause__ or failure).__name__


async def _recorded(files: tuple[Path, ...]) -> AsyncIterator[tuple[str, WorkflowHistory]]:
    for file in files:
        try:
            history = WorkflowHistory.from_json(file.stem, read_bytes(file).decode())
        except (ValueError, ParseError):
            raise Misuse(f"{file}: not a workflow's history as JSON") from None
        if not history.events:
            raise Misuse(f"{file}: a history without events")
        # Payloads are sealed for one workflow id: the recorded one, whatever the file is called.
        recorded = history.events[0].workflow_execution_started_event_attributes.workflow_id
        yield str(file), WorkflowHistory(recorded or file.stem, history.events)


async def _running(client: Client) -> AsyncIterator[tuple[str, WorkflowHistory]]:
    async for execution in client.list_workflows(f"WorkflowType = '{WORKFLOW}' AND ExecutionStatus = 'Running'"):
        handle: Any = client.get_workflow_handle(execution.id, run_id=execution.run_id)
        yield execution.id, await handle.fetch_history()


def _show(replayed: list[Replayed], *, as_json: bool) -> None:
    if as_json:
        display.as_json([{**each._asdict(), "ok": each.reason is None} for each in replayed])
        return
    rows = ((each.history, str(each.events), "failed" if each.reason else "ok", each.reason or "") for each in replayed)
    display.table(("HISTORY", "EVENTS", "", "REASON"), rows, empty="no open workflows")
