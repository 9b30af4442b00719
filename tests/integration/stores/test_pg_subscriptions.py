"""Our Subscriptions in the store: the newest counts, and one that a payer lost stays lost until it is replaced."""

from datetime import UTC, datetime, timedelta

import pytest

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.payers.subscribing import KnownSubscription, Renewal
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.payers.subscriptions import PostgresSubscriptions
from firstdose.adapters.postgres.pool import Pool

AT = datetime(2026, 3, 2, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
HOOK = "https://desk.example/webhooks/payers/acme-health/pas"


@pytest.fixture
async def subscriptions(pool: Pool, keyring: Keyring) -> PostgresSubscriptions:
    acme = {"id": "acme-health", "name": "Acme", "authorization": "pas", "base_url": "https://acme.example/fhir"}
    await PayerTable(pool).import_payers([acme])
    return PostgresSubscriptions(pool, AuditTrail(keyring))


async def test_the_newest_replaces_the_former_one_and_is_noted(
    subscriptions: PostgresSubscriptions, pool: Pool
) -> None:
    assert await subscriptions.known("acme-health") is None
    await subscriptions.registered("acme-health", "s-1", HOOK, "orgIdentifier", AT, None)
    await subscriptions.registered("acme-health", "s-2", HOOK, "org-identifier", LATER, Renewal.CHANGED)
    newest = KnownSubscription("s-2", HOOK, "org-identifier", LATER, LATER)
    assert await subscriptions.known("acme-health") == newest
    noted = await pool.fetch("SELECT action FROM audit WHERE chain = 'system' AND action LIKE 'payer_subscription%'")
    assert [row["action"] for row in noted] == ["payer_subscription_registered_again"]


async def test_it_is_lost_once_and_stands_again_when_it_is_registered(subscriptions: PostgresSubscriptions) -> None:
    await subscriptions.registered("acme-health", "s-1", HOOK, "orgIdentifier", AT, None)
    await subscriptions.checked("acme-health", LATER)
    known = await subscriptions.known("acme-health")
    assert known == KnownSubscription("s-1", HOOK, "orgIdentifier", AT, LATER)
    assert [await subscriptions.lost("acme-health", name, LATER) for name in ("s-0", "s-1", "s-1")] == [
        False,
        True,
        False,
    ]
    assert (lost := await subscriptions.known("acme-health"))
    assert lost.lost
    await subscriptions.registered("acme-health", "s-1", HOOK, "orgIdentifier", LATER, Renewal.LOST)
    assert (stands := await subscriptions.known("acme-health"))
    assert not stands.lost
