"""`audit verify` and `audit export`: the trail as evidence."""

import json
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from desk.cli import display
from desk.cli.database import opened, operator
from desk.cli.failure import DONE, FAILED
from desk.cli.options import AsJson, WholeReferralId
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.audit_search import keep_verification

OneReferral = Annotated[WholeReferralId | None, Parameter(name="--referral", help="This referral's chain only.")]


async def verify(*, referral: OneReferral = None, as_json: AsJson = False) -> int:
    """Check that no record was changed, removed or added behind the trail's back."""
    async with opened() as (pool, keyring):
        report = await AuditTrail(keyring).verify(pool, referral)
        if referral is None:
            await keep_verification(pool, report, at=datetime.now(UTC), actor=operator())
    if as_json:
        broken = [each._asdict() for each in report.broken]
        display.as_json({"records": report.records, "chains": report.chains, "intact": report.intact, "broken": broken})
    else:
        display.table(
            ("CHAIN", "RECORD", "PROBLEM"),
            ((each.chain, str(each.seq), each.problem) for each in report.broken),
            empty=f"intact: {report.records} records in {report.chains} chains",
        )
    return DONE if report.intact else FAILED


async def export(*, referral: OneReferral = None) -> None:
    """Print every record with its hash, one JSON object a line."""
    async with opened() as (pool, keyring):
        async for record in AuditTrail(keyring).export(pool, referral):
            print(json.dumps(record, ensure_ascii=False, default=str))
