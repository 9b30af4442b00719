"""Where a delivery goes that nobody has configured: an event in the log, with ids and nothing else."""

import structlog

from firstdose.adapters.postgres.messages.outbox import OutboxMessage

log = structlog.get_logger(__name__)


class Console:
    """Counts as delivered."""

    async def deliver(self, parcel: OutboxMessage) -> None:
        log.info("parcel_on_console", outbox_id=parcel.id, referral_id=parcel.referral_id, channel=parcel.channel)
