"""What stands still: of one referral as `why` shows it, and of all as doctor and the metrics do.

Temporal and the store are asked side by side, each for a short time; what one of them cannot tell is left out.
"""

import asyncio
from collections.abc import Awaitable, Iterable
from enum import StrEnum
from typing import Final, NamedTuple, TypeVar

from temporalio.client import Client
from temporalio.service import RPCError

from desk import temporal_stalls
from firstdose.adapters.postgres.messages.stalls import StallStore
from firstdose.domain.work.stage import Stage
from firstdose.domain.work.stall import Stall, StallKind
from firstdose.ports import Unavailable

_STORE_PATIENCE_S: Final = 3.0
_ORDER: Final = tuple(StallKind)
COUNTED: Final = (
    StallKind.WORKFLOW_TASK_FAILING,
    StallKind.STORE_UNAVAILABLE,
    StallKind.ACTIVITY_FAILING,
    StallKind.MESSAGE_WAITING,
)
_WITHOUT_WORKFLOW: Final = (Stage.ON_SERVICE, Stage.CLOSED)
Answer = TypeVar("Answer")


class Dependency(StrEnum):
    OK = "ok"
    AWAY = "away"


class Stalls(NamedTuple):
    """What was found, the gravest kind first, and whether Temporal answered."""

    found: tuple[Stall, ...]
    temporal: Dependency


class StallCounts(NamedTuple):
    """Referrals by kind; None for a kind whose keeper does not answer."""

    counts: dict[StallKind, int | None]
    temporal: Dependency
    database: Dependency


class StallFinder:
    def __init__(self, client: Client, store: StallStore) -> None:
        self._client = client
        self._store = store

    async def of(self, referral_id: str, stage: Stage) -> Stalls:
        """Of a referral in this stage. Raises Unavailable."""
        failures = await self._store.failures(referral_id)
        stored, live = await asyncio.gather(
            self._store.of(referral_id),
            _of_temporal(temporal_stalls.of_referral(self._client, referral_id, failures)),
        )
        if live is None:
            return Stalls(_ordered(stored), Dependency.AWAY)
        if stage in _WITHOUT_WORKFLOW or await self._store.is_starting(referral_id):
            live = [stall for stall in live if stall.kind is not StallKind.WORKFLOW_MISSING]
        return Stalls(_ordered(_merged(stored, live)), Dependency.OK)

    async def count(self) -> StallCounts:
        live, stored = await asyncio.gather(
            _of_temporal(temporal_stalls.count(self._client)), _of_store(self._store.count())
        )
        counts: dict[StallKind, int | None] = {
            kind: (live or {}).get(kind, (stored or {}).get(kind)) for kind in COUNTED
        }
        return StallCounts(counts, _state(live), _state(stored))

    async def forget_overdue(self) -> None:
        """Forget steps that nobody tries any more. Raises Unavailable."""
        await self._store.forget_overdue()


async def _of_temporal(asked: Awaitable[Answer]) -> Answer | None:
    """None when it does not answer in time. A lazy client that cannot connect raises a plain RuntimeError."""
    try:
        async with asyncio.timeout(temporal_stalls.PATIENCE.total_seconds()):
            return await asked
    except (RPCError, RuntimeError, TimeoutError):
        return None


async def _of_store(asked: Awaitable[Answer]) -> Answer | None:
    try:
        async with asyncio.timeout(_STORE_PATIENCE_S):
            return await asked
    except (Unavailable, TimeoutError):
        return None


def _state(answer: object) -> Dependency:
    return Dependency.AWAY if answer is None else Dependency.OK


def _merged(stored: Iterable[Stall], live: Iterable[Stall]) -> list[Stall]:
    """Of activities what Temporal has pending, since the store may not know yet that one has ended."""
    return [*live, *(stall for stall in stored if stall.kind is not StallKind.ACTIVITY_FAILING)]


def _ordered(stalls: Iterable[Stall]) -> tuple[Stall, ...]:
    return tuple(sorted(stalls, key=lambda stall: _ORDER.index(stall.kind)))
