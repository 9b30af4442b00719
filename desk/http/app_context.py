"""The stores and clients of the routes, opened once per process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from temporalio.client import Client

from desk.http.issuer import Issuer
from desk.http.readiness import Readiness
from desk.stalls import StallFinder
from desk.web.context import WebContext, web_context
from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.payload_codec import SealingCodec
from firstdose.adapters.policy_file import read_policy
from firstdose.adapters.postgres.audit import SYSTEM_CHAIN, AuditTrail
from firstdose.adapters.postgres.audit_search import AuditSearch
from firstdose.adapters.postgres.keys.keyed_database import keyed_database
from firstdose.adapters.postgres.keys.vault import NoDataKey, Vault
from firstdose.adapters.postgres.messages.messages import Messages
from firstdose.adapters.postgres.messages.stalls import StallStore
from firstdose.adapters.postgres.payers.contacts import PostgresContacts
from firstdose.adapters.postgres.payers.payers import PayerTable
from firstdose.adapters.postgres.pool import Pool, transaction
from firstdose.adapters.postgres.referrals.intake import Intake
from firstdose.adapters.postgres.referrals.notes import ReferralNotes
from firstdose.adapters.postgres.referrals.payer_words import PayerWords
from firstdose.adapters.postgres.referrals.referrals import ReferralReader
from firstdose.adapters.postgres.referrals.revisions import Revisions
from firstdose.adapters.postgres.referrals.steering_record import SteeringRecord
from firstdose.adapters.postgres.staff.nurse_visits import NurseVisits
from firstdose.adapters.postgres.staff.reading_access import ReadingAccess
from firstdose.adapters.postgres.staff.staff import StaffDirectory
from firstdose.adapters.postgres.staff.work_items import WorklistStore
from firstdose.adapters.postgres.staff.work_list import WorkList
from firstdose.adapters.temporal import connect
from firstdose.adapters.webhooks import WebhookVerifier
from firstdose.domain.referral.referral import Referral
from firstdose.domain.work.role import Actor
from firstdose.ports import Impossible
from firstdose.settings import Settings, SettingsError

_FOR_INTAKE: Final = 6
"""Connections to the database."""


@dataclass(frozen=True, kw_only=True)
class AppContext:
    """Stores, keys and clients of one process."""

    settings: Settings
    keyring: Keyring
    pool: Pool
    vault: Vault
    audit: AuditTrail
    audit_search: AuditSearch
    messages: Messages
    intake: Intake
    referrals: ReferralReader
    worklist: WorklistStore
    work: WorkList
    contacts: PostgresContacts
    payer_words: PayerWords
    payers: PayerTable
    staff: StaffDirectory
    access: ReadingAccess
    notes: ReferralNotes
    steering: SteeringRecord
    visits: NurseVisits
    issuer: Issuer
    client: Client
    stalls: StallFinder
    codec: SealingCodec
    sources: Mapping[str, WebhookVerifier]
    readiness: Readiness
    web: WebContext

    @property
    def dsn(self) -> str:
        return self.settings.database_url.get_secret_value() if self.settings.database_url else ""

    async def facts(self, referral_id: str) -> Referral | None:
        """The present facts of a referral; None if there is none, or it was shredded. Raises Unavailable."""
        try:
            async with transaction(self.pool) as connection:
                return await Revisions(self.vault).current(connection, referral_id)
        except (Impossible, NoDataKey):
            return None

    async def note(
        self, actor: Actor, action: str, details: Mapping[str, Any] | None = None, *, chain: str = SYSTEM_CHAIN
    ) -> None:
        """An audit record, of a referral or of none. `details` holds codes and numbers only. Raises Unavailable."""
        async with transaction(self.pool) as connection:
            await self.audit.write(
                connection, chain, at=datetime.now(UTC), actor=actor.label, action=action, details=details
            )


@asynccontextmanager
async def open_desk(settings: Settings) -> AsyncIterator[AppContext]:
    """Connects to PostgreSQL, patiently, and to Temporal at the first call.

    Raises SettingsError, UnfitPolicy, UnfitServer, UnfitKeys.
    """
    if settings.database_url is None or not settings.keys:
        raise SettingsError("DATABASE_URL and FIRSTDOSE_KEYS are needed")
    keyring, issuer, policy = Keyring(settings.key_material()), Issuer(settings), read_policy(settings.policy_file)
    dsn = settings.database_url.get_secret_value()
    # Intake has connections of its own, so that it does not wait behind what staff ask; so has the look at readiness.
    async with (
        issuer.kept(),
        keyed_database(dsn, keyring, "desk") as pool,
        keyed_database(dsn, keyring, "desk", size=_FOR_INTAKE) as intake_pool,
        keyed_database(dsn, keyring, "desk", size=1) as probe,
    ):
        vault, audit = Vault(keyring), AuditTrail(keyring)
        client = await connect(settings, keyring, identity="desk", lazy=True)
        yield AppContext(
            settings=settings,
            keyring=keyring,
            pool=pool,
            vault=vault,
            audit=audit,
            audit_search=AuditSearch(pool),
            messages=Messages(pool, vault, audit),
            intake=Intake(intake_pool, vault, audit),
            referrals=ReferralReader(pool, vault, escalation=policy.escalation),
            worklist=WorklistStore(pool, vault, audit),
            work=WorkList(pool, vault, attempts=policy.contact.attempts),
            contacts=PostgresContacts(pool, vault, audit),
            payer_words=PayerWords(pool, vault, audit),
            payers=PayerTable(pool),
            staff=StaffDirectory(pool),
            access=ReadingAccess(pool, vault, audit),
            notes=ReferralNotes(pool, vault, audit),
            steering=SteeringRecord(pool, vault),
            visits=NurseVisits(pool, vault),
            issuer=issuer,
            client=client,
            stalls=StallFinder(client, StallStore(pool)),
            readiness=Readiness(probe, client),
            web=web_context(settings, keyring, pool, issuer),
            codec=SealingCodec(keyring),
            sources={
                source: WebhookVerifier(secret.get_secret_value() for secret in secrets)
                for source, secrets in settings.sources.items()
            },
        )


async def _the_desk(request: Request) -> AppContext:
    # A coroutine: FastAPI would call a plain function in a thread, and each request would wait for one.
    desk: AppContext = request.app.state.desk
    return desk


Context = Annotated[AppContext, Depends(_the_desk)]
