"""The simulated patients and staff: they look at the worklist and answer, through the desk's HTTP API alone.

All they know is in the desk and in the scenario that the member id names, so a killed simulator goes on where it was.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from firstdose.domain.work.work_item import WorkItemState
from simulator.answers import moment_of, resolution, script_of
from simulator.pace import Pace
from simulator.referrals import usual_facts
from simulator.scenario import Scenario, scenario_of
from simulator.source import ChangeOfMind, SimulatedSource, changes_of_mind, watched_stages
from simulator.staff_api import DeskAway, DeskRefused, Item, Row, StaffApi

_log = logging.getLogger(__name__)
_LOOK_EVERY = 0.2
"""Real seconds between two looks at the worklist."""
_REST = 10
"""So many times as long as the last look took they rest at least, so that a busy desk is not looked at all the time."""
_WAIT_FOR_DESK = 1.0
_AT_ONCE = 16
_ATTEMPTS = 3
"""So often a refused answer is given anew."""


class SimulatedPatient(NamedTuple):
    """Whom a referral is about, as far as the play goes."""

    member: str
    scenario: Scenario


class People:
    """`sources` by name; without one of them its referrals are never cancelled or changed."""

    def __init__(
        self,
        api: StaffApi,
        pace: Pace,
        sources: Mapping[str, SimulatedSource] | None = None,
        *,
        look_every: float = _LOOK_EVERY,
    ) -> None:
        self._api = api
        self._pace = pace
        self._sources = sources or {}
        self._stages = tuple(watched_stages()) if self._sources else ()
        self._patients: dict[str, SimulatedPatient] = {}
        self._busy: set[str] = set()
        self._done: set[str] = set()
        self._seen: dict[str, datetime] = {}
        self._attempts: dict[str, int] = {}
        """How often an answer to an item was refused: what was possible may not be when it arrives."""
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        self._look_every = look_every

    async def run(self) -> None:
        """Until cancelled."""
        clock = asyncio.get_running_loop().time
        async with asyncio.TaskGroup() as tasks:
            while True:
                begun = clock()
                try:
                    await self._look(tasks)
                    await asyncio.sleep(max(self._look_every, _REST * (clock() - begun)))
                except DeskAway:
                    await asyncio.sleep(_WAIT_FOR_DESK)

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        for item in await self._api.open_items():
            # What somebody has claimed by hand is theirs.
            if item.state is WorkItemState.OPEN and self._take(item.id):
                tasks.create_task(self._attend(item.id, partial(self._answer, item)))
        for stage in self._stages:
            for row in await self._api.referrals(stage):
                if self._take(row.id):
                    tasks.create_task(self._attend(row.id, partial(self._change_minds, row)))

    def _take(self, name: str) -> bool:
        if name in self._busy or name in self._done:
            return False
        self._busy.add(name)
        return True

    async def _attend(self, name: str, act: Callable[[], Awaitable[bool]]) -> None:
        """One thing to do; what fails for now is done at a later look."""
        try:
            async with self._at_once:
                if await act():
                    self._done.add(name)
        except DeskAway:
            _log.info("the desk is away")
        except DeskRefused as refusal:
            self._done.add(name)
            _log.warning("refused: %s", refusal)
        finally:
            self._busy.discard(name)

    async def _answer(self, item: Item) -> bool:
        """Whether nothing is left to do with the item."""
        member, scenario = await self._patient(item.referral_id)
        moment = moment_of(item, member, self._pace)
        if moment > datetime.now(UTC):
            return False
        script = script_of(scenario, item.kind)
        turn = min(await self._api.opened_before(item), len(script) - 1) if len(script) > 1 else 0
        if not script[turn]:
            return True
        attempt = self._attempts.get(item.id, 0)
        said_at = datetime.now(UTC) if attempt else moment
        answer = resolution(script[turn], item, said_at, self._pace, lambda paths: _supplied(member, paths))
        try:
            return await self._api.resolve(item, answer, attempt)
        except DeskRefused:
            if attempt == _ATTEMPTS:
                raise
            self._attempts[item.id] = attempt + 1
            return False

    async def _change_minds(self, row: Row) -> bool:
        """Whether the source of this referral has nothing more to say."""
        _, scenario = await self._patient(row.id)
        changes = changes_of_mind(scenario)
        for number, change in enumerate(changes):
            message_id = f"sim-{row.id}-{number}"
            if message_id not in self._done and self._is_time(message_id, change, row):
                facts = await self._api.facts(row.id)
                await self._sources[row.source].send(change.send, change.data(facts), message_id)
                self._done.add(message_id)
        return row.source not in self._sources or all(f"sim-{row.id}-{n}" in self._done for n in range(len(changes)))

    def _is_time(self, message_id: str, change: ChangeOfMind, row: Row) -> bool:
        now = datetime.now(UTC)
        return (
            row.source in self._sources
            and change.is_due(row)
            and self._seen.setdefault(message_id, now) + self._pace.real(change.after) <= now
        )

    async def _patient(self, referral_id: str) -> SimulatedPatient:
        if referral_id not in self._patients:
            facts = await self._api.facts(referral_id)
            member = next((str(one["member_id"]) for one in facts.get("coverages", ()) if one.get("member_id")), "")
            self._patients[referral_id] = SimulatedPatient(member, scenario_of(member))
        return self._patients[referral_id]


def _supplied(member: str, paths: Iterable[str]) -> dict[str, Any]:
    """What the prescriber's office answers when it is asked for these facts."""
    known = usual_facts(member)
    return {path: known[path] for path in paths}
