"""Stories in which an operator uses Temporal's own tools on a referral: looks at it, resets it, terminates it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.policy import NurseDispatch, PayerContact, Policy
from firstdose.domain.work.journal import HandedOver
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import AGELESS, APPROVED, PENDED, Outside
from tests.process.server import dev_server
from tests.process.story import Story
from workflows.messages import PayerAnswered
from workflows.referral import ReferralWorkflow

SOON = Policy(
    ages=AGELESS,
    dispatch=NurseDispatch(lead=timedelta(days=3), report_early=timedelta(days=3)),
    payer=PayerContact(inquire_every=timedelta(hours=7)),
)
"""The nurse may leave at once, and the payer tells us by itself."""


@pytest.fixture(scope="module")
async def real(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    async with dev_server(keyring) as environment:
        yield environment


async def in_the_authorization_wait(story: Story) -> None:
    await story.until(lambda: "authorization.lines" in story.outside.notes)
    await story.until(lambda: len(story.items) >= 2)


async def the_payer_approves(story: Story) -> None:
    contact = story.outside.requests[0].key
    story.outside.stored[contact] = APPROVED
    await story.handle.signal(ReferralWorkflow.payer_answered, PayerAnswered(contact_id=contact))


def happened_once(outside: Outside) -> None:
    assert outside.milestones == ["2.0", "3.0", "5.1.1", "5.1.4", "7.0"]
    assert len([entry for entry in outside.entries if isinstance(entry, HandedOver)]) == 1
    assert len(outside.requests) == 1
    assert not outside.voided
    assert (outside.effects.count("reserve_stock"), outside.effects.count("hold_visit")) == (1, 1)


async def test_a_referral_that_is_looked_at_all_the_time_replays(real: WorkflowEnvironment) -> None:
    """A query that comes while the journal is recorded makes the worker hand in its task early."""
    async with Story(real, Outside(policy=SOON)) as story:

        async def look() -> None:
            while True:
                with suppress(RPCError):
                    await story.handle.query(ReferralWorkflow.status)

        looking = asyncio.create_task(look())
        try:
            assert await story.ends() is Closing.COMPLETED
        finally:
            looking.cancel()


async def test_a_reset_in_the_authorization_wait_sends_nothing_twice(real: WorkflowEnvironment) -> None:
    outside = Outside(policy=SOON, submissions=[PENDED])
    async with Story(real, outside) as story:
        await in_the_authorization_wait(story)
        await story.is_reset_to_its_first_task()
        await story.finds_open(K.CONTACT_PATIENT, K.ASSESS_PATIENT)
        await the_payer_approves(story)
        assert await story.ends() is Closing.COMPLETED
    happened_once(outside)


async def test_a_terminated_referral_is_started_again_from_its_state(real: WorkflowEnvironment) -> None:
    outside = Outside(policy=SOON, submissions=[PENDED])
    async with Story(real, outside) as story:
        await in_the_authorization_wait(story)
        await story.handle.terminate()
        held, reserved = dict(story.roster.held), set(story.shelves.reserved)
    again = Story(real, outside, state=outside.state, referral_id=story.referral_id)
    again.goes_on_with(held, reserved)
    async with again:
        await the_payer_approves(again)
        assert await again.ends() is Closing.COMPLETED
    happened_once(outside)
