"""The versions of a referral's facts, sealed: the newest is what holds, the others show what was changed."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from firstdose.adapters.postgres.keys.vault import NoDataKey, RecordSealer, Vault
from firstdose.adapters.postgres.pool import Connection
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.referrals.known_outline import known_outline
from firstdose.adapters.postgres.referrals.persons import keep_persons
from firstdose.domain.problem import ProblemCode
from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.versions import Change, compare
from firstdose.ports import Impossible

_sql = load("revisions")


@contextmanager
def unshredded() -> Iterator[None]:
    """Facts whose key was destroyed are gone for good: no later attempt will read them. Raises Impossible."""
    try:
        yield
    except NoDataKey:
        raise Impossible(ProblemCode.REFERRAL_SHREDDED) from None


@contextmanager
def known_referral() -> Iterator[None]:
    """What is stored for a referral that is not there can never be. Raises Impossible."""
    try:
        yield
    except asyncpg.ForeignKeyViolationError:
        raise Impossible(ProblemCode.UNKNOWN_REFERRAL) from None


class Version(NamedTuple):
    """The facts of one version, and the sealer of their referral."""

    number: int
    referral: Referral
    sealer: RecordSealer


class Revisions:
    """Reads and adds versions, in the caller's transaction."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def newest(self, connection: Connection, referral_id: str) -> Version:
        """The version that holds. Raises Impossible for an unknown referral, NoDataKey for a shredded one."""
        row = await _sql.newest(connection, referral_id=referral_id)
        if row is None:
            raise Impossible(ProblemCode.UNKNOWN_REFERRAL)
        return self._open(referral_id, row)

    async def current(self, connection: Connection, referral_id: str) -> Referral:
        """The facts as they stand. Raises like `newest`."""
        return (await self.newest(connection, referral_id)).referral

    async def history(self, connection: Connection, referral_id: str) -> AsyncIterator[Referral]:
        """Every version, newest first. Raises like `newest`."""
        newest = await self.newest(connection, referral_id)
        yield newest.referral
        for older in range(newest.number - 1, 0, -1):
            yield await self.of_number(connection, referral_id, older)

    async def add(
        self, connection: Connection, referral_id: str, referral: Referral, *, message_id: str | None, at: datetime
    ) -> bool:
        """Store a new version of the facts. False if nothing changes; then nothing is stored."""
        newest = await self.newest(connection, referral_id)
        if referral == newest.referral:
            return False
        number = newest.number + 1
        await _sql.insert_revision(
            connection,
            referral_id=referral_id,
            revision=number,
            sealed=newest.sealer.seal(referral.model_dump(mode="json"), **_place(referral_id, number)),
            message_id=message_id,
            created_at=at,
        )
        shown = (await known_outline(connection, referral)).model_dump(mode="json")
        await _sql.point_at(connection, referral_id=referral_id, revision=number, outline=shown)
        await keep_persons(connection, self._vault, referral_id, referral)
        return True

    async def changed_by(
        self, connection: Connection, referral_id: str, messages: Sequence[str]
    ) -> tuple[Referral, Mapping[str, frozenset[Change]]] | None:
        """The facts as they stand and what the version that each message made has changed of them.

        None if they made none; the same however often one asks.
        """
        if not messages:
            return None
        rows = _sql.made_by(connection, referral_id=referral_id, messages=messages)
        made = {str(row["message_id"]): row["revision"] async for row in rows}
        if not made:
            return None
        changes: dict[str, frozenset[Change]] = {}
        for message, number in made.items():
            before = await self.of_number(connection, referral_id, number - 1)
            changes[message] = frozenset(compare(before, await self.of_number(connection, referral_id, number)))
        return await self.current(connection, referral_id), changes

    async def of_number(self, connection: Connection, referral_id: str, number: int) -> Referral:
        """A version that there is. Raises NoDataKey for a shredded referral."""
        row = await _sql.of_number(connection, referral_id=referral_id, revision=number)
        return self._open(referral_id, row).referral

    def _open(self, referral_id: str, row: Mapping[str, Any]) -> Version:
        number, sealer = row["revision"], self._vault.sealer_of(referral_id, row)
        opened = sealer.open(row["sealed"], **_place(referral_id, number))
        return Version(number, Referral.model_validate(opened), sealer)


def stored_facts(vault: Vault, row: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as they are stored, for lists, in a row of `referrals` that joins its version and its key.

    Raises NoDataKey for a shredded referral.
    """
    facts: dict[str, Any] = vault.sealer_of(row["id"], row).open(row["sealed"], **_place(row["id"], row["revision"]))
    return facts


def _place(referral_id: str, revision: int) -> dict[str, str]:
    return {"table": "referral_revisions", "row": f"{referral_id}/{revision}", "column": "sealed"}
