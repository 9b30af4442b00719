"""Our Subscription at payers that send notifications of decisions: one for each payer and callback address."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, runtime_checkable

from firstdose.adapters.payers.channel_router import ChannelRouter
from firstdose.domain.payer.channel import Channel
from firstdose.payer_ports import Contact, PayerEndpoint
from firstdose.ports import PortError

_log = logging.getLogger(__name__)


class Subscriptions(Protocol):
    """The payers with our Subscription, and its callback address."""

    async def callback_of(self, payer: str) -> str | None: ...

    async def registered(self, payer: str, subscription: str, callback_url: str, at: datetime) -> None: ...


@runtime_checkable
class Notifying(Protocol):
    """A channel on which payers can notify us of decisions."""

    async def ensure_subscription(self, endpoint: PayerEndpoint, callback_url: str, secret: str) -> str: ...


class SubscriptionKeeper:
    """`secret` gives the secret that authenticates a payer's notifications."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        router: ChannelRouter,
        public_url: str,
        secret: Callable[[str], str],
        clock: Callable[[], datetime],
    ) -> None:
        self._subscriptions = subscriptions
        self._router = router
        self._public_url = public_url.rstrip("/")
        self._secret = secret
        self._clock = clock

    async def ensure(self, channel: Channel, contact: Contact, endpoint: PayerEndpoint) -> None:
        """Before `contact` is sent. A failure is only logged: we inquire anyway, and the next request tries again."""
        payer, notifying = endpoint.payer, self._router.channel(channel)
        callback_url = f"{self._public_url}/webhooks/payers/{payer}/pas"
        if not isinstance(notifying, Notifying) or await self._subscriptions.callback_of(payer) == callback_url:
            return
        try:
            async with self._router.query(channel, contact, endpoint):
                name = await notifying.ensure_subscription(endpoint, callback_url, self._secret(payer))
        except PortError as error:
            _log.warning("subscription not registered", extra={"payer": payer, "code": error.problem.value})
            return
        await self._subscriptions.registered(payer, name, callback_url, self._clock())
