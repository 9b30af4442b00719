"""Finding a nurse for the visit, holding and releasing the visit."""

from temporalio import activity

from firstdose.domain.care.visit import HeldVisit
from firstdose.ports import EffectRequest, NurseRoster, NurseSearch, VisitHold


class DispatchActivities:
    def __init__(self, roster: NurseRoster) -> None:
        self._roster = roster

    @activity.defn
    async def find_nurses(self, search: NurseSearch) -> tuple[str, ...]:
        return await self._roster.find(search)

    @activity.defn
    async def hold_visit(self, hold: VisitHold) -> HeldVisit:
        return await self._roster.hold(hold)

    @activity.defn
    async def release_visit(self, request: EffectRequest) -> None:
        await self._roster.release(request)
