"""The findings of `doctor` about stalled referrals: how many, the first of them, and the fix."""

from collections.abc import Iterable, Mapping
from typing import Final

from temporalio.client import Client
from temporalio.service import RPCError

from desk import temporal_stalls
from desk.cli.finding import Finding
from firstdose.adapters.postgres.messages.stalls import StallStore
from firstdose.domain.work.stall import Stall, StallKind

_SHOWN: Final = 3


async def stalled_in_store(store: StallStore) -> list[Finding]:
    """Steps that keep failing, and messages that are not delivered. Raises Unavailable."""
    return _findings("steps and messages", await store.count(), await store.first(_SHOWN))


async def stalled_in_temporal(client: Client) -> list[Finding]:
    """Workflows whose task keeps failing, or that wait for the database."""
    try:
        counts, first = await temporal_stalls.count(client), await temporal_stalls.first(client, _SHOWN)
    except RPCError as error:
        summary = f"cannot be counted ({error.status.name.lower()})"
        return [Finding("workflows", summary, "`firstdose migrate`; Temporal must be 1.30 or newer")]
    return _findings("workflows", counts, first)


def _findings(subject: str, counts: Mapping[StallKind, int], first: Iterable[Stall]) -> list[Finding]:
    shown = list(first)
    found = [_finding(subject, kind, number, shown) for kind, number in counts.items() if number]
    return found or [Finding(subject, "none stands still")]


def _finding(subject: str, kind: StallKind, number: int, first: Iterable[Stall]) -> Finding:
    ids = dict.fromkeys(stall.referral_id for stall in first if stall.kind is kind)
    named = ", ".join([*list(ids)[:_SHOWN], *(["…"] if number > len(ids) else [])])
    referrals = "1 referral" if number == 1 else f"{number} referrals"
    return Finding(subject, f"{referrals} ({kind}): {named}. {kind.meaning}", kind.action)
