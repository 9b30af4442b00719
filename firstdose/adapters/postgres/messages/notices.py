"""Notices to people, stored for delivery by mail. The texts are in mails.py; the address is sealed with the mail."""

from collections.abc import Mapping
from datetime import UTC, datetime

from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.mails import notice_mail
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.pool import Connection, Pool, transaction
from firstdose.adapters.postgres.queries import load
from firstdose.adapters.postgres.referrals.revisions import Revisions, unshredded
from firstdose.domain.problem import ProblemCode
from firstdose.domain.work.role import SYSTEM
from firstdose.ports import Impossible, Notice, Recipient

_sql = load("notices")


class PostgresNotifier:
    """Implements ports.Notifier. `mailboxes` are addresses by role (or `prescriber`)."""

    def __init__(
        self, pool: Pool, vault: Vault, audit: AuditTrail, outbox: Outbox, mailboxes: Mapping[str, str]
    ) -> None:
        self._pool = pool
        self._revisions = Revisions(vault)
        self._audit = audit
        self._outbox = outbox
        self._mailboxes = mailboxes

    async def tell(self, notice: Notice) -> None:
        """Without an address, or if the patient must not be contacted, only the audit is written.

        Raises Unavailable, and Impossible for an unknown or shredded referral.
        """
        with unshredded():
            async with transaction(self._pool) as connection:
                number = await _sql.lock_referral(connection, referral_id=notice.referral_id)
                if number is None:
                    raise Impossible(ProblemCode.UNKNOWN_REFERRAL)
                if await _sql.is_told(connection, referral_id=notice.referral_id, key=notice.key):
                    return
                action, address = await self._address(connection, notice)
                if address:
                    await self._store(connection, notice, number, address)
                await self._audit.write(
                    connection,
                    notice.referral_id,
                    at=datetime.now(UTC),
                    actor=SYSTEM.id,
                    action=action,
                    details={"recipient": notice.recipient, "topic": notice.topic, "notice": notice.key},
                )

    async def _address(self, connection: Connection, notice: Notice) -> tuple[str, str | None]:
        """The audit's action, and the address; None if nothing is to be sent."""
        if notice.recipient is not Recipient.PATIENT:
            address = self._mailboxes.get(notice.recipient)
        else:
            referral = await self._revisions.current(connection, notice.referral_id)
            if not referral.contact_allowed:
                return "notice.contact_not_allowed", None
            address = referral.patient.email
        return ("notice.stored", address) if address else ("notice.no_address", None)

    async def _store(self, connection: Connection, notice: Notice, number: str, address: str) -> None:
        await self._outbox.put(
            connection,
            key=notice.key,
            referral_id=notice.referral_id,
            channel="mail",
            # Never the address: this column is not sealed.
            recipient=notice.recipient,
            body=notice_mail(address, number, notice.recipient, notice.topic),
            at=datetime.now(UTC),
        )
