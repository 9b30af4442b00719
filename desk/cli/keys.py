"""`keys rotate` and `keys shred`: what becomes of the keys that seal PHI."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final, NoReturn

from cyclopts import Parameter
from temporalio.client import Client

from desk.cli import display
from desk.cli.database import opened, operator, settings_of_an_operator
from desk.cli.failure import DONE, Failure, Misuse, Unreachable
from desk.cli.options import WholeReferralId
from desk.cli.temporal import connected, run
from desk.workflow_runs import WorkflowRuns
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.audit import SYSTEM_CHAIN, AuditTrail
from firstdose.adapters.postgres.keys.rotation import NotEverywhere
from firstdose.adapters.postgres.keys.rotation import rotate as rewrap_all
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.adapters.postgres.referrals.referrals import Filters, ReferralReader
from firstdose.ports import Unavailable

_PATIENCE: Final = timedelta(seconds=5)


async def rotate() -> None:
    """Wrap every referral's data key under the first key of FIRSTDOSE_KEYS."""
    async with opened() as (pool, keyring):
        number = await _rewrapped(pool, keyring)
        async with transaction(pool) as connection:
            await AuditTrail(keyring).write(
                connection,
                SYSTEM_CHAIN,
                at=datetime.now(UTC),
                actor=operator(),
                action="keys_rotated",
                details={"key": keyring.active_id, "number": number},
            )
    display.line(f"{number} data keys wrapped again; all are under {keyring.active_id} now")


async def _rewrapped(pool: Pool, keyring: Keyring) -> int:
    try:
        return await rewrap_all(pool, keyring)
    except NotEverywhere as lacking:
        raise Failure(
            f"nothing was wrapped: {lacking} on this database works with another first key than {keyring.active_id}; "
            "restart it with the same FIRSTDOSE_KEYS, then rotate"
        ) from None


def shred(
    referral_id: WholeReferralId,
    /,
    *,
    yes: Annotated[bool, Parameter(help="Do not ask: there is no way back.")] = False,
) -> NoReturn:
    """Destroy the data key of a referral that has ended, so that nobody can ever read its PHI again."""
    if not yes:
        _ask(referral_id)
    run(_shred(referral_id))


async def _shred(referral_id: str) -> int:
    settings = settings_of_an_operator("DATABASE_URL", "FIRSTDOSE_KEYS")
    async with opened() as (pool, keyring):
        vault = Vault(keyring)
        await _require_ended(ReferralReader(pool, vault), referral_id)
        await _require_at_rest(await connected(settings, keyring, patience=_PATIENCE), referral_id)
        async with transaction(pool) as connection:
            if not await vault.shred(connection, referral_id):
                raise Failure("the referral was shredded before")
            await AuditTrail(keyring).write(
                connection, referral_id, at=datetime.now(UTC), actor=operator(), action="shredded"
            )
    display.line(f"{referral_id} is shredded for every process; backups forget it when they expire")
    return DONE


async def _require_ended(referrals: ReferralReader, referral_id: str) -> None:
    """The process of an open referral would stand still without its facts. Raises Failure."""
    found = (await referrals.list(Filters(q=referral_id), limit=1)).items
    if not found:
        raise Failure("there is no such referral; `firstdose list` shows them")
    if not found[0].stage.is_end:
        raise Failure(f"the referral is open: end it first with `firstdose cancel {referral_id} --reason …`")


async def _require_at_rest(client: Client, referral_id: str) -> None:
    """What the store calls over may have something left to do, and read the facts. Raises Failure, Unreachable."""
    try:
        found = await WorkflowRuns(client).find(referral_id)
    except Unavailable:
        raise Unreachable("Temporal does not answer, so nobody knows whether the workflow still runs") from None
    if found is not None and found.runs:
        raise Failure(
            "the workflow of the referral still runs, and needs its facts: shred it once the workflow has ended"
        )


def _ask(referral_id: str) -> None:
    if not sys.stdin.isatty():
        raise Misuse("shredding has no way back: say --yes")
    if input(f"Shredding has no way back. Type {referral_id} to go on: ").strip() != referral_id:
        raise Failure("nothing was shredded")
