"""`make-current`: gives the workers of this build the work, once every open referral has replayed with its code."""

import asyncio
from datetime import timedelta
from typing import Annotated, Final, NoReturn

from cyclopts import Parameter
from cyclopts.validators import Number
from temporalio.client import Client

from desk.cli import display
from desk.cli.database import settings_of_an_operator
from desk.cli.failure import DONE, Failure
from desk.cli.replay import replay_open
from desk.cli.temporal import connected, run
from desk.cli.workers_checkup import unpolled_queues
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.worker_deployment import current_build, give_work_to
from firstdose.settings import Settings

_BETWEEN_LOOKS: Final = timedelta(seconds=1)

Seconds = Annotated[
    int, Parameter(validator=Number(gte=0), help="How long to wait until this build's workers ask for work, seconds.")
]


def make_current(*, wait: Seconds = 60) -> NoReturn:
    """Give the workers of FIRSTDOSE_BUILD_ID every task from now on; harmless if they have it already.

    Refused when an open referral does not replay with this version's code, or when a task queue has no such worker.
    """
    run(_make_current(timedelta(seconds=wait)))


async def _make_current(wait: timedelta) -> int:
    settings = settings_of_an_operator("FIRSTDOSE_KEYS", "FIRSTDOSE_BUILD_ID")
    keyring, build_id = Keyring(settings.key_material()), settings.build_id or ""
    client = await connected(settings, keyring)
    before = await current_build(client)
    if before == build_id:
        display.line(f"build {build_id} is current already")
        return DONE
    await _workers_ask(client, build_id, wait)
    await _open_referrals_fit(client, settings, keyring)
    await give_work_to(client, build_id)
    display.line(f"build {build_id} is current; before: {before or 'workers without a build'}")
    return DONE


async def _workers_ask(client: Client, build_id: str, wait: timedelta) -> None:
    """Raises Failure when a task queue has no worker of this build for so long."""
    clock = asyncio.get_running_loop().time
    until = clock() + wait.total_seconds()
    while alone := await unpolled_queues(client, build_id):
        if clock() >= until:
            raise Failure(f"no worker of build {build_id} asks for work on: {', '.join(alone)}. Start them first")
        await asyncio.sleep(_BETWEEN_LOOKS.total_seconds())


async def _open_referrals_fit(client: Client, settings: Settings, keyring: Keyring) -> None:
    """Raises Failure, which names the first that would stand still."""
    broken = [each.history for each in await replay_open(client, settings, keyring) if each.reason]
    if broken:
        raise Failure(
            f"{len(broken)} open referrals do not replay with this build, the first is {broken[0]}: the build that was "
            "current stays so. `firstdose replay --open` names each with the reason"
        )
