"""Our Subscription at the simulated payer: noticed when it is lost, and put in place again."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from firstdose.adapters.payers.channel_router import ChannelRouter
from firstdose.adapters.payers.resilience import UnguardedCalls
from firstdose.adapters.payers.subscribing import AGAIN_AFTER, CHECKED_EVERY, Renewal, SubscriptionKeeper
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.payer.channel import Channel
from firstdose.payer_ports import Contact, ContactPurpose
from firstdose.ports import EffectRequest
from tests.contract.cases import endpoint
from tests.contract.conftest import World
from tests.contract.memory import MemoryContacts, MemorySubscriptions
from tests.contract.test_payer_desk import Office, listening


class Kept:
    """A Subscription at a payer of the test's own, and a clock that the test turns on."""

    def __init__(self, world: World) -> None:
        self.world, self.now, self.ours = world, datetime.now(UTC), MemorySubscriptions()
        self.payer = f"payer-{uuid4().hex[:8]}"
        router = ChannelRouter({Channel.PAS: world.pas}, UnguardedCalls(), MemoryContacts())
        self.keeper = SubscriptionKeeper(self.ours, router, "http://127.0.0.1:1", lambda _: "s", lambda: self.now)

    async def asks(self, *, later: timedelta = timedelta(), **changes: object) -> None:
        """Before a request to the payer."""
        self.now += later
        contact = Contact(
            id=str(uuid4()),
            referral_id="r",
            payer=self.payer,
            purpose=ContactPurpose.AUTHORIZATION,
            trace=uuid4().hex,
            created_at=self.now,
        )
        reached = endpoint(f"{self.world.url}/fhir/{self.payer}", payer=self.payer, **changes)
        await self.keeper.ensure(Channel.PAS, contact, reached)

    async def loses(self, standing: str) -> None:
        async with httpx2.AsyncClient() as http:
            answer = await http.post(f"{self.world.url}/subscriptions/{self.payer}/{standing}")
        assert answer.status_code == 204

    async def theirs(self) -> list[dict[str, Any]]:
        """Those that tell us something."""
        told = (await self.world.recorder())["subscriptions"]
        return [one for one in told if one["payer"] == self.payer and one["standing"] == "active"]


@pytest.mark.parametrize("standing", ["forgotten", "off", "error"])
async def test_one_that_the_payer_lost_is_registered_again_with_the_next_request(world: World, standing: str) -> None:
    kept = Kept(world)
    await kept.asks()
    await kept.loses(standing)
    await kept.asks()
    assert (await kept.theirs(), kept.ours.again) == ([], []), "it was looked at a moment ago"
    await kept.asks(later=CHECKED_EVERY)
    assert (len(await kept.theirs()), kept.ours.again) == (1, [Renewal.LOST])


async def test_one_that_stands_is_left_alone(world: World) -> None:
    kept = Kept(world)
    for _ in range(3):
        await kept.asks(later=CHECKED_EVERY)
    assert (len(await kept.theirs()), kept.ours.again) == (1, [])


async def test_one_that_the_payer_says_it_lost_is_registered_again_without_waiting_for_the_check(world: World) -> None:
    kept = Kept(world)
    await kept.asks()
    await kept.loses("off")
    kept.ours.of[kept.payer] = kept.ours.of[kept.payer]._replace(lost=True)
    await kept.asks()
    assert await kept.theirs() == [], "not at every request, should the payer lose each"
    await kept.asks(later=AGAIN_AFTER)
    assert (len(await kept.theirs()), kept.ours.again) == (1, [Renewal.LOST])


async def test_another_filter_takes_the_place_of_the_former_one(world: World) -> None:
    kept = Kept(world)
    await kept.asks()
    for _ in range(2):
        await kept.asks(subscription_filter="org-identifier")
    (theirs,) = await kept.theirs()
    assert theirs["criteria"].startswith("org-identifier=")
    assert kept.ours.again == [Renewal.CHANGED]


class Ringing(Office):
    """Asks about the one request that it has when the payer rings."""

    async def rang(self) -> None:
        (contact_id,) = self.contacts.contacts
        await self.desk.inquire(EffectRequest(referral_id="r", key=contact_id))
        await self.heard.put((contact_id, len(self.contacts.answers[contact_id])))

    async def note(self, action: str, payer: str) -> None:
        assert action == "payer_notification_without_answer"


@pytest.mark.parametrize("scenario", ["notified_by_id", "notified_by_bell"])
async def test_a_bell_brings_the_decision(world: World, scenario: str) -> None:
    async with listening(world, scenario, Ringing) as office:
        submission = await office.desk.submit(office.asking())
        await asyncio.wait_for(office.heard.get(), 10)
        decided = await office.desk.read(EffectRequest(referral_id="r", key=submission.contact_id))
        assert decided is not None
        assert {line.state for line in decided.lines} == {LineState.APPROVED}
