"""What becomes of an act of staff in a test, without a workflow: the message is settled as soon as it is stored."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from firstdose.adapters.postgres.pool import transaction
from firstdose.domain.work.message import MessageState
from tests.served_desk import ServedDesk

_PENDING = "SELECT id FROM messages WHERE kind = $1 AND state = 'pending'"


@asynccontextmanager
async def settling(desk: ServedDesk, kind: str, refusal: str | None = None) -> AsyncIterator[None]:
    """Within, each message of the kind is applied, or refused with these words."""
    task = asyncio.create_task(_settle(desk, kind, refusal))
    try:
        yield
    finally:
        task.cancel()


async def _settle(desk: ServedDesk, kind: str, refusal: str | None) -> None:
    state = MessageState.REFUSED if refusal else MessageState.APPLIED
    while True:
        for row in await desk.desk.pool.fetch(_PENDING, kind):
            await desk.desk.messages.settle(row["id"], state, refusal)
        await asyncio.sleep(0.02)


async def audited(desk: ServedDesk, referral_id: str, action: str, actor: str, **details: Any) -> None:
    """As the process audits what it did."""
    async with transaction(desk.desk.pool) as connection:
        await desk.desk.audit.write(
            connection, referral_id, at=datetime.now(UTC), actor=actor, action=action, details=details
        )


async def messages(desk: ServedDesk, referral_id: str, kind: str) -> list[dict[str, Any]]:
    """The open parts of the stored messages of a kind, in their order."""
    rows = await desk.desk.pool.fetch(
        "SELECT body FROM messages WHERE referral_id = $1 AND kind = $2 ORDER BY ordinal", referral_id, kind
    )
    return [row["body"] for row in rows]
