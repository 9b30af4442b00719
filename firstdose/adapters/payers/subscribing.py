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

    async def ensure_subscription(self, endpoint: PayerEndpoint, callback_url: str, secret: str | None) -> str:
        """`secret` is to come in a header; None if the address has it."""
        ...


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
        template = endpoint.subscription_callback.replace("{desk}", self._public_url).replace("{payer}", payer)
        if not isinstance(notifying, Notifying) or await self._subscriptions.callback_of(payer) == template:
            return
        try:
            async with self._router.query(channel, contact, endpoint):
                name = await self._register(notifying, endpoint, template)
        except PortError as error:
            _log.warning("subscription not registered", extra={"payer": payer, "code": error.problem.value})
            return
        await self._subscriptions.registered(payer, name, template, self._clock())

    async def _register(self, notifying: Notifying, endpoint: PayerEndpoint, template: str) -> str:
        """The secret is filled in for the payer alone: what we keep is the address without it."""
        secret = self._secret(endpoint.payer)
        if "{secret}" in template:
            return await notifying.ensure_subscription(endpoint, template.replace("{secret}", secret), None)
        return await notifying.ensure_subscription(endpoint, template, secret)
