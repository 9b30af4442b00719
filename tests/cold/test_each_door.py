"""Each way in which somebody acts on a referral meets a worker that has just started, and the history replays."""

from datetime import UTC, datetime

import pytest
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.care.gates import Gate
from firstdose.domain.referral.versions import Change
from firstdose.domain.work.reasons import HoldReason, OverrideReason
from firstdose.domain.work.role import SOURCE, Actor, Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.cold.cold_story import SHORTLY, By, ColdStory, quick
from tests.process.outside import APPROVED, OUTLINE, PENDED, Outside
from workflows.messages import (
    AmendRequest,
    ApproveOverride,
    CancelRequest,
    HoldRequest,
    OverrideRequest,
    ResumeRequest,
    SteeringMessage,
)
from workflows.referral import ReferralWorkflow

ONE, OTHER = (Actor(id=name, roles=(Role.SUPERVISOR,)) for name in ("one", "other"))
AWAY = HoldRequest(actor=ONE, reason=HoldReason.PATIENT_AWAY)

MESSAGE = "00000000-0000-4000-8000-000000000001"


def waiting_for_the_patient(real: WorkflowEnvironment, keyring: Keyring, by: By = "notification") -> ColdStory:
    """A referral that the payer has pended and whose patient nobody has called yet."""
    outside = Outside(policy=quick(by), submissions=[PENDED], changes=frozenset({Change.ORDER}))
    return ColdStory(real, outside, {K.CONTACT_PATIENT: [None]}, keyring=keyring, cold=(), by=by)


@pytest.mark.parametrize("by", ["notification", "inquiry"])
async def test_the_payer_approves_and_then_the_patient_is_reached(
    real: WorkflowEnvironment, keyring: Keyring, by: By
) -> None:
    async with waiting_for_the_patient(real, keyring, by) as story:
        await story.settles()
        await story.acts(lambda: story.payer_says(APPROVED))
        (call,) = story.asked(K.CONTACT_PATIENT)
        await story.acts(lambda: story.resolve(call, {"outcome": "reached"}))
        assert await story.ends() is Closing.COMPLETED


async def test_staff_steer_by_updates(real: WorkflowEnvironment, keyring: Keyring) -> None:
    async with waiting_for_the_patient(real, keyring) as story:
        await story.settles()
        await story.steers(ReferralWorkflow.hold, AWAY)
        (call,) = story.asked(K.CONTACT_PATIENT)
        await story.acts(lambda: story.resolve(call, {"outcome": "reached"}))
        await story.steers(ReferralWorkflow.resume, ResumeRequest(actor=ONE))
        ask = OverrideRequest(actor=ONE, gate=Gate.AUTHORIZATION, reason=OverrideReason.DISCHARGE_TODAY)
        asked = await story.steers(ReferralWorkflow.override, ask)
        await story.steers(ReferralWorkflow.approve_override, ApproveOverride(actor=OTHER, override_id=asked.id))
        await story.steers(ReferralWorkflow.cancel, CancelRequest(actor=ONE, reason=Closing.WITHDRAWN))
        assert await story.ends() is Closing.WITHDRAWN


async def test_the_source_amends_and_cancels(real: WorkflowEnvironment, keyring: Keyring) -> None:
    async with waiting_for_the_patient(real, keyring) as story:
        await story.settles()
        story.outside.supplied[MESSAGE] = OUTLINE.model_copy(update={"frequency": "q12h"})
        await story.steers(ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id=MESSAGE))
        assert len(story.outside.requests) == 2
        await story.steers(ReferralWorkflow.cancel, CancelRequest(actor=SOURCE, reason=Closing.WITHDRAWN))
        assert await story.ends() is Closing.WITHDRAWN


async def test_signals_by_hand(real: WorkflowEnvironment, keyring: Keyring) -> None:
    async with waiting_for_the_patient(real, keyring) as story:
        await story.settles()

        async def signal(name: str, request: SteeringMessage) -> None:
            await story.acts(lambda: story.handle.signal(name, request))

        await signal("hold", AWAY)
        await signal("resume", ResumeRequest(actor=ONE))
        (call,) = story.asked(K.CONTACT_PATIENT)
        await story.acts(lambda: story.signals(call, {"outcome": "reached"}))
        await signal("cancel", CancelRequest(actor=ONE, reason=Closing.WITHDRAWN))
        assert await story.ends() is Closing.WITHDRAWN


async def test_timers(real: WorkflowEnvironment, keyring: Keyring) -> None:
    """The end of a hold, and then the time at which the patient is tried again."""
    async with waiting_for_the_patient(real, keyring) as story:
        await story.settles()
        await story.steers(ReferralWorkflow.hold, AWAY.model_copy(update={"until": datetime.now(UTC) + SHORTLY}))
        (call,) = story.asked(K.CONTACT_PATIENT)
        await story.acts(lambda: story.resolve(call, {"outcome": "no_answer"}))
        await story.acts(lambda: story.until(lambda: len(story.asked(K.CONTACT_PATIENT)) == 2))
        assert "resumed" in story.outside.notes
