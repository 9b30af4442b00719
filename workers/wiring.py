"""Wires a worker's ports to their adapters: PostgreSQL, the electronic payers and the outbox."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from activities.dispatch import DispatchActivities
from activities.outreach import OutreachActivities
from activities.payer import PayerActivities
from activities.pharmacy import PharmacyActivities
from activities.records import RecordActivities
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.payers.credentials import UnfitCredential
from firstdose.adapters.payers.pas.channel import PasChannel
from firstdose.adapters.payers.pas.client import PasClient
from firstdose.adapters.payers.pas.requestor import Requestor
from firstdose.adapters.payers.payer_gateway import PayerGatewayService
from firstdose.adapters.payers.plan_clocks import PlanClocks
from firstdose.adapters.payers.resilience import GuardedCalls
from firstdose.adapters.payers.webhook_secret import webhook_secret
from firstdose.adapters.payers.wire import Wire, open_wire
from firstdose.adapters.payers.x12.channel import X12Channel
from firstdose.adapters.payers.x12.transport import HttpsTransport
from firstdose.adapters.policy_file import read_policy
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.keyed_database import keyed_database
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.messages.notices import PostgresNotifier
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.messages.stalls import StallStore
from firstdose.adapters.postgres.payers.contacts import PostgresContacts
from firstdose.adapters.postgres.payers.control_numbers import PostgresControlNumbers
from firstdose.adapters.postgres.payers.health import PostgresCircuitBreaker, PostgresRateLimiter
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.payers.subscriptions import PostgresSubscriptions
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.referrals.case_files import PostgresCaseFiles
from firstdose.adapters.postgres.referrals.records import PostgresRecords
from firstdose.adapters.postgres.staff.roster import PostgresRoster
from firstdose.adapters.postgres.staff.staff import StaffDirectory
from firstdose.adapters.postgres.staff.stock import PostgresPharmacy
from firstdose.domain.payer.channel import Channel
from firstdose.domain.policy import Policy
from firstdose.payer_ports import PayerChannel
from firstdose.settings import Settings, SettingsError
from workers.build import Activities
from workers.failing_activities import FailingActivities

NEEDED = ("DATABASE_URL", "FIRSTDOSE_KEYS", "FIRSTDOSE_PHARMACY")


@asynccontextmanager
async def open_activities(settings: Settings, keyring: Keyring) -> AsyncIterator[Activities]:
    """Connects to PostgreSQL, patiently. Raises SettingsError, UnfitPolicy, UnfitServer, UnfitKeys."""
    if settings.database_url is None or settings.pharmacy is None:
        raise SettingsError(f"{', '.join(NEEDED)} are needed")
    policy = read_policy(settings.policy_file)
    fhir_base = f"{settings.public_url.rstrip('/')}/fhir"
    requestor = Requestor.model_validate({**settings.pharmacy, "base_url": fhir_base})
    async with (
        _wire(settings) as wire,
        keyed_database(settings.database_url.get_secret_value(), keyring, "worker", size=16) as pool,
    ):
        payers = PayerTable(pool)
        x12 = X12Channel(HttpsTransport(wire), requestor, PostgresControlNumbers(pool))
        channels: dict[Channel, PayerChannel] = {Channel.PAS: PasChannel(PasClient(wire), requestor), Channel.X12: x12}
        payer = _payer_desk(settings, keyring, pool, payers, policy, channels)
        async with payers.kept():
            yield _activities(settings, keyring, pool, payers, policy, payer)


@asynccontextmanager
async def open_failing_activities(settings: Settings, keyring: Keyring) -> AsyncIterator[FailingActivities]:
    """With a separate pool: if the activities use up theirs, their failures must still be recorded."""
    dsn = settings.database_url.get_secret_value() if settings.database_url else ""
    async with keyed_database(dsn, keyring, "worker", size=2) as pool:
        yield FailingActivities(StallStore(pool))


def _activities(
    settings: Settings, keyring: Keyring, pool: Pool, payers: PayerTable, policy: Policy, payer: PayerGatewayService
) -> Activities:
    vault, audit = Vault(keyring), AuditTrail(keyring)
    outbox, mailboxes = Outbox(vault, audit), settings.role_mailboxes
    records = PostgresRecords(pool, vault, audit, outbox, StaffDirectory(pool), payers, policy, mailboxes=mailboxes)
    return (
        RecordActivities(records),
        PayerActivities(payer),
        OutreachActivities(PostgresNotifier(pool, vault, audit, outbox, mailboxes)),
        PharmacyActivities(PostgresPharmacy(pool, audit)),
        DispatchActivities(PostgresRoster(pool, vault, audit)),
    )


def _payer_desk(
    settings: Settings,
    keyring: Keyring,
    pool: Pool,
    payers: PayerTable,
    policy: Policy,
    channels: Mapping[Channel, PayerChannel],
) -> PayerGatewayService:
    vault, audit = Vault(keyring), AuditTrail(keyring)
    return PayerGatewayService(
        PostgresCaseFiles(pool, vault, payers),
        PostgresContacts(pool, vault, audit),
        PostgresSubscriptions(pool, audit),
        channels,
        public_url=settings.public_url,
        subscription_secret=partial(webhook_secret, keyring),
        clock=_now,
        clocks=PlanClocks(policy.clocks),
        resilience=GuardedCalls(PostgresCircuitBreaker(pool, audit, _now), PostgresRateLimiter(pool, _now)),
    )


@asynccontextmanager
async def _wire(settings: Settings) -> AsyncIterator[Wire]:
    try:
        async with open_wire(settings.payer_credentials, _now) as wire:
            yield wire
    except UnfitCredential as problem:
        raise SettingsError(f"FIRSTDOSE_PAYER_CREDENTIALS is not usable: {problem}") from None


def _now() -> datetime:
    return datetime.now(UTC)
