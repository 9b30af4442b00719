"""`reconcile`: whether database and workflows agree on every open referral, and what to do where they do not."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, NoReturn

from cyclopts import Parameter

from desk.cli import display
from desk.cli.database import database_failures, dsn_of, operator, settings_of_an_operator
from desk.cli.failure import DONE, FAILED, Failure
from desk.cli.options import AsJson, WholeReferralId
from desk.cli.temporal import connected, run
from desk.reconciliation import Difference, Reconciliation, Repair
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.keyed_database import keyed_database
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.referrals.reconciliation import ProcessStore

_PATIENCE = timedelta(seconds=5)
_SHOWN = {Repair.MENDED: "mended", Repair.TO_MEND: "can be mended", Repair.LEFT: "for a person"}


def reconcile(
    *referral_ids: WholeReferralId,
    dry_run: Annotated[bool, Parameter(name="--dry-run", help="Change nothing.")] = False,
    as_json: AsJson = False,
) -> NoReturn:
    """Compare database and workflows both ways, for all open referrals or for these, and repair what can be repaired.

    To end a referral for good use `firstdose cancel`: a workflow that was terminated in Temporal is started again.
    """
    run(_reconcile(referral_ids, mend=not dry_run, as_json=as_json))


async def _reconcile(referral_ids: Sequence[str], *, mend: bool, as_json: bool) -> int:
    settings = settings_of_an_operator("DATABASE_URL", "FIRSTDOSE_KEYS")
    keyring = Keyring(settings.key_material())
    client = await connected(settings, keyring, patience=_PATIENCE)
    async with database_failures(), keyed_database(dsn_of(settings), keyring, "command") as pool:
        store = ProcessStore(pool, Vault(keyring), AuditTrail(keyring), operator())
        if len(await store.find(referral_ids)) < len(set(referral_ids)):
            raise Failure("there is no such referral; `firstdose list` shows them")
        reconciliation = Reconciliation(client, store, mend=mend)
        looking = reconciliation.these(referral_ids) if referral_ids else reconciliation.everything()
        found = [difference async for difference in looking]
    _show(found, as_json=as_json)
    return DONE if all(each.outcome is Repair.MENDED for each in found) else FAILED


def _show(found: Sequence[Difference], *, as_json: bool) -> None:
    if as_json:
        display.as_json([each._asdict() for each in found])
        return
    rows = ((each.referral_id, each.trouble, each.what, _SHOWN[each.outcome], each.fix) for each in found)
    display.table(("REFERRAL", "FOUND", "WHAT", "", "FIX"), rows, empty="database and workflows agree")
