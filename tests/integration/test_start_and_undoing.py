"""From the outside, on a whole stack: a start without a nurse, and a cancelled visit of which people are told."""

from pathlib import Path
from typing import Any

from firstdose.domain.work.role import Role
from local.stack import LocalStack, StackOptions
from tests.whole_stack import POLICY, SEEDS, Outside, Sent, free_ports, outside

LONGEST = 90


async def test_a_start_without_a_nurse_and_a_cancelled_visit(tmp_path: Path) -> None:
    options = StackOptions(state=tmp_path / "state", ports=free_ports(), policy=POLICY, imports=SEEDS)
    async with LocalStack(options, report=print) as stack, outside(stack.state.path) as world:
        alone, visited = await world.refer("no_nurse_needed"), await world.refer("cancelled_on_the_way")
        await world.until_all_have_ended(within=LONGEST)
        told = await world.happened(visited, _is_resolved("reconcile"), within=LONGEST)
        assert told, "the nurse, the household or the bench has acknowledged"
        assert "visit.held" not in await _whats(world, alone)
        assert "visit.released" in await _whats(world, visited)
        assert await world.happened(alone, _is_resolved("confirm_start"), within=1)
        kinds = {
            line["kind"] for line in (await world.get(f"/api/referrals/{alone.id}", Role.SUPERVISOR)).json()["lines"]
        }
        assert kinds == {"drug", "per_diem"}


def _is_resolved(kind: str) -> Any:
    return lambda entry: entry["what"] == "work_item.resolved" and entry["details"].get("kind") == kind


async def _whats(world: Outside, sent: Sent) -> set[str]:
    return {entry["what"] for entry in await world.timeline(sent)}
