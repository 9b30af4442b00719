"""Stories in which something of ours does not work: the referral waits for what is named, or a person is asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from temporalio import activity
from temporalio.client import WorkflowExecutionDescription
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.authorization.lines import PayerAnswer
from firstdose.domain.problem import ProblemCode
from firstdose.domain.work.journal import Batch, HandedOver, Recorded, WaitingFor
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.ports import EffectRequest, Impossible, PortError, Unavailable
from tests.process.outside import APPROVED, PENDED, Outside
from tests.process.server import dev_server
from tests.process.story import USUAL, Script, Story
from workflows.mechanism.escalation import Escalation
from workflows.messages import WAITING_FOR, PayerAnswered
from workflows.referral import ReferralWorkflow

NOBODYS = "00000000-0000-4000-8000-00000000000e"


@dataclass
class StoreAway(Outside):
    """A store that takes nothing from the batch of this number on, for a while by the server's clock."""

    from_batch: int = 4
    away_for: timedelta = timedelta(hours=1)
    problem: PortError = field(default_factory=lambda: Unavailable(ProblemCode.DATABASE_UNAVAILABLE))
    refused: int = 0
    since: datetime | None = None
    back: bool = False

    async def record(self, batch: Batch) -> Recorded:
        if batch.number >= self.from_batch and not self._is_back():
            self.refused += 1
            raise self.problem
        return await super().record(batch)

    def _is_back(self) -> bool:
        """For good. Only ordinary activities see the server's clock, which skips."""
        if not activity.info().is_local:
            now = activity.info().current_attempt_scheduled_time
            self.since = self.since or now
            self.back = self.back or now >= self.since + self.away_for
        return self.back


@dataclass
class Unreadable(Outside):
    """A store that refuses to read the payer's answer, the first time for good."""

    reads: int = 0

    async def read(self, request: EffectRequest) -> PayerAnswer | None:
        self.reads += 1
        if self.reads == 1:
            raise Impossible(ProblemCode.UNREADABLE_ANSWER)
        return await super().read(request)


@pytest.mark.parametrize(
    "problem", [Unavailable(ProblemCode.DATABASE_UNAVAILABLE), Impossible(ProblemCode.UNKNOWN_REFERRAL)]
)
async def test_the_store_is_away_for_an_hour_or_refuses(env: WorkflowEnvironment, problem: PortError) -> None:
    outside = StoreAway(problem=problem)
    async with Story(env, outside) as story:
        assert await story.ends() is Closing.COMPLETED
        events = [event async for event in story.handle.fetch_history_events()]

    assert outside.refused > 10
    assert len([entry for entry in outside.entries if isinstance(entry, HandedOver)]) == 1
    assert len(events) < 165, "an outage costs a handful of events, however long it is"
    assert WaitingFor.SYSTEM not in outside.standing.waiting_for


async def test_a_referral_whose_store_is_away_says_so(real: WorkflowEnvironment) -> None:
    outside = StoreAway(from_batch=2, away_for=timedelta(days=1))
    async with Story(real, outside) as story:
        await described(story, lambda seen: "system" in (seen.typed_search_attributes.get(WAITING_FOR) or []))
        metadata = await story.handle.query("__temporal_workflow_metadata")
        status = await story.handle.query(ReferralWorkflow.status)
        await story.handle.terminate()
    assert WaitingFor.SYSTEM in status.waiting_for
    assert "The store cannot be written" in metadata.current_details


async def test_an_answer_that_cannot_be_read_while_it_is_waited_for(env: WorkflowEnvironment) -> None:
    outside = Unreadable(submissions=[PENDED])
    async with Story(env, outside, {K.RECONCILE: [{"outcome": "retry"}], K.FOLLOW_UP_PAYER: [None]}) as story:
        await story.until(lambda: bool(outside.requests) and "authorization.lines" in outside.notes)
        contact = outside.requests[0].key
        outside.stored[contact] = APPROVED
        await story.handle.signal(ReferralWorkflow.payer_answered, PayerAnswered(contact_id=contact))
        assert await story.ends() is Closing.COMPLETED
    (item,) = story.asked(K.RECONCILE)
    assert (item.asks["step"], item.asks["problem"]) == ("read the payer's answer", "unreadable_answer")


async def test_an_answer_that_cannot_be_read_when_nobody_waits(env: WorkflowEnvironment) -> None:
    outside = Unreadable()
    script: Script = {K.REVIEW_BENEFITS: [None], K.RECONCILE: [{"outcome": "retry"}]}
    async with Story(env, outside, script) as story:
        await story.until(lambda: bool(story.asked(K.REVIEW_BENEFITS)))
        contact = outside.requests[0].key
        outside.stored[contact] = APPROVED
        await story.handle.signal(ReferralWorkflow.payer_answered, PayerAnswered(contact_id=contact))
        await story.until(lambda: outside.reads == 2)
        await story.resolve(story.asked(K.REVIEW_BENEFITS)[0], USUAL[K.REVIEW_BENEFITS])
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.RECONCILE)) == 1


@pytest.mark.parametrize("message", [{"contact_id": "none"}, {}, "nonsense", None, {"contact_id": 7}])
async def test_a_senseless_signal_is_refused_once_and_noted(env: WorkflowEnvironment, message: object) -> None:
    outside = Unreadable()
    async with Story(env, outside, {K.REVIEW_BENEFITS: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.REVIEW_BENEFITS)))
        await story.handle.signal("payer_answered", message)
        await story.until(lambda: "signal.refused" in outside.notes)
        await story.resolve(story.asked(K.REVIEW_BENEFITS)[0], USUAL[K.REVIEW_BENEFITS])
        assert await story.ends() is Closing.COMPLETED
    assert outside.reads == 0
    assert outside.notes.count("signal.refused") == 1


async def test_news_of_a_contact_that_nobody_knows_is_looked_for_once(env: WorkflowEnvironment) -> None:
    outside = Unreadable(reads=1)
    async with Story(env, outside, {K.REVIEW_BENEFITS: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.REVIEW_BENEFITS)))
        await story.handle.signal("payer_answered", {"contact_id": NOBODYS})
        await story.until(lambda: "payer.late_answer" in outside.notes)
        await story.resolve(story.asked(K.REVIEW_BENEFITS)[0], USUAL[K.REVIEW_BENEFITS])
        assert await story.ends() is Closing.COMPLETED
    assert outside.reads == 2
    assert not story.asked(K.RECONCILE)


async def test_the_same_step_again_with_nothing_changed_ends_at_a_person(env: WorkflowEnvironment) -> None:
    outside = Outside(stock=[False])
    script = {K.RECONCILE: [{"outcome": "retry"}, {"outcome": "close", "closing": "transferred"}]}
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.TRANSFERRED

    first, second = (item for item in story.asked(K.RECONCILE) if item.asks["reason"] == "loop_ended")
    assert (first.asks["step"], first.asks["reason"], first.asks["times"]) == ("settle_order", "loop_ended", 5)
    assert second.asks["times"] == 5, "a supervisor who says go on lets as many rounds pass"
    assert len(story.asked(K.SETTLE_ORDER)) == 11, "once as ordered, and then five rounds twice"


async def test_a_strand_that_breaks_fails_the_workflow_task_and_not_the_referral(
    real: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: Escalation) -> None:
        raise LookupError

    monkeypatch.setattr(Escalation, "watch", broken)
    async with Story(real, Outside(), {K.ASSESS_PATIENT: [None]}) as story:
        await described(story, lambda seen: seen.raw_description.pending_workflow_task.attempt > 1)
        description = await story.handle.describe()
        await story.handle.terminate()
    assert description.status is not None
    assert description.status.name == "RUNNING"


@pytest.fixture(scope="module")
async def real(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    async with dev_server(keyring) as environment:
        yield environment


async def described(story: Story, condition: Callable[[WorkflowExecutionDescription], bool]) -> None:
    """Wait for what Temporal says of the workflow."""
    async with asyncio.timeout(30):
        while not condition(await story.handle.describe()):  # noqa: ASYNC110 - Temporal has no event for it
            await asyncio.sleep(0.2)
