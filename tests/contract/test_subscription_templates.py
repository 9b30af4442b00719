"""Where a payer is to tell its decisions: as the plan has it, and without the secret in what we keep."""

from datetime import UTC, datetime
from uuid import uuid4

from firstdose.adapters.payers.channel_router import ChannelRouter
from firstdose.adapters.payers.resilience import UnguardedCalls
from firstdose.adapters.payers.subscribing import SubscriptionKeeper
from firstdose.domain.payer.channel import Channel
from firstdose.payer_ports import Contact, ContactPurpose
from tests.contract.cases import NOW, endpoint
from tests.contract.conftest import World
from tests.contract.memory import MemoryContacts, MemorySubscriptions

SECRET = "a-secret-of-this-test"
IN_THE_ADDRESS = "{desk}/webhooks/payers/{payer}/pas/{secret}"


async def ensured(world: World, payer: str, **told: object) -> tuple[MemorySubscriptions, tuple[str, tuple[str, ...]]]:
    """What we keep of it, and the address and headers that the payer has."""
    kept = MemorySubscriptions()
    router = ChannelRouter({Channel.PAS: world.pas}, UnguardedCalls(), MemoryContacts())
    keeper = SubscriptionKeeper(kept, router, "http://127.0.0.1:1/", lambda _: SECRET, lambda: datetime.now(UTC))
    contact = Contact(
        id=str(uuid4()),
        referral_id="r",
        payer=payer,
        purpose=ContactPurpose.AUTHORIZATION,
        trace=uuid4().hex,
        created_at=NOW,
    )
    await keeper.ensure(Channel.PAS, contact, endpoint(f"{world.url}/fhir/{payer}", payer=payer, **told))
    theirs = next(one for one in world.book.subscriptions.values() if one.payer == payer)
    return kept, (theirs.endpoint, theirs.headers)


async def test_usually_the_secret_comes_in_a_header(world: World) -> None:
    payer = f"payer-{uuid4().hex[:8]}"
    kept, theirs = await ensured(world, payer)
    assert theirs == (f"http://127.0.0.1:1/webhooks/payers/{payer}/pas", (f"Authorization: Bearer {SECRET}",))
    assert kept.callbacks == {payer: f"http://127.0.0.1:1/webhooks/payers/{payer}/pas"}


async def test_the_secret_may_stand_in_the_address_and_is_not_kept_there(world: World) -> None:
    payer = f"payer-{uuid4().hex[:8]}"
    kept, theirs = await ensured(world, payer, subscription_callback=IN_THE_ADDRESS)
    assert theirs == (f"http://127.0.0.1:1/webhooks/payers/{payer}/pas/{SECRET}", ())
    assert SECRET not in str(kept.callbacks)
