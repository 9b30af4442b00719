"""What payers sent and nothing may be decided by: what cannot be read, and answers about others. Sealed as it came."""

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from firstdose.adapters.postgres.keys.vault import NoDataKey, Vault
from firstdose.adapters.postgres.pool import Connection
from firstdose.adapters.postgres.queries import load
from firstdose.domain.authorization.answer_match import FOREIGN
from firstdose.domain.masking import excerpt
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import Contact

_KEPT: Final = 5
"""Of each contact and problem, the newest."""

_sql = load("set_aside")


class UnreadableShown(BaseModel):
    """What came instead of an answer, masked. `bytes` is the size of what was kept.

    Of what is about another there is no excerpt: not even its shape is anybody's business here.
    """

    model_config = ConfigDict(frozen=True)

    at: datetime
    problem: str
    excerpt: str
    bytes: int


class SetAside:
    """Keeps and shows it, in the caller's transaction, which holds the contact's lock where it keeps."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def keep(self, connection: Connection, contact: Contact, body: bytes, problem: ProblemCode) -> bool:
        """False if it came before: then only its time moves. Raises NoDataKey."""
        index = self._vault.index("payer-unreadable", hashlib.sha256(body).hexdigest())
        newest = await _sql.newest(connection, contact_id=contact.id, problem=problem)
        now = datetime.now(UTC)
        if newest and newest["body_index"] == index:
            await _sql.came_again(connection, contact_id=contact.id, number=newest["number"], received_at=now)
            return False
        number = await _sql.next_number(connection, contact_id=contact.id)
        sealer = await self._vault.sealer(connection, contact.referral_id)
        sealed = sealer.seal(b64encode(body).decode(), **_place(contact.id, number))
        row = {"contact_id": contact.id, "number": number, "problem": problem}
        await _sql.insert(connection, **row, body_index=index, sealed=sealed, received_at=now)
        await _sql.forget(connection, contact_id=contact.id, problem=problem, kept=_KEPT)
        return True

    async def newest(self, connection: Connection, referral_id: str) -> UnreadableShown | None:
        """Of the referral; None if there is none, or it was shredded."""
        row = await _sql.newest_of_referral(connection, referral_id=referral_id)
        if row is None:
            return None
        try:
            sealer = await self._vault.sealer(connection, referral_id)
        except NoDataKey:
            return None
        body = b64decode(sealer.open(row["sealed"], **_place(row["contact_id"], row["number"])))
        return _shown(row, body)

    async def count(self, connection: Connection) -> dict[str, int]:
        """How many are about others, by problem."""
        found = {row["problem"]: row["number"] async for row in _sql.count_foreign(connection, problems=list(FOREIGN))}
        return {problem.value: found.get(problem, 0) for problem in FOREIGN}


def _shown(row: Mapping[str, Any], body: bytes) -> UnreadableShown:
    masked = excerpt(body) if row["problem"] == ProblemCode.UNREADABLE_ANSWER else ""
    return UnreadableShown(at=row["received_at"], problem=row["problem"], excerpt=masked, bytes=len(body))


def _place(contact_id: str, number: int) -> dict[str, str]:
    return {"table": "payer_unreadable", "row": f"{contact_id}/{number}", "column": "sealed"}
