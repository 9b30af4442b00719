"""The ways to a payer: every request to a channel goes through here, and by the next one if it surely went nowhere."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import takewhile
from typing import TypeVar

from firstdose.adapters.payers.resilience import Resilience, never_left
from firstdose.domain.payer.channel import Channel
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import (
    Contact,
    ContactStore,
    PayerChannel,
    PayerEndpoint,
    RefusedRequest,
    UnclearAnswer,
    UnreadableAnswer,
)
from firstdose.ports import Impossible, PortError, Unavailable

_log = logging.getLogger(__name__)

T = TypeVar("T")


class ChannelRouter:
    """`channels` are those that are implemented."""

    def __init__(self, channels: Mapping[Channel, PayerChannel], passage: Resilience, contacts: ContactStore) -> None:
        self._channels = channels
        self._passage = passage
        self._contacts = contacts

    def channel(self, channel: Channel) -> PayerChannel:
        """Raises Impossible("payer_not_electronic")."""
        if channel not in self._channels:
            raise Impossible(ProblemCode.PAYER_NOT_ELECTRONIC)
        return self._channels[channel]

    @asynccontextmanager
    async def asking(self, channel: Channel, contact: Contact, endpoint: PayerEndpoint) -> AsyncIterator[PayerChannel]:
        """For one request. What came instead of an answer is kept with the contact."""
        payer = self.channel(channel)
        try:
            async with self._passage.to(endpoint, channel):
                yield payer
        except (UnreadableAnswer, RefusedRequest, UnclearAnswer) as error:
            await self._keep(contact, error.body)
            raise

    async def _keep(self, contact: Contact, body: bytes) -> None:
        """For a person to look at: that it could not be kept does not hide why it was to be."""
        try:
            if body:
                await self._contacts.keep_unreadable(contact.id, body)
        except PortError as error:
            _log.warning("what the payer sent is not kept", extra={"payer": contact.payer, "code": error.problem.value})

    @asynccontextmanager
    async def sending(
        self,
        channel: Channel,
        contact: Contact,
        endpoint: PayerEndpoint,
        without_effect: Callable[[PortError], bool] = never_left,
    ) -> AsyncIterator[PayerChannel]:
        """Likewise, of a request that the contact notes before it leaves, and forgets after an error without effect."""
        async with self.asking(channel, contact, endpoint) as payer:
            await self._contacts.mark_attempted(contact, channel)
            try:
                yield payer
            except PortError as error:
                if without_effect(error):
                    await self._contacts.take_back(contact)
                raise


def electronic(first: Channel, fallback: Iterable[Channel]) -> Iterable[Channel]:
    """The channels in their order, as far as people."""
    return takewhile(lambda channel: channel.electronic, (first, *fallback))


def closed(error: PortError) -> bool:
    """Whether another channel may carry the request instead."""
    return error.problem.another_channel


def can_fail_over(_: PortError) -> bool:
    """Of a question, which changes nothing at the payer: it may be asked by another channel whatever became of it."""
    return True


async def first_available(
    ways: Iterable[Channel], by: Callable[[Channel], Awaitable[T]], goes_on: Callable[[PortError], bool], payer: str
) -> tuple[Channel, T]:
    """What came by the first channel that could carry it, and which that was.

    Raises an error after which it does not go on; if no channel could, the one that may pass soonest.
    """
    failed: list[PortError] = []
    for channel in ways:
        try:
            came = await by(channel)
        except PortError as error:
            if not goes_on(error):
                raise
            failed.append(error)
            continue
        if failed:
            told = {"payer": payer, "channel": channel, "code": failed[0].problem.value}
            _log.warning("payer reached by another channel", extra=told)
        return channel, came
    passing = [error for error in failed if isinstance(error, Unavailable)]
    if passing:
        raise min(passing, key=lambda error: error.retry_after or timedelta())
    raise failed[0] if failed else Impossible(ProblemCode.PAYER_NOT_ELECTRONIC)
