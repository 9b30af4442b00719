"""The smallest reproduction: commands whose order depends on whether two events come in one activation."""

from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

from firstdose.adapters.workflow_runner import REFERRAL_RUNNER
from tests.cold.one_at_a_time import at_rest
from tests.cold.two_results import TwoResults, after_the_results, first, of_the_update, second


async def test_a_result_and_an_update_that_meet_a_cold_worker_can_be_replayed(real: WorkflowEnvironment) -> None:
    async with _worker(real.client):
        handle = await real.client.start_workflow(TwoResults.run, id="two-results", task_queue="two-results")
        await at_rest(real.client, handle.id)
    async with _worker(real.client):
        await handle.execute_update(TwoResults.ask)
        await handle.result()
    history = await handle.fetch_history()
    replayer = Replayer(
        workflows=[TwoResults], workflow_runner=REFERRAL_RUNNER, data_converter=real.client.data_converter
    )
    await replayer.replay_workflow(history)


def _worker(client: Client) -> Worker:
    """Runs the workflow as the product's does."""
    return Worker(
        client,
        task_queue="two-results",
        workflows=[TwoResults],
        activities=[first, second, after_the_results, of_the_update],
        workflow_runner=REFERRAL_RUNNER,
    )
