"""Children of the local stack: watched, started again, stopped in order, and never orphans."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from local.children import Child, StartFailedError
from local.log_file import LogFile
from local.ports import LOOPBACK, free_port, is_free
from local.process_lock import ProcessLock
from local.readiness import accepts_connections
from local.supervisor import Supervisor

MakeChild = Callable[[str, list[str]], Child]

PARENT = """
import asyncio, sys
from pathlib import Path
from local.children import Child

async def main():
    here = Path(sys.argv[1])
    child = Child("sleeper", ["/bin/sleep", "600"], lock=here / "sleeper.lock", log=here / "log", environment={})
    async with child:
        print("ready", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def make_child(tmp_path: Path) -> MakeChild:
    def make(name: str, command: list[str]) -> Child:
        return Child(name, command, lock=tmp_path / f"{name}.lock", log=tmp_path / f"{name}.log", environment={})

    return make


@pytest.fixture
def server(tmp_path: Path) -> tuple[Child, int]:
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", LOOPBACK]
    ready = partial(accepts_connections, port)
    child = Child("desk", command, lock=tmp_path / "desk.lock", log=tmp_path / "log", environment={}, ready=ready)
    return child, port


async def test_a_killed_child_is_back_on_its_port_and_both_are_told(server: tuple[Child, int]) -> None:
    child, port = server
    lines: list[str] = []
    pids: list[Mapping[str, int]] = []
    supervisor = Supervisor(report=lines.append, changed=pids.append)
    await supervisor.start(child)
    first = child.pid
    await supervisor.crash("desk")
    assert child.pid != first
    assert await accepts_connections(port)
    await supervisor.stop()
    assert is_free(port)
    assert lines[0] == "desk ended (killed by SIGKILL), starting it again"
    assert lines[1].startswith("desk is back, process ")
    assert [sorted(each) for each in pids] == [["desk"], [], ["desk"], []]


async def test_a_child_that_keeps_dying_is_started_again_and_again(make_child: MakeChild) -> None:
    deaths = asyncio.Queue[str]()
    supervisor = Supervisor(report=deaths.put_nowait, changed=lambda _: None)
    await supervisor.start(make_child("worker", [sys.executable, "-c", "raise SystemExit(3)"]))
    heard = [await deaths.get() for _ in range(5)]
    await supervisor.stop()
    assert heard[::2] == ["worker ended (exit code 3), starting it again"] * 3


async def test_children_are_stopped_in_reverse_order(make_child: MakeChild) -> None:
    alive: list[list[str]] = []
    supervisor = Supervisor(report=lambda _: None, changed=lambda pids: alive.append(list(pids)))
    for name in ("worker", "desk"):
        await supervisor.start(make_child(name, ["/bin/sleep", "600"]))
    await supervisor.stop()
    assert alive == [["worker"], ["worker", "desk"], ["worker"], []]


async def test_a_child_that_does_not_come_up_is_told_with_the_end_of_its_log(make_child: MakeChild) -> None:
    async def never() -> bool:
        return False

    child = make_child(
        "desk", [sys.executable, "-c", "print('old', 'news'); raise SystemExit('FIRSTDOSE_KEYS is not set')"]
    )
    with pytest.raises(StartFailedError):
        await child.run()
    child._ready = never
    with pytest.raises(StartFailedError) as failed:
        await child.start()
    assert str(failed.value).splitlines()[0].startswith("desk did not start: exit code 1. Log: ")
    assert str(failed.value).count("FIRSTDOSE_KEYS is not set") == 1


async def test_nothing_that_a_child_says_is_lost_over_its_deaths_and_full_files(make_child: MakeChild) -> None:
    counting = "for number in range(2000): print(os.environ['LIFE'], number, flush=True)"
    chatty = f"import os\n{counting}\nos.kill(os.getpid(), 9)"
    child = make_child("worker", [sys.executable, "-c", chatty])
    child._log_file = LogFile(child.log, most=10_000, older=100)
    for life in ("first", "second"):
        child.environment = {"LIFE": life}
        await child.start()
        assert await child.exited() == -signal.SIGKILL
    older = sorted(child.log.parent.glob("worker.log.*"), key=lambda path: -int(path.suffix[1:]))
    lines = "".join(path.read_text() for path in (*older, child.log)).splitlines()
    assert lines == [f"{life} {number}" for life in ("first", "second") for number in range(2000)]
    assert older


async def test_the_last_words_are_told(make_child: MakeChild, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.children._LAST_WORDS", 30.0)
    child = make_child("worker", ["/bin/sh", "-c", "(sleep 0.2; echo last words) & exit 3"])
    with pytest.raises(StartFailedError, match="last words"):
        await child.run()


async def test_a_grandchild_that_lives_on_keeps_nobody_waiting(make_child: MakeChild) -> None:
    child = make_child("worker", ["/bin/sh", "-c", "sleep 600 & echo $!; exit 3"])
    with pytest.raises(StartFailedError, match="exit code 3") as failed:
        await child.run()
    os.kill(int(str(failed.value).splitlines()[-1]), signal.SIGKILL)


async def test_a_program_that_is_not_there_is_told(make_child: MakeChild) -> None:
    with pytest.raises(StartFailedError, match=r"desk did not start: .*No such file"):
        await make_child("desk", ["/nowhere/desk"]).start()


async def test_a_child_that_ignores_the_stop_is_killed(make_child: MakeChild) -> None:
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    child = make_child("worker", [sys.executable, "-c", stubborn])

    async def is_deaf() -> bool:
        return "deaf" in child.log.read_text()

    child._ready = is_deaf
    await child.start()
    await child.stop(grace=0.05)
    assert await child.exited() == -signal.SIGKILL


async def test_no_child_outlives_a_killed_parent(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", PARENT, str(tmp_path)), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    assert await parent.stdout.readline() == b"ready\n"
    parent.kill()
    await parent.communicate()
    # The lease is held by living: that it can be had proves the child dead.
    async with ProcessLock(tmp_path / "sleeper.lock").held(patience=5):
        pass


async def test_what_a_killed_run_left_behind_is_ended(make_child: MakeChild) -> None:
    remains = make_child("worker", ["/bin/sleep", "600"])
    await remains.start()
    await ProcessLock(remains.lease.path).evict(patience=0.05)
    assert await remains.exited() == -signal.SIGKILL
