"""Cancelled at any moment, by anybody and over any channel: no stock, nurse, visit or authorization is left.

Stock and visits are the store's own; the rest of the outside is scripted.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.adapters.postgres.audit import AuditTrail
from firstdose.adapters.postgres.keys.vault import Vault
from firstdose.adapters.postgres.pool import Pool
from firstdose.adapters.postgres.referrals.intake import Intake, WebhookDelivery
from firstdose.adapters.postgres.staff.roster import PostgresRoster
from firstdose.adapters.postgres.staff.stock import PostgresPharmacy
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.payer.channel import Channel, Plan
from firstdose.domain.policy import NurseDispatch, PayerContact, Policy, UndoRule
from firstdose.domain.referral.referral import Referral
from firstdose.domain.work.journal import Resolved
from firstdose.domain.work.role import SOURCE, Actor, Role
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.conftest import Said
from tests.process.anything import Watched
from tests.process.outside import ELECTRONIC, PENDED
from tests.process.server import dev_server
from tests.process.story import UNDO, Script, Story, placed
from workflows.messages import CancelRequest
from workflows.referral import ReferralWorkflow

BY_PEOPLE = Plan(payer="acme", eligibility=Channel.PAS, phone="555-0100")
NOBODY_WAITS = Policy(
    payer=PayerContact(inquire_every=timedelta(hours=7), void_within=timedelta(seconds=5)),
    dispatch=NurseDispatch(answer_within=timedelta(seconds=5), lead=timedelta(days=3)),
    undo=UndoRule(nurse_within=timedelta(milliseconds=200), within=timedelta(milliseconds=400)),
)
ON_SHELF = 100
_NUMBERS = count(1)


def answered(item: WorkItem, _: datetime) -> dict[str, Any]:
    lines = [{"sequence": line["sequence"], "state": "approved"} for line in item.asks["lines"]]
    return {"outcome": "answered", "lines": lines}


def voided(item: WorkItem, _: datetime) -> dict[str, Any]:
    return {"outcome": "voided", "reference": "V1", "told_by": "P1", "told_at": item.opened_at.isoformat()}


TO_THE_VISIT: Script = {
    K.SUBMIT_AUTHORIZATION: [answered],
    K.VOID_AUTHORIZATION: [voided],
    K.PLACE_VISIT: [placed],
    K.REPORT_VISIT: [None],
}
SUPERVISOR = Actor(id="somebody", roles=(Role.SUPERVISOR,))


@pytest.fixture(scope="module")
async def real(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    async with dev_server(keyring) as environment:
        yield environment


class Store:
    """Nurses and stock as the store has them, and referrals to reserve them for."""

    def __init__(self, pool: Pool, vault: Vault, audit: AuditTrail) -> None:
        self.pool, self.intake = pool, Intake(pool, vault, audit)
        self.roster, self.pharmacy = PostgresRoster(pool, vault, audit), PostgresPharmacy(pool, audit)

    async def fill(self) -> None:
        nurses = [{"id": each, "skills": ["anti_infective"], "states": ["OH"]} for each in ("rn-1", "rn-2")]
        await self.roster.import_nurses(nurses)
        lot = {"hcpcs": "J0696", "lot": "L1", "quantity": ON_SHELF, "expires": "2099-12-31"}
        await self.pharmacy.import_stock([lot])

    async def refer(self) -> str:
        number = f"ANY-{next(_NUMBERS)}"
        order = {"therapy": "anti_infective", "drug": {"name": "Ceftriaxone", "hcpcs": "J0696"}, "duration_days": 14}
        patient = {"family_name": "Testperson", "address": {"state": "OH"}}
        told = {"source_referral_id": number, "patient": patient, "order": order}
        said = Said(number, Referral.read(told, today=date(2026, 3, 2)))
        at = datetime.fromisoformat("2026-03-02T09:30:00Z")
        return (await self.intake.accept(WebhookDelivery("mercy", number, b"{}", said, at))).referral_id

    async def left(self) -> tuple[int, int, int]:
        """Visits that are held, reservations, and what lies on the shelf."""
        visits = await self.pool.fetchval("SELECT count(*) FROM visit_holds WHERE released_at IS NULL")
        reserved = await self.pool.fetchval("SELECT count(*) FROM reservations WHERE released_at IS NULL")
        return visits, reserved, await self.pool.fetchval("SELECT quantity FROM stock")

    async def was_held(self, referral_id: str) -> bool:
        count = await self.pool.fetchval("SELECT count(*) FROM visit_holds WHERE referral_id = $1", referral_id)
        return bool(count)


async def cancel(story: Story, by: str) -> None:
    match by:
        case "source":
            await story.steer(ReferralWorkflow.cancel, CancelRequest(actor=SOURCE, reason=Closing.WITHDRAWN))
        case "staff":
            await story.steer(ReferralWorkflow.cancel, CancelRequest(actor=SUPERVISOR, reason=Closing.TRANSFERRED))
        case "operator":
            await story.handle.cancel()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moment=st.integers(1, 45),
    by=st.sampled_from(["source", "staff", "operator"]),
    plan=st.sampled_from([ELECTRONIC, BY_PEOPLE]),
    pended=st.booleans(),
    suite=st.booleans(),
)
async def test_cancelled_at_any_moment_nothing_is_left(
    real: WorkflowEnvironment,
    pool: Pool,
    vault: Vault,
    audit: AuditTrail,
    moment: int,
    by: str,
    plan: Plan,
    pended: bool,
    suite: bool,
) -> None:
    store = Store(pool, vault, audit)
    await store.fill()
    outside = Watched(plan=plan, policy=NOBODY_WAITS)
    if pended:
        outside.submissions = [PENDED]
    suitable = {"outcome": "suitable_for_suite" if suite else "suitable_for_home"}
    script: Script = {**TO_THE_VISIT, K.ASSESS_PATIENT: [suitable]}
    story = Story(real, outside, script, referral_id=await store.refer())
    story.roster, story.shelves = store.roster, store.pharmacy  # type: ignore[assignment]
    async with story:
        await at_moment(story, moment)
        await cancel(story, by)
        async with asyncio.timeout(25):
            closing = await story.ends()
    assert outside.standing.stage is Stage.CLOSED
    assert closing in {Closing.WITHDRAWN, Closing.TRANSFERRED}
    assert await store.left() == (0, 0, ON_SHELF)
    no_authorization_is_left(story)
    if await store.was_held(story.referral_id):
        told = {item.asks["reason"] for item in story.asked(UNDO)}
        assert ("nurse_not_told" if suite else "visit_cancelled") in told, "whoever was to come was told"


async def at_moment(story: Story, moment: int) -> None:
    """When so much has been recorded, or as far as it goes while the payer or the visit is waited for."""
    async with story.outside.happened:
        try:
            async with asyncio.timeout(3):
                await story.outside.happened.wait_for(lambda: len(story.outside.entries) >= moment)
        except TimeoutError:
            return


def no_authorization_is_left(story: Story) -> None:
    outside = story.outside
    assert isinstance(outside, Watched)
    in_force = {LineState.APPROVED, LineState.PENDED, LineState.SUBMITTED, LineState.DRAFT}
    assert not {line.state for line in outside.standing.lines} & in_force
    assert set(outside.carried) <= set(outside.voids), "whatever the payer has is taken back"
    submitted, voided = people_submitted(story), people_voided(story)
    for number, lines in enumerate(submitted):
        later = set().union(*submitted[number + 1 :])
        assert lines <= voided | later, "what people obtained, people void, unless they asked for it anew"
    assert "authorization.void_not_confirmed" not in outside.notes


def people_submitted(story: Story) -> list[set[int]]:
    """The lines of each request that people made, in order."""
    done = [entry.item_id for entry in story.outside.entries if isinstance(entry, Resolved)]
    items = [item for item in story.asked(K.SUBMIT_AUTHORIZATION) if item.id in done]
    return [{line["sequence"] for line in item.asks["lines"]} for item in items]


def people_voided(story: Story) -> set[int]:
    return {line["sequence"] for item in story.asked(K.VOID_AUTHORIZATION) for line in item.asks["lines"]}
