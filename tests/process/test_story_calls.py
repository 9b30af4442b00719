"""Stories in which a referral is held, sent back or amended while a payer has a call of ours in its hands.

On the real server: what becomes of calls under way is what the time-skipping one is not faithful in.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.authorization.lines import Certification, PayerAnswer, Submission
from firstdose.domain.policy import NurseDispatch, Policy
from firstdose.domain.work.reasons import HoldReason
from firstdose.domain.work.role import SOURCE, Actor, Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.ports import AuthorizationRequest
from tests.process.outside import AGELESS, APPROVED, OUTLINE, Outside
from tests.process.server import dev_server
from tests.process.story import Story
from workflows.messages import AmendRequest, HoldRequest, ResumeRequest
from workflows.referral import ReferralWorkflow

NURSE_COORDINATOR = Actor(id="n", roles=(Role.NURSE_COORDINATOR,))
SOON = Policy(ages=AGELESS, dispatch=NurseDispatch(lead=timedelta(days=3), report_early=timedelta(days=3)))
"""The nurse may leave at once, for here nobody can wait for the visit."""


@dataclass
class HoldsItsAnswers(Outside):
    """Takes each request and holds the answer to the one of that number until it is told to answer."""

    policy: Policy = SOON
    held: int = 1
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    taken: list[AuthorizationRequest] = field(default_factory=list)
    """Every delivery."""

    async def submit(self, request: AuthorizationRequest) -> Submission:
        self.taken.append(request)
        async with self.happened:
            self.happened.notify_all()
        if len(self.taken) == self.held:
            await self.answers.wait()
        return await super().submit(request)


@pytest.fixture(scope="module")
async def real(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    async with dev_server(keyring) as environment:
        yield environment


async def test_a_hold_and_facts_that_change_nothing_leave_the_call_alone(real: WorkflowEnvironment) -> None:
    outside = HoldsItsAnswers(supplied={"00000000-0000-4000-8000-000000000001": OUTLINE})
    async with Story(real, outside) as story:
        await story.until(lambda: len(outside.taken) == 1)
        await story.steer(
            ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id="00000000-0000-4000-8000-000000000001")
        )
        await story.steer(ReferralWorkflow.hold, HoldRequest(actor=NURSE_COORDINATOR, reason=HoldReason.PATIENT_AWAY))
        outside.answers.set()
        await story.until(lambda: "authorization.submitted" in outside.notes)
        await story.steer(ReferralWorkflow.resume, ResumeRequest(actor=NURSE_COORDINATOR))
        assert await story.ends() is Closing.COMPLETED
    assert len(outside.taken) == 1
    assert outside.voided == []


@pytest.mark.parametrize("during_the_hold", [True, False])
async def test_a_hold_that_releases_nurse_and_stock_leaves_a_renewal_under_way_alone(
    real: WorkflowEnvironment, *, during_the_hold: bool
) -> None:
    outside = HoldsItsAnswers(held=2, submissions=[approved_for(timedelta(days=1)), approved_for(timedelta(days=90))])
    async with Story(real, outside) as story:
        await story.until(lambda: len(outside.taken) == 2)
        await story.steer(ReferralWorkflow.hold, HoldRequest(actor=NURSE_COORDINATOR, reason=HoldReason.HOSPITALIZED))
        await story.until(lambda: {"release the visit", "return the stock"} <= set(outside.compensations))
        if during_the_hold:
            outside.answers.set()
            await story.until(lambda: len(outside.requests) == 2)
        await story.steer(ReferralWorkflow.resume, ResumeRequest(actor=NURSE_COORDINATOR))
        # By now the track is at the same step again, and awaits the call that it made before.
        outside.answers.set()
        assert await story.ends() is Closing.COMPLETED
    first, renewal = outside.taken
    assert {line.certification for line in renewal.lines} == {Certification.RENEWAL}
    assert renewal.replaces == first.key
    assert outside.voided == []


async def test_another_site_takes_the_call_back_and_asks_once_for_the_suite(real: WorkflowEnvironment) -> None:
    outside = HoldsItsAnswers()
    async with Story(real, outside, {K.ASSESS_PATIENT: [None]}) as story:
        await story.until(lambda: len(outside.taken) == 1 and bool(story.asked(K.ASSESS_PATIENT)))
        await story.resolve(story.asked(K.ASSESS_PATIENT)[0], {"outcome": "suitable_for_suite"})
        assert await story.ends() is Closing.COMPLETED
    home, suite = outside.taken
    assert [voided.replaces for voided in outside.voided] == [home.key]
    assert {line.place_of_service for line in home.lines} == {"12"}
    assert {line.place_of_service for line in suite.lines} == {"49"}


def approved_for(time: timedelta) -> PayerAnswer:
    last = (datetime.now(UTC) + time).date()
    return PayerAnswer(lines=tuple(line.model_copy(update={"valid_to": last}) for line in APPROVED.lines))
