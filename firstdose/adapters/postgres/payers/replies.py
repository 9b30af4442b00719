"""What payers said and no line is decided by: benefits, and answers that only a person can judge. Sealed as it came."""

import hashlib
from base64 import b64encode
from datetime import UTC, datetime

from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.pool import Connection
from firstdose.adapters.postgres.queries import load
from firstdose.payer_ports import Contact, PayerReply

_sql = load("payer_replies")


class Replies:
    """Keeps them, in the caller's transaction, which holds the contact's lock."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def keep(self, connection: Connection, contact: Contact, raw: bytes, reply: PayerReply) -> bool:
        """`reply` is sealed already. False if it came before: then only its time moves. Raises NoDataKey."""
        index = self._vault.index("payer-reply", hashlib.sha256(raw).hexdigest())
        newest = await _sql.newest(connection, contact_id=contact.id)
        now = datetime.now(UTC)
        if newest and (newest["body_index"], newest["problem"]) == (index, reply.problem):
            await _sql.came_again(connection, contact_id=contact.id, number=newest["number"], received_at=now)
            return False
        sealer = await self._vault.sealer(connection, contact.referral_id)
        number = (newest["number"] if newest else 0) + 1
        place = {"table": "payer_replies", "row": f"{contact.id}/{number}", "column": "sealed"}
        await _sql.insert(
            connection,
            contact_id=contact.id,
            number=number,
            **reply.model_dump(mode="json"),
            body_index=index,
            sealed=sealer.seal(b64encode(raw).decode(), **place),
            received_at=now,
        )
        return True
