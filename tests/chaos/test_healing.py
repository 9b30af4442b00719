"""Temporal's state is lost, or put back as it was earlier: the desk finds out, and each referral still ends once."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml

from firstdose.adapters.policy_file import read_policy
from firstdose.domain.work.role import Role
from firstdose.domain.work.stage import Closing, Stage
from local.demo_state import faster
from local.stack import LocalStack, StackOptions
from simulator.pace import DEMO_SPEED
from simulator.scenario import Expectation
from tests.chaos.test_restarts import audit_is_intact, every_message_has_arrived
from tests.chaos.words_told import told_once
from tests.whole_stack import POLICY, SEEDS, Outside, Sent, free_ports, outside

SLOWER = 2 / 3
"""The payers take half a minute: time to stop everything while they decide."""
EARLY = (
    "approved",
    "no_auth_needed",
    "denied_and_closed",
    "denied_appealed_approved",
    "information_requested",
    "mixed_lines",
)
LATE = ("pended_ten_days", "pended_ten_days", "missing_facts", "home_unsafe_suite")
"""Sent when the others have come some way: together ten referrals in all stages."""


@pytest.fixture
def options(tmp_path: Path) -> StackOptions:
    policy = tmp_path / "policy.yaml"
    policy.write_text(yaml.safe_dump(faster(read_policy(POLICY), SLOWER)))
    return StackOptions(
        state=tmp_path / "state",
        ports=free_ports(),
        speed=DEMO_SPEED * SLOWER,
        policy=policy,
        imports=SEEDS,
        environment={"FIRSTDOSE_RECONCILE_EVERY": "2"},
    )


async def test_temporals_state_is_lost_with_ten_referrals_in_all_stages(options: StackOptions) -> None:
    async with LocalStack(options, report=print), outside(options.state) as world:
        for scenario in EARLY:
            await world.refer(scenario)
        await world.until(lambda: any(sent.ended for sent in world.sent), within=90, what="at one end")
        for scenario in LATE:
            await world.refer(scenario)
        await world.until(lambda: all(map(_begun, world.sent)), within=40, what="begun")
        sent = world.sent
        assert len({each.row.stage for each in sent if each.row}) >= 3, "they stand at few stages"
    for file in _state_files(options.state):
        file.unlink()
    await _each_goes_on_and_ends_once(options, sent)


async def test_an_older_state_of_temporal_is_put_back(options: StackOptions, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    backup.mkdir()
    async with LocalStack(options, report=print), outside(options.state) as world:
        for _ in range(3):
            await world.refer("pended_ten_days")
        await world.refer("missing_facts")
        await world.until(lambda: all(map(_begun, world.sent)), within=40, what="begun")
        sent = world.sent
    for file in _state_files(options.state):
        shutil.copy(file, backup / file.name)
    async with LocalStack(options, report=print), outside(options.state) as world:
        world.sent = sent
        given_up = sent[0]
        given_up.expect = Expectation(closing=Closing.WITHDRAWN, stage=Stage.CLOSED)
        await world.steer(given_up, "cancel", {"reason": Closing.WITHDRAWN}, Role.INTAKE_COORDINATOR)
        await world.refer("approved")
        await world.until(lambda: given_up.ended and _begun(sent[-1]), within=60, what="further")
    for file in _state_files(options.state):
        file.unlink()
    for file in backup.iterdir():
        shutil.copy(file, options.state / file.name)
    await _each_goes_on_and_ends_once(options, sent)


async def _each_goes_on_and_ends_once(options: StackOptions, sent: list[Sent]) -> None:
    async with LocalStack(options, report=print) as stack, outside(options.state) as world:
        world.sent = sent
        await world.until_all_have_ended(within=150)
        await _each_ended_once(world)
        await every_message_has_arrived(world)
        assert await audit_is_intact(stack)


async def _each_ended_once(world: Outside) -> None:
    """Whatever was done again: one word of each kind to the source, one bill, each request with its payer once."""
    seen = await world.recorder()
    assert set(seen["submissions"].values()) == {1}, "a request was delivered twice"
    restarted = 0
    for sent in world.sent:
        happened = await world.timeline(sent)
        assert told_once(happened), f"its source was told twice: {sent}"
        what = Counter(each["what"] for each in happened)
        assert what["billing.handed_over"] == (sent.row is not None and sent.row.stage == Stage.ON_SERVICE), sent
        restarted += what["workflow.restarted"]
    assert restarted, "no workflow was started again"


def _begun(sent: Sent) -> bool:
    return sent.row is not None and sent.row.stage != Stage.INTAKE


def _state_files(state: Path) -> list[Path]:
    """The database of the development server with its write-ahead log; its lock and log are not ours."""
    return [file for file in state.glob("temporal.db*") if file.suffix not in (".lock", ".log")]
