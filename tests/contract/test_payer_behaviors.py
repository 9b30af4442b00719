"""Payers as they are not in the guide, against the real desk and its records: nothing they do approves or is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from firstdose.adapters.payers.case_file import CaseFile
from firstdose.adapters.payers.payer_gateway import PayerGatewayService, trace_of
from firstdose.adapters.payers.webhook_secret import webhook_secret
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.messages.outbox import Outbox
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.referrals.records import PostgresRecords
from firstdose.adapters.postgres.staff.staff import StaffDirectory
from firstdose.domain.authorization.lines import Certification, Line, LineState, Submission
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.policy import Policy
from firstdose.domain.work.journal import Batch, ReferralSnapshot
from firstdose.ports import AuthorizationRequest, EffectRequest, Impossible, Unavailable
from tests.contract.cases import case, endpoint, lines, referral
from tests.contract.conftest import World
from tests.contract.memory import MemoryFiles, MemorySubscriptions
from tests.served_desk import ServedDesk, served_desk, settings_for

APPROVED = {LineState.APPROVED}
PENDED = {LineState.PENDED}


@dataclass
class Pharmacy:
    """A worker's desk for payers and the served desk on one database; a payer of each test's own."""

    world: World
    served: ServedDesk
    pool: Pool
    referral_id: str
    payer: str

    def desk(self, scenario: str, *, payer: str | None = None) -> PayerGatewayService:
        payer = payer or self.payer
        plan = Plan(payer=payer, eligibility=Channel.PAS, authorization=Channel.PAS)
        reached = endpoint(f"{self.world.url}/fhir/{payer}", payer=payer, timeout=timedelta(seconds=0.5))
        member_id = f"SIM-{scenario.upper().replace('_', '-')}-1"
        return PayerGatewayService(
            MemoryFiles(CaseFile(referral(member_id), reached, plan)),
            self.served.desk.contacts,
            MemorySubscriptions(),
            {Channel.PAS: self.world.pas},
            public_url=self.served.url,
            subscription_secret=lambda payer: webhook_secret(self.served.desk.keyring, payer),
            clock=lambda: datetime.now(UTC),
        )

    def asking(self, asked: tuple[Line, ...] | None = None) -> AuthorizationRequest:
        return AuthorizationRequest(referral_id=self.referral_id, key=str(uuid4()), lines=asked or lines())

    async def shows(self, shown: tuple[Line, ...]) -> None:
        """The worker has told the desk that the referral has these lines."""
        desk, audit = self.served.desk, AuditTrail(self.served.desk.keyring)
        outbox, staff = Outbox(desk.vault, desk.audit), StaffDirectory(self.pool)
        records = PostgresRecords(self.pool, desk.vault, audit, outbox, staff, desk.payers, Policy())
        await records.record(Batch(referral_id=self.referral_id, entries=(), standing=ReferralSnapshot(lines=shown)))

    async def decided(self, contact_id: str, *, steps: int = 1) -> None:
        """Until the payer has told its decision, as well as it does."""
        filed = self.world.book.filed[self.payer, trace_of(contact_id)]
        async with asyncio.timeout(10):
            while filed.notified < steps:  # noqa: ASYNC110 - a real payer has no event for it either
                await asyncio.sleep(0.01)

    async def stands(self, contact_id: str) -> set[LineState]:
        answer = await self.served.desk.contacts.latest_answer(contact_id)
        return {line.state for line in answer.lines} if answer else set()

    async def decisions(self, contact_id: str) -> list[str]:
        """The state of the first line in each decision that was kept, in their order.

        Whether the word that it was pended is kept before them is a race: a decision may overtake it.
        """
        said = "SELECT answer->'lines'->0->>'state' AS state FROM payer_answers WHERE contact_id = $1 ORDER BY number"
        return [row["state"] for row in await self.pool.fetch(said, contact_id) if row["state"] != LineState.PENDED]

    async def told_to_workflow(self) -> int:
        return int(await self.pool.fetchval("SELECT count(*) FROM messages WHERE kind = 'payer_answered'"))

    async def deliveries(self, contact_id: str) -> int:
        return int((await self.world.recorder())["submissions"].get(trace_of(contact_id), 0))


@pytest.fixture
async def pharmacy(world: World, dsn: str, pool: Pool, tmp_path: Path) -> AsyncIterator[Pharmacy]:
    payer = f"payer-{uuid4().hex[:8]}"
    row = {"id": payer, "name": payer, "authorization": "pas", "base_url": f"{world.url}/fhir/{payer}"}
    async with served_desk(settings_for(dsn, tmp_path)) as served:
        await served.desk.payers.import_payers([row])
        yield Pharmacy(world, served, pool, await served.refer(), payer)


def states(submission: Submission) -> set[LineState]:
    return {line.state for line in submission.answer.lines}


async def test_a_decision_notified_twice_is_kept_and_told_once(pharmacy: Pharmacy) -> None:
    contact = (await pharmacy.desk("notified_twice").submit(pharmacy.asking())).contact_id
    await pharmacy.decided(contact)
    assert await pharmacy.decisions(contact) == ["approved"]
    assert await pharmacy.told_to_workflow() == 1


async def test_an_earlier_word_that_comes_later_does_not_undo_the_decision(pharmacy: Pharmacy) -> None:
    contact = (await pharmacy.desk("notified_out_of_order").submit(pharmacy.asking())).contact_id
    await pharmacy.decided(contact)
    assert await pharmacy.stands(contact) == APPROVED


async def test_an_approval_that_becomes_a_denial_is_looked_at_and_both_are_kept(pharmacy: Pharmacy) -> None:
    contact = (await pharmacy.desk("approved_then_denied").submit(pharmacy.asking())).contact_id
    await pharmacy.decided(contact, steps=2)
    assert await pharmacy.decisions(contact) == ["approved", "needs_review"]
    assert await pharmacy.told_to_workflow() == 2


async def test_the_decision_of_an_appeal_says_nothing_of_lines_that_were_not_appealed(pharmacy: Pharmacy) -> None:
    await pharmacy.shows(lines())
    appealed = lines(certification=Certification.APPEAL)[1:2]
    contact = (await pharmacy.desk("denied_appealed_approved").submit(pharmacy.asking(appealed))).contact_id
    await pharmacy.decided(contact)
    answer = await pharmacy.served.desk.contacts.latest_answer(contact)
    assert answer is not None
    assert [(line.sequence, line.state) for line in answer.lines] == [(2, LineState.APPROVED)]


async def test_a_notification_under_another_number_decides_nothing_and_asking_does(pharmacy: Pharmacy) -> None:
    desk = pharmacy.desk("notified_wrong_trace")
    contact = (await desk.submit(pharmacy.asking())).contact_id
    await pharmacy.decided(contact)
    assert await pharmacy.stands(contact) == PENDED
    assert await pharmacy.told_to_workflow() == 0
    actions = await pharmacy.pool.fetch("SELECT action FROM audit WHERE chain = 'system'")
    assert "payer_notification_unmatched" in {row["action"] for row in actions}
    await desk.inquire(EffectRequest(referral_id=pharmacy.referral_id, key=contact))
    assert await pharmacy.stands(contact) == APPROVED


@pytest.mark.parametrize("scenario", ["notified_malformed", "never_notified"])
async def test_what_no_notification_tells_is_found_by_asking(pharmacy: Pharmacy, scenario: str) -> None:
    desk = pharmacy.desk(scenario)
    contact = (await desk.submit(pharmacy.asking())).contact_id
    await pharmacy.decided(contact)
    assert await pharmacy.stands(contact) == PENDED
    assert await pharmacy.told_to_workflow() == 0
    await desk.inquire(EffectRequest(referral_id=pharmacy.referral_id, key=contact))
    assert await pharmacy.stands(contact) == APPROVED


@pytest.mark.parametrize(
    "scenario",
    [
        "dripping",
        "slow",
        "html_with_200",
        "truncated_json",
    ],
)
async def test_an_answer_that_is_none_is_not_believed_and_ours_is_asked_for(pharmacy: Pharmacy, scenario: str) -> None:
    desk, asked = pharmacy.desk(scenario), pharmacy.asking()
    with pytest.raises(Unavailable):
        await desk.submit(asked)
    assert await pharmacy.stands(asked.key) == set()
    assert states(await desk.submit(asked)) == APPROVED
    assert await pharmacy.deliveries(asked.key) == 1


@pytest.mark.parametrize(
    ("scenario", "shown"),
    [
        ("html_with_200", "<html><body>xx are upgrading our system.</body></html>"),
        ("truncated_json", '{"resourceType": "Bundle", '),
        ("answered_for_another", ""),
        ("refused", '{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"business-rule"}]}'),
    ],
)
async def test_a_person_sees_what_came_instead_of_an_answer(pharmacy: Pharmacy, scenario: str, shown: str) -> None:
    with suppress(Unavailable, Impossible):
        await pharmacy.desk(scenario).submit(pharmacy.asking())
    came = await pharmacy.served.desk.contacts.unreadable(pharmacy.referral_id)
    assert came is not None
    assert came.excerpt.startswith(shown)


@pytest.mark.parametrize("scenario", ["answered_for_another", "answered_about_another"])
async def test_where_the_answer_is_anothers_ours_is_asked_for_at_once(pharmacy: Pharmacy, scenario: str) -> None:
    member_id = f"SIM-{scenario.upper().replace('_', '-')}-1"
    facts = referral(member_id).model_dump(mode="json", exclude={"source_referral_id"}, exclude_none=True)
    pharmacy.referral_id = await pharmacy.served.refer(**facts)
    asked = pharmacy.asking()
    assert states(await pharmacy.desk(scenario).submit(asked)) == APPROVED
    assert await pharmacy.decisions(asked.key) == ["approved"]
    assert await pharmacy.deliveries(asked.key) == 1
    assert sum((await pharmacy.served.desk.contacts.count_foreign()).values()) == 1


async def test_an_x12_answer_to_somebody_elses_request_is_not_ours(world: World) -> None:
    asked = case(endpoint(x12_url=f"{world.url}/x12/northstar"), "SIM-ANSWERED-FOR-ANOTHER-1")
    with pytest.raises(Unavailable):
        await world.x12.submit(asked)
    inquired = await world.x12.inquire(asked)
    assert inquired is not None
    assert {line.state for line in inquired.answer.lines} == APPROVED


async def test_a_payer_that_is_busy_says_when_to_come_back(pharmacy: Pharmacy) -> None:
    desk, asked = pharmacy.desk("too_many_requests"), pharmacy.asking()
    with pytest.raises(Unavailable, match="payer_busy") as busy:
        await desk.submit(asked)
    assert busy.value.retry_after == timedelta(seconds=1)
    assert states(await desk.submit(asked)) == APPROVED
    assert await pharmacy.deliveries(asked.key) == 1


async def test_a_refusal_is_final_and_has_reached_nobody(pharmacy: Pharmacy) -> None:
    asked = pharmacy.asking()
    with pytest.raises(Impossible, match="payer_refused_request"):
        await pharmacy.desk("refused").submit(asked)
    assert (await pharmacy.deliveries(asked.key), await pharmacy.stands(asked.key)) == (0, set())


async def test_a_payer_that_is_away_is_away_for_everybody_and_alone(pharmacy: Pharmacy) -> None:
    for asked in (first := pharmacy.asking(), pharmacy.asking()):
        with pytest.raises(Unavailable, match="payer_unreachable"):
            await pharmacy.desk("outage").submit(asked)
    elsewhere = await pharmacy.desk("approved", payer=f"payer-{uuid4().hex[:8]}").submit(pharmacy.asking())
    assert states(elsewhere) == APPROVED
    assert await pharmacy.deliveries(first.key) == 0
