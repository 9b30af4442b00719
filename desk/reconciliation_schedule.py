"""Reconciliation as the desk runs it, by itself: what lists show to be wrong, and a few more referrals each time."""

import asyncio
from collections import Counter
from typing import Final

import structlog

from desk.http.app_context import AppContext
from desk.metrics import DIFFERENCES
from desk.reconciliation import Difference, Reconciliation, Repair
from firstdose.adapters.postgres.referrals.reconciliation import ProcessStore, alone
from firstdose.domain.work.role import SYSTEM
from firstdose.ports import Unavailable

log = structlog.get_logger(__name__)

_ASKED_EACH_TIME: Final = 50
"""Workflows that are asked for their status although nothing makes them suspect."""


async def reconcile_regularly(desk: AppContext) -> None:
    """Every so often, if it is not switched off and no other desk is at it."""
    after: str | None = None
    while every := desk.settings.reconcile_every:
        await asyncio.sleep(every)
        try:
            async with alone(desk.pool) as only:
                if only:
                    after = await reconcile_once(desk, after)
        except Unavailable as error:
            log.warning("reconciliation_postponed", code=error.problem)
        except Exception:
            log.exception("reconciliation_failed")


async def reconcile_once(desk: AppContext, after: str | None) -> str | None:
    """Look at what is suspect, and at the referrals that follow `after`; the last of these. Raises Unavailable."""
    reconciliation = Reconciliation(desk.client, ProcessStore(desk.pool, desk.vault, desk.audit, SYSTEM.id), mend=True)
    outcomes: Counter[Repair] = Counter()
    async for difference in reconciliation.suspects():
        outcomes[_logged(difference)] += 1
    more, last = await reconciliation.next_ones(after, number=_ASKED_EACH_TIME)
    outcomes.update(map(_logged, more))
    for outcome in (Repair.MENDED, Repair.LEFT):
        DIFFERENCES.labels(outcome).set(outcomes[outcome])
    return last


def _logged(difference: Difference) -> Repair:
    write = log.error if difference.outcome is Repair.LEFT else log.warning
    write("difference", referral_id=difference.referral_id, code=difference.trouble, outcome=difference.outcome)
    return difference.outcome
