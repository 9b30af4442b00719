"""The least process whose commands come in another order when a result and an update come in one activation."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.workflow import ActivityConfig

OPTIONS = ActivityConfig(start_to_close_timeout=timedelta(seconds=30))


@activity.defn
async def first() -> None:
    pass


@activity.defn
async def second() -> None:
    pass


@activity.defn
async def after_the_results() -> None:
    pass


@activity.defn
async def of_the_update() -> None:
    pass


@workflow.defn
class TwoResults:
    """Two results in two workflow tasks, and no command follows either.

    Reading the history for an update, a worker that does not know the workflow takes the second of these tasks for a
    mere heartbeat, and gets its result and the update in one activation.
    """

    def __init__(self) -> None:
        self._asked = False

    @workflow.run
    async def run(self) -> None:
        results = [workflow.start_activity(each, **OPTIONS) for each in (first, second)]
        for result in results:
            await result
        await workflow.wait_condition(lambda: self._asked)
        await workflow.execute_activity(after_the_results, **OPTIONS)
        await workflow.wait_condition(workflow.all_handlers_finished)

    @workflow.update
    async def ask(self) -> None:
        self._asked = True
        await workflow.wait_condition(lambda: True)
        await workflow.execute_activity(of_the_update, **OPTIONS)
