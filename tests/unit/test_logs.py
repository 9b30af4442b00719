"""PHI planted in every way that code can log, in a process of its own; none of it may come out."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CANARY = "CANARY-Maria-Hernandez"

# Lives in a file outside our packages for the foreign routes; `firstdose.adapters.logs` itself is ours.
PLANT = """
import logging, sys, threading, warnings
from datetime import timedelta
import structlog
from firstdose.adapters.logs import configure_logs

name = "CANARY-Maria-Hernandez"
configure_logs("info", sys.argv[1], stream=sys.stdout)
log = structlog.get_logger("firstdose.planted")
log.info("referral_stored", referral_id="r-1", patient=name, delay_s=timedelta(seconds=3))
log.info("record_in_allowed_key", stage={"patient": name}, kind=[name])
log.info("positional %s", name)
log.info("with_stack", stack_info=True)

def fail():
    try:
        raise KeyError(name)
    except KeyError as cause:
        raise ValueError(f"no such patient {name}") from cause

try:
    fail()
except ValueError:
    log.exception("lookup_failed", item_id="i-1")
    logging.getLogger("temporalio.worker").exception(f"Failed activation on {name}")
    logging.getLogger("asyncpg").error("Key (name)=(%s)", name, exc_info=True, stack_info=True)
try:
    raise ExceptionGroup(name, [ValueError(name), TypeError(name)])
except ExceptionGroup:
    log.exception("group_failed")

foreign = logging.getLogger("uvicorn.error")
foreign.error("argument %s", name)
foreign.error(f"interpolated {name}")
foreign.error("extra", extra={"patient": name, "temporal_activity": {"workflow_id": "referral-1", "input": name}})
foreign.error("broken %d", name)
foreign.error({"patient": name})
foreign.info("below the level of foreign loggers")
class Broken:
    def __str__(self):
        raise ValueError(name)

    def __repr__(self):
        return name

foreign.error(Broken(), name)
logging.getLogger().error("root %(patient)s", {"patient": name})
warnings.warn(f"warned of {name}", stacklevel=1)
our_file = sys.modules["firstdose.adapters.logs"].__file__
sdk_logger, extra = logging.getLogger("temporalio.workflow"), {"visit_id": "v-1", "patient": name}
exec(compile("sdk_logger.info('visit_placed %s', name, extra=extra)", our_file, "exec"))
exec(compile("warnings.warn('warned of ' + name)", our_file, "exec"))

thread = threading.Thread(target=fail)
thread.start()
thread.join()

class Unraisable:
    def __del__(self):
        raise ValueError(name)

Unraisable()
logging.getLogger("firstdose.planted").warning("retries left %d", 3)
fail()
"""


def _run(tmp_path: Path, log_format: str) -> str:
    script = tmp_path / "planted.py"
    script.write_text(PLANT)
    ran = subprocess.run([sys.executable, script, log_format], capture_output=True, text=True, check=False, timeout=60)
    return ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, object]]:
    text = _run(tmp_path_factory.mktemp("logs"), "json")
    assert CANARY not in text
    assert "raise ValueError" not in text, "source lines hold literals"
    return [json.loads(line) for line in text.splitlines()]


def _event(lines: list[dict[str, object]], event: str) -> dict[str, object]:
    return next(line for line in lines if line["event"] == event)


def test_console_rendering_leaks_nothing_either(tmp_path: Path) -> None:
    text = _run(tmp_path, "console")
    assert "referral_stored" in text
    assert CANARY not in text


def test_allowed_keys_are_kept(lines: list[dict[str, object]]) -> None:
    line = _event(lines, "referral_stored")
    assert line.pop("timestamp")
    assert line == {
        "event": "referral_stored",
        "level": "info",
        "logger": "firstdose.planted",
        "referral_id": "r-1",
        "delay_s": 3.0,
    }


def test_a_container_in_an_allowed_key_is_reduced_to_its_type(lines: list[dict[str, object]]) -> None:
    line = _event(lines, "record_in_allowed_key")
    assert (line["stage"], line["kind"]) == ("<dict>", "<list>")


def test_workflows_log_through_the_standard_library_and_keep_their_allowed_extra(
    lines: list[dict[str, object]],
) -> None:
    line = _event(lines, "visit_placed %s")
    assert line["visit_id"] == "v-1"
    assert "patient" not in line


def test_exceptions_keep_types_and_places(lines: list[dict[str, object]]) -> None:
    line = _event(lines, "lookup_failed")
    assert line["error"] == "ValueError < KeyError"
    assert str(line["error_at"]).startswith("__main__:")
    assert _event(lines, "group_failed")["error"] == "ExceptionGroup(ValueError, TypeError)"


def test_foreign_text_is_dropped_and_its_origin_kept(lines: list[dict[str, object]]) -> None:
    foreign = [line for line in lines if line["logger"] == "uvicorn.error"]
    assert len(foreign) == 5
    assert {line["event"] for line in foreign} == {"log"}
    assert all(str(line["where"]).startswith("planted:") for line in foreign)
    worker = next(line for line in lines if line["logger"] == "temporalio.worker")
    assert worker["error"] == "ValueError < KeyError"


def test_temporal_ids_are_taken_from_the_record(lines: list[dict[str, object]]) -> None:
    assert [line["workflow_id"] for line in lines if "workflow_id" in line] == ["referral-1"]


def test_warnings_and_uncaught_exceptions_come_through_the_same_door(lines: list[dict[str, object]]) -> None:
    assert [line["event"] for line in lines if line["logger"] == "py.warnings"] == ["log", "log"]
    uncaught = [line["error"] for line in lines if line["event"] == "uncaught"]
    assert uncaught == ["ValueError < KeyError", "ValueError", "ValueError < KeyError"]
