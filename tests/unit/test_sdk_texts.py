"""What comes through of the SDK's own log texts: its words, ids, and never a value that stood between them."""

import logging
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import temporalio

from firstdose.adapters.sdk_texts import sdk_event

CANARY = "CANARY-Maria-Hernandez"
RUN = "01a21f45-6607-7e20-bb9d-478bc19760bf"
SDK = Path(temporalio.__file__).parent
CALL = re.compile(r"logger\.(warning|error|exception)\(")


def record(path: str, line: int, text: str, *args: object, name: str = "temporalio.worker", **extra: Any) -> Any:
    made = logging.LogRecord(name, logging.WARNING, path, line, text, args, None)
    made.__dict__.update(extra)
    return made


def place(module: str, words: str) -> tuple[str, int]:
    """Where the SDK logs these words."""
    path = SDK / "worker" / module
    line = next(n for n, text in enumerate(path.read_text().splitlines(), 1) if words in text)
    return str(path), line


@pytest.mark.parametrize(
    ("module", "words", "told"),
    [
        ("_workflow_instance.py", "Failed activation on workflow", "Failed activation on workflow … with ID …"),
        ("_workflow_instance.py", "dropping the signal", "Failed deserializing signal input for …"),
        ("_activity.py", "Exception handling failed, original error", "Exception handling failed, original error: …"),
        ("_activity.py", "Failed completing activity task", "Failed completing activity task"),
        ("_workflow.py", "Timed out running eviction job", "Timed out running eviction job for run ID "),
    ],
)
def test_the_words_of_the_sdk_stay_and_what_it_filled_in_goes(module: str, words: str, told: str) -> None:
    said = sdk_event(record(*place(module, words), f"{words} {CANARY}: {CANARY}", CANARY))
    assert said
    assert said["event"].startswith(told)
    assert CANARY not in str(said)


def test_the_lines_of_asyncio_about_futures_and_their_errors_are_left_out() -> None:
    said = sdk_event(record(*place("_workflow_instance.py", '"\\n".join(log_lines)'), f"message: {CANARY}"))
    assert said == {"event": "…"}


def test_an_id_that_was_filled_in_stays() -> None:
    at = place("_workflow.py", "Failed handling activation on workflow")
    assert sdk_event(record(*at, "…", RUN)) == {"event": f"Failed handling activation on workflow with run ID {RUN}"}
    assert sdk_event(record(*at, "…", CANARY)) == {"event": "Failed handling activation on workflow with run ID …"}


def test_every_warning_of_the_sdks_workers_has_words() -> None:
    silent = []
    for path in (SDK / "worker").glob("*.py"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            said = sdk_event(record(str(path), number, CANARY)) if CALL.search(line) else {"event": "told"}
            if said is None or CANARY in str(said):
                silent.append(f"{path.name}:{number}")
    assert silent == []


def test_a_foreign_text_on_a_logger_of_the_sdk_is_not_the_sdks() -> None:
    assert sdk_event(record(__file__, 1, f"Failed activation on {CANARY}")) is None
    assert sdk_event(record(__file__, 1, CANARY, name="temporalio.core")) is None


def _core(text: str, **fields: str) -> dict[str, Any] | None:
    log = SimpleNamespace(fields=fields)
    return sdk_event(record("(sdk-core)", 0, text, name="temporalio.core-sdk_core::worker", temporal_log=log))


def test_core_tells_what_it_found_by_itself() -> None:
    found = "[TMPRL1100] Nondeterminism error: Timer machine does not handle this event: HistoryEvent(id: 5, X)"
    failure = f'Failure {{ failure: Some(Failure {{ message: "{found}", source: "{CANARY}" }}) }}'
    assert _core("Failing workflow task", run_id=RUN, failure=failure) == {
        "event": f"Failing workflow task: {found}",
        "run_id": RUN,
    }


def test_core_repeats_no_failure_of_ours() -> None:
    ours = f'Failure {{ message: "Failed encoding completion: {CANARY} [TMPRL1100] {CANARY}" }}'
    assert _core("Failing workflow task", failure=ours, error=CANARY) == {"event": "Failing workflow task"}
    assert _core(f"one line\n{CANARY}") == {"event": "one line"}
    assert len(str((_core("x" * 5000) or {})["event"])) <= 300
