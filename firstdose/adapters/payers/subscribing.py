"""Our Subscription at payers that send notifications of decisions: one for each payer, looked after while we ask it."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple, Protocol, runtime_checkable

from firstdose.adapters.payers.channel_router import ChannelRouter
from firstdose.domain.payer.channel import Channel
from firstdose.payer_ports import Contact, PayerEndpoint
from firstdose.ports import PortError

_log = logging.getLogger(__name__)

CHECKED_EVERY: Final = timedelta(hours=1)
"""How often a payer is asked whether our Subscription stands, at the most."""
AGAIN_AFTER: Final = timedelta(minutes=1)
"""A payer that loses it at once again is not asked for another at every request."""


class KnownSubscription(NamedTuple):
    """The Subscription that a payer has of us. `subscription` is the payer's id of it, "" if it told none."""

    subscription: str
    callback_url: str
    filter: str
    registered_at: datetime
    checked_at: datetime
    lost: bool = False


class Renewal(StrEnum):
    """Why a Subscription is registered again."""

    LOST = "lost"
    CHANGED = "changed"
    """The plan has another filter or callback."""


class Subscriptions(Protocol):
    """What we know of the Subscriptions that payers have of us."""

    async def known(self, payer: str) -> KnownSubscription | None: ...

    async def registered(
        self, payer: str, subscription: str, callback_url: str, filtered: str, at: datetime, again: Renewal | None
    ) -> None: ...

    async def checked(self, payer: str, at: datetime) -> None: ...


@runtime_checkable
class Notifying(Protocol):
    """A channel on which payers can notify us of decisions."""

    async def ensure_subscription(
        self, endpoint: PayerEndpoint, callback_url: str, secret: str | None, *, replaces: str | None = None
    ) -> str:
        """`secret` is to come in a header; None if the address has it. `replaces` is the payer's id of the former."""
        ...

    async def subscription_stands(self, endpoint: PayerEndpoint, subscription: str) -> bool: ...


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
        """Before the payer is asked about `contact`. A failure is only logged: the next request tries again."""
        notifying = self._router.channel(channel)
        if not isinstance(notifying, Notifying):
            return
        known = await self._subscriptions.known(endpoint.payer)
        if known and not self._due(known, endpoint):
            return
        try:
            async with self._router.query(channel, contact, endpoint):
                await self._look_after(notifying, endpoint, known)
        except PortError as error:
            _log.warning("subscription not registered", extra={"payer": endpoint.payer, "code": error.problem.value})

    def _due(self, known: KnownSubscription, endpoint: PayerEndpoint) -> bool:
        """Whether it is time to check it, or to register it again."""
        if self._changed(known, endpoint):
            return True
        if known.lost:
            return self._clock() - known.registered_at >= AGAIN_AFTER
        return bool(known.subscription) and self._clock() - known.checked_at >= CHECKED_EVERY

    async def _look_after(self, notifying: Notifying, endpoint: PayerEndpoint, known: KnownSubscription | None) -> None:
        again = await self._why_again(notifying, endpoint, known) if known else None
        if known and again is None:
            return await self._subscriptions.checked(endpoint.payer, self._clock())
        replaces = known.subscription if known else None
        name, template = await self._register(notifying, endpoint, replaces), self._template(endpoint)
        if again:
            _log.warning("subscription registered again", extra={"payer": endpoint.payer, "code": again.value})
        wanted = endpoint.subscription_filter
        await self._subscriptions.registered(endpoint.payer, name, template, wanted, self._clock(), again)

    async def _why_again(
        self, notifying: Notifying, endpoint: PayerEndpoint, known: KnownSubscription
    ) -> Renewal | None:
        """None if it stands, or the payer does not say."""
        if self._changed(known, endpoint):
            return Renewal.CHANGED
        if known.lost or not await notifying.subscription_stands(endpoint, known.subscription):
            return Renewal.LOST
        return None

    def _changed(self, known: KnownSubscription, endpoint: PayerEndpoint) -> bool:
        return (known.callback_url, known.filter) != (self._template(endpoint), endpoint.subscription_filter)

    def _template(self, endpoint: PayerEndpoint) -> str:
        """The callback's address, in which the secret is not filled in: so we keep it."""
        return endpoint.subscription_callback.replace("{desk}", self._public_url).replace("{payer}", endpoint.payer)

    async def _register(self, notifying: Notifying, endpoint: PayerEndpoint, replaces: str | None) -> str:
        """The secret is filled in for the payer alone."""
        template, secret = self._template(endpoint), self._secret(endpoint.payer)
        if "{secret}" in template:
            address = template.replace("{secret}", secret)
            return await notifying.ensure_subscription(endpoint, address, None, replaces=replaces)
        return await notifying.ensure_subscription(endpoint, template, secret, replaces=replaces)
