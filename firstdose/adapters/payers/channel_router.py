"""Routes each request to a payer's channel, and to the next one if the payer is certain not to have the request."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import takewhile
from typing import TypeVar

from firstdose.adapters.payers.resilience import Resilience, never_left
from firstdose.domain.authorization.answer_match import Named
from firstdose.domain.payer.channel import Channel
from firstdose.domain.problem import ProblemCode
from firstdose.payer_ports import (
    Contact,
    ContactStore,
    ForeignAnswer,
    PayerChannel,
    PayerEndpoint,
    PayerReply,
    Received,
    RefusedRequest,
    UnclearAnswer,
    UnreadableAnswer,
)
from firstdose.ports import Impossible, PortError, Unavailable

_log = logging.getLogger(__name__)

T = TypeVar("T")


class ChannelRouter:
    """`channels` are those that are implemented."""

    def __init__(
        self, channels: Mapping[Channel, PayerChannel], resilience: Resilience, contacts: ContactStore
    ) -> None:
        self._channels = channels
        self._resilience = resilience
        self._contacts = contacts

    def channel(self, channel: Channel) -> PayerChannel:
        """Raises Impossible("payer_not_electronic")."""
        if channel not in self._channels:
            raise Impossible(ProblemCode.PAYER_NOT_ELECTRONIC)
        return self._channels[channel]

    @asynccontextmanager
    async def query(self, channel: Channel, contact: Contact, endpoint: PayerEndpoint) -> AsyncIterator[PayerChannel]:
        """For one request that changes nothing at the payer.

        What cannot be read, and what only a person can judge, is stored with the contact.
        """
        payer = self.channel(channel)
        try:
            async with self._resilience.to(endpoint, channel):
                yield payer
        except UnreadableAnswer as error:
            await self._store_unreadable(contact, error.body)
            raise
        except RefusedRequest as refused:
            await self._store_refusal(contact, refused)
            raise
        except UnclearAnswer as unclear:
            raise await self._kept(contact, unclear) from None

    async def _kept(self, contact: Contact, unclear: UnclearAnswer) -> UnclearAnswer:
        """With its texts sealed, once it is kept: nobody could judge it otherwise.

        Raises ForeignAnswer, Unavailable.
        """
        if unclear.received is None:
            return UnclearAnswer(unclear.problem)
        told = PayerReply(problem=unclear.problem, remarks=unclear.remarks)
        kept = await self._contacts.keep_reply(contact.id, unclear.received, told)
        return UnclearAnswer(unclear.problem, kept.remarks, unclear.received)

    async def _store_refusal(self, contact: Contact, refused: RefusedRequest) -> None:
        """As it came, and its reasons, if they can be read, for whoever decides what follows. Raises ForeignAnswer."""
        if refused.remarks:
            await self._store_reasons(contact, refused)
        await self._store_unreadable(contact, refused.body)

    async def _store_reasons(self, contact: Contact, refused: RefusedRequest) -> None:
        received = refused.received or Received(raw=refused.body, named=Named())
        told = PayerReply(problem=refused.problem, remarks=refused.remarks)
        try:
            await self._contacts.keep_reply(contact.id, received, told)
        except ForeignAnswer:
            raise
        except PortError as error:
            _log.warning("payer response not stored", extra={"payer": contact.payer, "code": error.problem.value})

    async def _store_unreadable(self, contact: Contact, body: bytes) -> None:
        """For a person to look at. A failure to store it must not hide the error that the request ended with."""
        try:
            if body:
                await self._contacts.keep_unreadable(contact.id, body)
        except PortError as error:
            _log.warning("payer response not stored", extra={"payer": contact.payer, "code": error.problem.value})

    @asynccontextmanager
    async def submit(
        self,
        channel: Channel,
        contact: Contact,
        endpoint: PayerEndpoint,
        without_effect: Callable[[PortError], bool] = never_left,
    ) -> AsyncIterator[PayerChannel]:
        """The same for a request with an effect, which is marked as attempted until an error says that it had none."""
        async with self.query(channel, contact, endpoint) as payer:
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


def submission_fails_over(error: PortError) -> bool:
    """Whether another channel may submit the request instead."""
    return error.problem.another_channel


def query_fails_over(_: PortError) -> bool:
    """A query changes nothing at the payer, so another channel may repeat it after any error."""
    return True


async def first_available(
    channels: Iterable[Channel],
    call: Callable[[Channel], Awaitable[T]],
    fails_over: Callable[[PortError], bool],
    payer: str,
) -> tuple[Channel, T]:
    """The first channel that answers, with its answer.

    Raises an error that does not fail over. If every channel failed, raises the one that may be retried soonest.
    """
    failed: list[PortError] = []
    for channel in channels:
        try:
            answer = await call(channel)
        except PortError as error:
            if not fails_over(error):
                raise
            failed.append(error)
            continue
        if failed:
            details = {"payer": payer, "channel": channel, "code": failed[0].problem.value}
            _log.warning("payer reached by another channel", extra=details)
        return channel, answer
    passing = [error for error in failed if isinstance(error, Unavailable)]
    if passing:
        raise min(passing, key=lambda error: error.retry_after or timedelta())
    raise failed[0] if failed else Impossible(ProblemCode.PAYER_NOT_ELECTRONIC)
