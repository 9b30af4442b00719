"""Reaching patients, pharmacists, nurses and prescribers."""

from temporalio import activity

from firstdose.ports import Notice, Notifier


class OutreachActivities:
    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier

    @activity.defn
    async def tell(self, notice: Notice) -> None:
        await self._notifier.tell(notice)
