"""The desk keeps to the passage: what may not leave has not been attempted, and nothing leaves without asking."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from firstdose.adapters.payers.case_file import CaseFile
from firstdose.adapters.payers.payer_gateway import PayerGatewayService
from firstdose.domain.authorization.lines import Certification
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.problem import ProblemCode
from firstdose.ports import AuthorizationRequest, DocumentsReply, EffectRequest, Unavailable
from tests.contract.cases import endpoint, lines, referral
from tests.contract.conftest import World
from tests.contract.memory import MemoryContacts, MemoryFiles, MemorySubscriptions, Turnpike


class Office:
    def __init__(self, world: World, scenario: str = "approved") -> None:
        self.passage = Turnpike()
        self.contacts = MemoryContacts()
        self.payer = f"payer-{uuid4().hex[:8]}"
        plan = Plan(payer=self.payer, eligibility=Channel.PAS, authorization=Channel.PAS)
        reached = endpoint(f"{world.url}/fhir/{self.payer}", payer=self.payer)
        member_id = f"SIM-{scenario.upper().replace('_', '-')}-1"
        self.desk = PayerGatewayService(
            MemoryFiles(CaseFile(referral(member_id), reached, plan)),
            self.contacts,
            MemorySubscriptions(),
            {Channel.PAS: world.pas},
            public_url="http://127.0.0.1:1",
            subscription_secret=lambda _: "secret",
            clock=lambda: datetime.now(UTC),
            resilience=self.passage,
        )

    def asking(self, **changes: object) -> AuthorizationRequest:
        return AuthorizationRequest(referral_id="r", key=str(uuid4()), lines=lines()).model_copy(update=changes)


async def test_what_may_not_leave_was_not_attempted(world: World) -> None:
    office = Office(world)
    office.passage.shut = {Channel.PAS: ProblemCode.PAYER_OUTAGE}
    asked = office.asking()
    with pytest.raises(Unavailable, match="payer_outage") as refused:
        await office.desk.submit(asked)
    assert refused.value.retry_after == timedelta(seconds=30)
    with pytest.raises(Unavailable, match="payer_outage"):
        await office.desk.verify_benefits(EffectRequest(referral_id="r", key=str(uuid4())))
    assert [contact.attempted for contact in office.contacts.contacts.values()] == [False, False]
    recorder = await world.recorder()
    assert office.payer not in recorder["by_payer"]

    office.passage.shut.clear()
    await office.desk.submit(asked)
    assert list((await world.recorder())["by_payer"][office.payer].values()) == [1]


async def test_every_contact_asks_for_passage(world: World) -> None:
    office = Office(world, "information_requested")
    await office.desk.verify_benefits(EffectRequest(referral_id="r", key=str(uuid4())))
    assert office.passage.came == 1
    asked = office.asking()
    await office.desk.submit(asked)
    assert office.passage.came == 3, "the subscription, and the request itself"
    await office.desk.inquire(asked)
    await office.desk.send_documents(DocumentsReply(referral_id="r", key=asked.key, documents=("clinical_note",)))
    cancelled = lines(certification=Certification.CANCEL)
    await office.desk.void(office.asking(lines=cancelled, replaces=asked.key))
    assert office.passage.came == 6


async def test_asking_again_after_a_crash_asks_for_passage(world: World) -> None:
    office = Office(world)
    asked = office.asking()
    await office.desk.submit(asked)
    office.contacts.answers.clear()
    before, office.passage.shut = office.passage.came, {Channel.PAS: ProblemCode.PAYER_OUTAGE}
    with pytest.raises(Unavailable, match="payer_outage"):
        await office.desk.submit(asked)
    assert office.passage.came == before + 1
