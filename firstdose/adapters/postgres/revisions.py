"""The versions of a referral's facts, sealed: the newest is what holds, the others show what was changed."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import asyncpg

from firstdose.adapters.postgres.pool import Connection
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.vault import NoDataKey, Vault
from firstdose.domain.facts import Change, compare, outline
from firstdose.domain.journal import Recorded
from firstdose.domain.referral import Referral
from firstdose.ports import Impossible

_sql = load("revisions")


@contextmanager
def unshredded() -> Iterator[None]:
    """Facts whose key was destroyed are gone for good: no later attempt will read them. Raises Impossible."""
    try:
        yield
    except NoDataKey:
        raise Impossible("referral_shredded") from None


@contextmanager
def known_referral() -> Iterator[None]:
    """What is stored for a referral that is not there can never be. Raises Impossible."""
    try:
        yield
    except asyncpg.ForeignKeyViolationError:
        raise Impossible("unknown_referral") from None


class Revisions:
    """Reads and adds versions, in the caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def current(self, connection: Connection, referral_id: str) -> Referral:
        """The facts as they stand. Raises Impossible for an unknown referral, NoDataKey for a shredded one."""
        _, referral = await self._newest(connection, referral_id)
        return referral

    async def history(self, connection: Connection, referral_id: str) -> AsyncIterator[Referral]:
        """Every version, newest first. Raises like `current`."""
        number, referral = await self._newest(connection, referral_id)
        yield referral
        for older in range(number - 1, 0, -1):
            yield await self._of_number(connection, referral_id, older)

    async def add(
        self, connection: Connection, referral_id: str, referral: Referral, *, message_id: str | None, at: datetime
    ) -> bool:
        """Make these the facts. False if they say what was known, and nothing is stored."""
        number, known = await self._newest(connection, referral_id)
        if referral == known:
            return False
        sealer = await self._vault.sealer(connection, referral_id)
        sealed = sealer.seal(referral.model_dump(mode="json"), **_place(referral_id, number + 1))
        await _sql.insert_revision(
            connection,
            referral_id=referral_id,
            revision=number + 1,
            sealed=sealed,
            message_id=message_id,
            created_at=at,
        )
        shown = outline(referral).model_dump(mode="json")
        await _sql.point_at(connection, referral_id=referral_id, revision=number + 1, outline=shown)
        return True

    async def changed_by(self, connection: Connection, referral_id: str, messages: Sequence[str]) -> Recorded:
        """What the versions that these messages made have changed, however often one asks."""
        rows = _sql.made_by(connection, referral_id=referral_id, messages=messages)
        made = [row["revision"] async for row in rows]
        if not made:
            return Recorded()
        changes: set[Change] = set()
        for number in made:
            before = await self._of_number(connection, referral_id, number - 1)
            changes |= compare(before, await self._of_number(connection, referral_id, number))
        return Recorded(
            outline=outline(await self.current(connection, referral_id)),
            changes=frozenset(changes),
        )

    async def _newest(self, connection: Connection, referral_id: str) -> tuple[int, Referral]:
        row = await _sql.newest(connection, referral_id=referral_id)
        if row is None:
            raise Impossible("unknown_referral")
        return row["revision"], await self._open(connection, referral_id, row["revision"], row["sealed"])

    async def _of_number(self, connection: Connection, referral_id: str, number: int) -> Referral:
        sealed = await _sql.of_number(connection, referral_id=referral_id, revision=number)
        return await self._open(connection, referral_id, number, sealed)

    async def _open(self, connection: Connection, referral_id: str, number: int, sealed: bytes) -> Referral:
        sealer = await self._vault.sealer(connection, referral_id)
        return Referral.model_validate(sealer.open(sealed, **_place(referral_id, number)))


def _place(referral_id: str, revision: int) -> dict[str, str]:
    return {"table": "referral_revisions", "row": f"{referral_id}/{revision}", "column": "sealed"}
