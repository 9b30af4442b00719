"""`undelivered list`, `retry` and `drop`: what was set aside because it could not be delivered."""

from typing import Annotated
from uuid import UUID

from cyclopts import Parameter

from desk.cli import display
from desk.cli.database import opened, operator
from desk.cli.failure import Failure, Misuse
from desk.cli.options import AsJson
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.messages.undelivered import UndeliveredStore

UndeliveredId = Annotated[UUID, Parameter(help="Its id; `firstdose undelivered list` shows them.")]


async def listed(*, as_json: AsJson = False) -> None:
    """Show messages to workflows and deliveries to the outside that wait for a person, the oldest first."""
    async with opened() as (pool, keyring):
        found = await UndeliveredStore(pool, AuditTrail(keyring)).list()
    if as_json:
        display.as_json([{**each._asdict(), "since": each.since.isoformat()} for each in found])
        return
    display.table(
        ("ID", "WHAT", "KIND", "REFERRAL", "SINCE", "TRIED", "PROBLEM"),
        (
            (
                each.id,
                each.what,
                each.kind,
                each.referral_id,
                display.clock(each.since.isoformat()),
                str(each.attempts),
                each.problem or display.NOTHING,
            )
            for each in found
        ),
        empty="everything is delivered or on its way",
    )


async def retry(
    undelivered_id: UndeliveredId | None = None,
    /,
    *,
    everything: Annotated[bool, Parameter(name="--all", help="All that the list shows.")] = False,
) -> None:
    """Deliver it again, once the cause is fixed."""
    if (undelivered_id is None) is not everything:
        raise Misuse("name one id, or say --all")
    async with opened() as (pool, keyring):
        store = UndeliveredStore(pool, AuditTrail(keyring))
        ids = [str(undelivered_id)] if undelivered_id else [each.id for each in await store.list()]
        again = [await store.retry(each, operator()) for each in ids]
    if undelivered_id and not any(again):
        raise Failure("there is no such one; `firstdose undelivered list` shows them")
    display.line(f"{sum(again)} on the way again")


async def drop(undelivered_id: UndeliveredId, /) -> None:
    """Never deliver it: nobody needs it any more. Message and audit stay."""
    async with opened() as (pool, keyring):
        if not await UndeliveredStore(pool, AuditTrail(keyring)).drop(str(undelivered_id), operator()):
            raise Failure("there is no such one; `firstdose undelivered list` shows them")
    display.line(f"{undelivered_id} is dropped")
