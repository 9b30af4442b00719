"""Stories in which a payer rings: it has news and does not say what."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.policy import PayerContact, Policy
from firstdose.domain.work.journal import WaitingFor
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import AGELESS, APPROVED, PENDED, Outside
from tests.process.server import dev_server
from tests.process.story import Story
from workflows.messages import PayerAnswered
from workflows.referral import ReferralWorkflow

SELDOM = Policy(payer=PayerContact(inquire_every=timedelta(days=300)), ages=AGELESS)
"""By itself nobody would ask in time."""


@pytest.fixture(scope="module")
async def real(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    """The time-skipping server now and then stands still when an activity is cancelled."""
    async with dev_server(keyring) as environment:
        yield environment


async def test_what_waits_is_asked_about_at_once(real: WorkflowEnvironment) -> None:
    outside = Outside(policy=SELDOM, submissions=[PENDED])
    async with Story(real, outside, {K.REVIEW_BENEFITS: [None]}) as story:
        await story.until(lambda: bool(outside.inquiries))
        inquiries = outside.inquiries
        contact = outside.requests[0].key
        outside.decisions.append((timedelta(), APPROVED))
        await story.handle.signal(ReferralWorkflow.payer_answered, PayerAnswered(contact_id=contact, ask=True))
        await story.until(lambda: bool(story.asked(K.REVIEW_BENEFITS)))
        assert outside.inquiries == inquiries + 1
        assert {line.state for line in outside.standing.lines} == {LineState.APPROVED}
        await story.handle.cancel()
        assert await story.ends() is Closing.WITHDRAWN


async def test_no_news_leaves_the_wait_as_it_was(real: WorkflowEnvironment) -> None:
    outside = Outside(policy=SELDOM, submissions=[PENDED])
    async with Story(real, outside) as story:
        await story.until(lambda: bool(outside.inquiries) and WaitingFor.PAYER in outside.standing.waiting_for)
        asked = PayerAnswered(contact_id=outside.requests[0].key, ask=True)
        await story.handle.signal(ReferralWorkflow.payer_answered, asked)
        async with asyncio.timeout(30):
            while outside.inquiries < 2:  # noqa: ASYNC110 - no event for it
                await asyncio.sleep(0.01)
        await story.handle.cancel()
        assert await story.ends() is Closing.WITHDRAWN
    assert "payer.late_answer" not in outside.notes


async def test_a_bell_for_what_is_decided_asks_nothing(real: WorkflowEnvironment) -> None:
    outside = Outside()
    async with Story(real, outside, {K.REVIEW_BENEFITS: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.REVIEW_BENEFITS)))
        asked = PayerAnswered(contact_id=outside.requests[0].key, ask=True)
        await story.handle.signal(ReferralWorkflow.payer_answered, asked)
        await story.handle.cancel()
        assert await story.ends() is Closing.WITHDRAWN
    assert outside.inquiries == 0
