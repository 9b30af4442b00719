"""Where a delivery goes that nobody has configured: an event in the log, with ids and nothing else."""

import structlog

from firstdose.adapters.postgres.messages.outbox import OutboxMessage

log = structlog.get_logger(__name__)


class Console:
    """Counts as delivered."""

    async def deliver(self, delivery: OutboxMessage) -> None:
        log.info(
            "delivery_on_console", outbox_id=delivery.id, referral_id=delivery.referral_id, channel=delivery.channel
        )
