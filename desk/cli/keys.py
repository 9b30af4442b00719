"""`keys rotate` and `keys shred`: what becomes of the keys that seal PHI."""

import sys
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from desk.cli import display
from desk.cli.database import opened, operator
from desk.cli.failure import Failure, Misuse
from desk.cli.options import ReferralId
from firstdose.adapters.postgres.audit import SYSTEM_CHAIN, AuditTrail
from firstdose.adapters.postgres.pool import transaction
from firstdose.adapters.postgres.vault import Vault
from firstdose.adapters.postgres.vault import rotate as rewrap_all


async def rotate() -> None:
    """Wrap every referral's data key under the first key of FIRSTDOSE_KEYS."""
    async with opened() as (pool, keyring):
        number = await rewrap_all(pool, keyring)
        async with transaction(pool) as connection:
            await AuditTrail(keyring).write(
                connection,
                SYSTEM_CHAIN,
                at=datetime.now(UTC),
                actor=operator(),
                action="keys_rotated",
                details={"key": keyring.active_id, "number": number},
            )
    display.say(f"{number} data keys wrapped again; all are under {keyring.active_id} now")


async def shred(
    referral_id: ReferralId, /, *, yes: Annotated[bool, Parameter(help="Do not ask: there is no way back.")] = False
) -> None:
    """Destroy a referral's data key, so that nobody can ever read its PHI again."""
    if not yes:
        _ask(referral_id)
    async with opened() as (pool, keyring), transaction(pool) as connection:
        if not await Vault(keyring).shred(connection, referral_id):
            raise Failure("no data key: the referral was shredded before, or there is none with this id")
        await AuditTrail(keyring).write(
            connection, referral_id, at=datetime.now(UTC), actor=operator(), action="shredded"
        )
    display.say(f"{referral_id} is shredded; backups keep its wrapped key until they expire")


def _ask(referral_id: str) -> None:
    if not sys.stdin.isatty():
        raise Misuse("shredding has no way back: say --yes")
    if input(f"Shredding has no way back. Type {referral_id} to go on: ").strip() != referral_id:
        raise Failure("nothing was shredded")
