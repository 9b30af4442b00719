"""The restart story: every process is killed while referrals wait, and each referral still ends once."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from desk.delivery.outbox import LEASE
from firstdose.adapters.policy_file import read_policy
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.payer.channel import Channel
from firstdose.domain.work.journal import WaitingFor
from firstdose.domain.work.role import Role
from firstdose.domain.work.stage import Closing, Stage
from firstdose.settings import child_environment
from local.children import Child
from local.demo_state import faster
from local.stack import LocalStack, StackOptions
from simulator.pace import DEMO_SPEED
from simulator.scenario import Expectation, Word
from tests.chaos.words_told import told_once
from tests.whole_stack import POLICY, Outside, Sent, free_ports, outside, plan, remembered, with_plans
from workflows.messages import WORKFLOW, workflow_id

SLOWER = 2 / 3
"""The payers take half a minute: time to kill everything, also on a slow machine."""
QUIET_KILLS = ("worker", "simulator", "desk")
PATIENT = {"patient-pas": Channel.PAS, "patient-x12": Channel.X12}
"""Payers for whose answers we wait longer than they take."""


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[LocalStack]:
    policy = tmp_path / "policy.yaml"
    policy.write_text(yaml.safe_dump(faster(read_policy(POLICY), SLOWER)))
    options = StackOptions(
        state=tmp_path / "state",
        ports=free_ports(),
        speed=DEMO_SPEED * SLOWER,
        policy=policy,
        imports=with_plans(tmp_path, (plan(payer, channel, timeout=60) for payer, channel in PATIENT.items())),
    )
    async with LocalStack(options, report=print) as running:
        yield running


async def test_every_process_is_killed_while_referrals_wait_and_each_ends_once(stack: LocalStack) -> None:
    async with outside(stack.state.path) as world:
        accepted = await kill_the_worker_between_acceptance_and_record(stack, world)
        waiting = [await world.refer("pended_ten_days") for _ in range(6)]
        await world.until(lambda: all(map(waits, waiting)), within=40, what="pended")

        for name in QUIET_KILLS:
            await crash(stack, name)
        await asyncio.gather(crash(stack, "temporal"), give_up(world, waiting[0]))
        await world.look()
        assert all(WaitingFor.PAYER in sent.row.waiting_for for sent in waiting[1:] if sent.row), (
            "the payer decided before everything was killed"
        )
        await asyncio.gather(crash(stack, "postgres"), world.refer("approved"))

        await world.until_all_have_ended(within=100)
        await each_ended_once(world)
        assert accepted <= set((await world.recorder())["inquiries"]), "sent again without asking first"
        assert await audit_is_intact(stack)


async def kill_the_worker_between_acceptance_and_record(stack: LocalStack, world: Outside) -> set[str]:
    """Kill the worker when each payer has its request and holds the answer back; the traces of those requests.

    Nobody tells Temporal that the worker is dead: its calls are made again when their heartbeats have been missed.
    """
    held = [await world.refer("holds_its_answer", payer) for payer in PATIENT]
    seen = await world.recorded(lambda seen: len(seen["submissions"]) == len(held))
    await crash(stack, "worker")
    assert len(seen["submissions"]) == len(held)
    assert seen["inquiries"] == {}
    return set(seen["submissions"])


async def give_up(world: Outside, sent: Sent) -> None:
    """Somebody cancels it, whatever is away meanwhile."""
    sent.expect = Expectation(closing=Closing.WITHDRAWN, stage=Stage.CLOSED)
    await world.steer(sent, "cancel", {"reason": Closing.WITHDRAWN}, Role.INTAKE_COORDINATOR)


async def crash(stack: LocalStack, name: str) -> None:
    async with asyncio.timeout(60):
        await stack.supervisor.crash(name)


async def each_ended_once(world: Outside) -> None:
    """One workflow, one submission in effect, one bill and one word of each kind for every referral."""
    seen = await world.recorder()
    assert set(seen["submissions"].values()) == {1}, "a request was delivered twice"
    client = await world.temporal()
    runs = Counter([run.id async for run in client.list_workflows(f"WorkflowType = '{WORKFLOW}'")])
    assert runs == Counter([workflow_id(sent.id) for sent in world.sent])
    await every_message_has_arrived(world)
    requests = 0
    for sent in world.sent:
        happened = await world.timeline(sent)
        assert told_once(happened), f"its source was told twice: {sent}"
        what = Counter(each["what"] for each in happened)
        appealed = sent.scenario.payer.authorization[0].answer is Word.DENY
        assert what["authorization.submitted"] == (2 if appealed else 1), sent
        assert what["billing.handed_over"] == (1 if sent.expect.closing is Closing.COMPLETED else 0), sent
        requests += what["authorization.submitted"]
    assert len(seen["submissions"]) == requests + len(seen["cancelled"])


async def every_message_has_arrived(world: Outside) -> None:
    """A receiver knows a message that comes again by its id: so many ids as messages, and every one is there.

    What a killed desk had in its hands is taken over when its lease ends.
    """
    taken_over = LEASE.total_seconds() + 15

    async def stored() -> list[tuple[Sent, str]]:
        return [
            (sent, each["details"]["channel"])
            for sent in world.sent
            for each in await world.timeline(sent)
            if each["what"] == "outbox.stored" and each["details"]["channel"] in ("source", "billing")
        ]

    expected = len(await stored())
    seen = await world.recorded(lambda seen: sum(map(len, seen["webhooks"].values())) >= expected, within=taken_over)
    assert sum(map(len, seen["webhooks"].values())) == expected


async def audit_is_intact(stack: LocalStack) -> bool:
    verify = Child(
        "audit",
        [sys.executable, "-m", "desk", "audit", "verify"],
        lock=stack.state.path / "audit.lock",
        log=stack.state.logs / "audit.log",
        environment=stack.supervisor.children["desk"].environment,
    )
    await verify.run()
    return "intact:" in verify.log.read_text()


def waits(sent: Sent) -> bool:
    return sent.row is not None and sent.row.waiting_for == (WaitingFor.PAYER,)


async def test_the_whole_stack_is_killed_and_goes_on_with_its_state(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    remembered(state, free_ports())
    first = await dev(state)
    async with outside(state) as world:
        taken_back, pended, _ = [
            await world.refer(scenario)
            for scenario in ("answered_after_cancellation", "pended_ten_days", "denied_and_closed")
        ]
        await world.until(lambda: taken_back.ended and waits(pended), within=30, what="cancelled, and pended")
        first.kill()
        await first.communicate()
        second = await dev(state)
        await world.until_all_have_ended(within=100)
        await each_ended_once(world)
        await the_late_answer_is_kept(world, taken_back)
    second.send_signal(signal.SIGTERM)
    await second.communicate()
    assert second.returncode == 0


async def the_late_answer_is_kept(world: Outside, taken_back: Sent) -> None:
    """The payer approves what was cancelled before: that is on record, and the referral stays closed."""

    def notified(entry: dict[str, Any]) -> bool:
        return (entry["what"], entry["details"].get("via")) == ("payer_contact.answered", "notification")

    (late,) = await world.happened(taken_back, notified, within=40)
    assert set(late["details"]["lines"].values()) == {LineState.APPROVED}
    await world.look()
    assert taken_back.as_expected, taken_back


async def dev(state: Path) -> asyncio.subprocess.Process:
    """`firstdose dev` in a terminal of its own, ready."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "desk", "dev", "--state", str(state)),
        stdout=asyncio.subprocess.PIPE,
        env=child_environment({"FIRSTDOSE_POLICY_FILE": str(POLICY)}),
        start_new_session=True,
    )
    assert process.stdout is not None
    said = [line async for line in _until_ready(process.stdout)]
    assert any(line.startswith(b"Ready.") for line in said), b"".join(said).decode()
    return process


async def _until_ready(output: asyncio.StreamReader) -> AsyncIterator[bytes]:
    async for line in output:
        yield line
        if line.startswith(b"Ready."):
            return
