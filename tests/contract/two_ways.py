"""A desk for a payer with a PAS server and a clearinghouse that know nothing of each other."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from firstdose.adapters.payers.case_file import CaseFile
from firstdose.adapters.payers.payer_gateway import PayerGatewayService, trace_of
from firstdose.adapters.payers.resilience import Resilience
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.payer_ports import PayerChannel
from firstdose.ports import AuthorizationRequest, EffectRequest
from tests.contract.cases import endpoint, lines, referral
from tests.contract.conftest import World
from tests.contract.memory import MemoryContacts, MemoryFiles, MemorySubscriptions, Turnpike

PAS, X12 = Channel.PAS, Channel.X12


class Office:
    """A desk, and a payer of its own whose clearinghouse does not know what its PAS server has."""

    def __init__(
        self,
        world: World,
        scenario: str = "approved",
        *,
        pas_url: str | None = None,
        passage: Resilience | None = None,
        channels: Mapping[Channel, PayerChannel] | None = None,
    ) -> None:
        self.world = world
        self.payer = f"payer-{uuid4().hex[:8]}"
        self.clearinghouse = f"{self.payer}-edi"
        self.turnpike = Turnpike()
        self.contacts = MemoryContacts()
        behind = (X12, Channel.PEOPLE)
        plan = Plan(
            payer=self.payer,
            eligibility=PAS,
            eligibility_fallback=behind,
            authorization=PAS,
            authorization_fallback=behind,
        )
        reached = endpoint(
            pas_url or f"{world.url}/fhir/{self.payer}",
            payer=self.payer,
            x12_url=f"{world.url}/x12/{self.clearinghouse}",
            timeout=timedelta(seconds=1),
        )
        subscriptions = MemorySubscriptions()
        subscriptions.callbacks[self.payer] = f"http://127.0.0.1:1/webhooks/payers/{self.payer}/pas"
        self.desk = PayerGatewayService(
            MemoryFiles(CaseFile(referral(f"SIM-{scenario.upper().replace('_', '-')}-1"), reached, plan)),
            self.contacts,
            subscriptions,
            channels or {PAS: world.pas, X12: world.x12},
            public_url="http://127.0.0.1:1",
            subscription_secret=lambda _: "secret",
            clock=lambda: datetime.now(UTC),
            resilience=passage or self.turnpike,
        )

    def asking(self, **changes: object) -> AuthorizationRequest:
        return AuthorizationRequest(referral_id="r", key=str(uuid4()), lines=lines()).model_copy(update=changes)

    def sent(self, asked: EffectRequest) -> tuple[int, int]:
        """How often the payer got the request, as its recorder counts: by its PAS server, by its clearinghouse."""
        pas, x12 = (self.world.book.filed.get((each, trace_of(asked.key))) for each in (self.payer, self.clearinghouse))
        return pas.deliveries if pas else 0, x12.deliveries if x12 else 0
