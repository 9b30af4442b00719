"""The audit trail: append-only chains of records, linked by keyed hashes so that a change of any record shows.

A record's hash covers the record and the link before it; the link is a keyed hash again, which only the chain's head
holds. Who cuts off the newest records cannot make the head that would fit what is left.
"""

import hashlib
import hmac
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.pool import Connection, Pool, reachable
from firstdose.adapters.postgres.queries import load

SYSTEM_CHAIN = "system"

_sql = load("audit")


class AuditRecord(NamedTuple):
    """What is to be recorded. `details` holds codes, ids and dates only."""

    at: datetime
    actor: str
    action: str
    details: Mapping[str, Any]
    message_id: str | None = None


class Broken(NamedTuple):
    """Where a chain does not hold. `problem`: `changed`, `missing`, `truncated` or `unknown_chain`."""

    chain: str
    seq: int
    problem: str


@dataclass(frozen=True)
class AuditReport:
    """What a verification read and what it found."""

    records: int
    chains: int
    broken: list[Broken]

    @property
    def intact(self) -> bool:
        return not self.broken


class AuditTrail:
    """Writes and verifies the chains: one for each referral (its id), and `system`."""

    def __init__(self, keyring: Keyring) -> None:
        self._hashes = _Hashes(keyring.derive("audit"))

    async def write(
        self,
        connection: Connection,
        chain: str,
        *,
        at: datetime,
        actor: str,
        action: str,
        details: Mapping[str, Any] | None = None,
        message_id: str | None = None,
    ) -> None:
        """`write_all` of one record."""
        await self.write_all(connection, chain, [AuditRecord(at, actor, action, details or {}, message_id)])

    async def write_all(self, connection: Connection, chain: str, records: Sequence[AuditRecord]) -> None:
        """Append the records in their order, in the caller's transaction; the chain stays locked until that ends."""
        if not records:
            return
        head = await _sql.lock_head(connection, chain=chain, details=[dict(record.details) for record in records])
        stored = [record._replace(details=kept) for record, kept in zip(records, head["details"], strict=True)]
        link, macs = head["link"], []
        for seq, record in enumerate(stored, start=head["seq"] + 1):
            mac = self._hashes.of_record(link, {"chain": chain, "seq": seq, **record._asdict()})
            link = self._hashes.of_link(mac)
            macs.append(mac)
        await _sql.append(
            connection,
            chain=chain,
            seq=head["seq"],
            link=link,
            at=[record.at for record in stored],
            actor=[record.actor for record in stored],
            action=[record.action for record in stored],
            details=[record.details for record in stored],
            message_id=[record.message_id for record in stored],
            mac=macs,
        )

    async def verify(self, pool: Pool, chain: str | None = None) -> AuditReport:
        """Read the chain, or all of them, as they stand at one moment. Raises Unavailable."""
        async with reachable(), pool.acquire() as connection, connection.transaction(isolation="repeatable_read"):
            walk = _Walk(self._hashes)
            async with _sql.records_cursor(connection, chain=chain) as cursor:
                async for row in cursor:
                    walk.step(row)
            heads = [row async for row in _sql.heads(connection, chain=chain)]
        return walk.report(heads)

    async def export(self, pool: Pool, chain: str | None = None) -> AsyncIterator[dict[str, Any]]:
        """Each record of the chain, or of all, with its hash in hex. Raises Unavailable."""
        async with (
            reachable(),
            pool.acquire() as connection,
            _sql.records_cursor(connection, chain=chain) as cursor,
        ):
            async for row in cursor:
                yield {**row, "at": row["at"].isoformat(), "mac": row["mac"].hex()}


class _Hashes:
    def __init__(self, key: bytes) -> None:
        self._key = key

    def of_record(self, link: bytes, record: Mapping[str, Any]) -> bytes:
        parts = [
            record["chain"],
            record["seq"],
            record["at"].astimezone(UTC).isoformat(timespec="microseconds"),
            record["actor"],
            record["action"],
            record["details"],
            record["message_id"],
        ]
        return self._hash(b"record", link + orjson.dumps(parts, option=orjson.OPT_SORT_KEYS))

    def of_link(self, mac: bytes) -> bytes:
        return self._hash(b"link", mac)

    def _hash(self, purpose: bytes, content: bytes) -> bytes:
        return hmac.new(self._key, purpose + content, hashlib.sha256).digest()


class _Walk:
    """One pass over records in order of chain and number."""

    def __init__(self, hashes: _Hashes) -> None:
        self._hashes = hashes
        self._ends: dict[str, tuple[int, bytes]] = {}
        self._records: Counter[str] = Counter()
        self._broken: list[Broken] = []

    def step(self, row: Mapping[str, Any]) -> None:
        chain, seq = row["chain"], row["seq"]
        last, link = self._ends.get(chain, (0, b""))
        self._records[chain] += 1
        if seq != last + 1:
            # The link before this record is lost with the records: whether it is unchanged is unknown.
            self._broken.append(Broken(chain, last + 1, "missing"))
        elif not hmac.compare_digest(self._hashes.of_record(link, row), row["mac"]):
            self._broken.append(Broken(chain, seq, "changed"))
        self._ends[chain] = (seq, self._hashes.of_link(row["mac"]))

    def report(self, heads: list[Mapping[str, Any]]) -> AuditReport:
        known = {head["chain"] for head in heads}
        self._broken += [Broken(chain, 1, "unknown_chain") for chain in self._ends if chain not in known]
        for head in heads:
            seq, link = self._ends.get(head["chain"], (0, b""))
            # A head of 0 is a referral without any record.
            if not head["seq"] or (seq, link) != (head["seq"], head["link"]):
                self._broken.append(Broken(head["chain"], seq + 1, "truncated"))
        return AuditReport(self._records.total(), len(known | set(self._ends)), self._broken)
