"""Stories on the real server, where it differs from the time-skipping one: search attributes, sizes, cancels."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateStage
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.policy import NurseDispatch, Policy
from firstdose.domain.work.journal import Resolved
from firstdose.domain.work.role import Actor, Role
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import AGELESS, PENDED, Outside
from tests.process.server import dev_server
from tests.process.story import Story
from workflows.messages import (
    AUTHORIZATION,
    ON_HOLD,
    PAYER,
    SOURCE,
    STAGE,
    THERAPY,
    URGENCY,
    WAITING_FOR,
    ResolveWorkItem,
)

SOON = Policy(ages=AGELESS, dispatch=NurseDispatch(lead=timedelta(days=3), report_early=timedelta(days=3)))
"""The nurse may leave at once, for here nobody can wait for the visit."""


@pytest.fixture(scope="module")
async def real(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    async with dev_server(keyring) as environment:
        yield environment


async def test_an_approved_referral_fits_its_history(real: WorkflowEnvironment) -> None:
    async with Story(real, Outside(policy=SOON)) as story:
        assert await story.ends() is Closing.COMPLETED
        description = await story.handle.describe()
        events = (await story.handle.fetch_history()).events

    found = description.typed_search_attributes
    assert (found[STAGE], found[AUTHORIZATION], found[PAYER]) == ("on_service", "approved", "acme")
    assert (found[SOURCE], found[THERAPY], found[URGENCY]) == ("springfield", "anti_infective", "routine")
    assert (found[ON_HOLD], found.get(WAITING_FOR) or []) == (False, [])
    assert len(events) <= 145
    assert sum(event.ByteSize() for event in events) <= 48 * 1024


async def test_the_web_ui_has_something_to_show(real: WorkflowEnvironment) -> None:
    async with Story(real, Outside(submissions=[PENDED]), {K.ASSESS_PATIENT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)) and bool(story.outside.requests))
        await story.until(lambda: "authorization.lines" in story.outside.notes)
        metadata = await story.handle.query("__temporal_workflow_metadata")
        await story.handle.terminate()

    details = metadata.current_details
    assert "### authorization" in details
    assert "- **drug** J0696 × 14: **pended**" in details
    assert "Employer plan, 29 CFR 2560.503-1" in details
    assert "assess_patient" in details
    described = {each.name for each in metadata.definition.update_definitions if each.description}
    assert {"resolve_work_item", "hold", "resume", "cancel", "amend", "override", "approve_override"} <= described


async def test_an_action_delivered_twice_is_applied_once(real: WorkflowEnvironment) -> None:
    async with Story(real, Outside(policy=SOON), {K.ASSESS_PATIENT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)))
        (item,) = story.asked(K.ASSESS_PATIENT)
        request = ResolveWorkItem(
            actor=Actor(id="p", roles=(Role.PHARMACIST,)),
            item_id=item.id,
            resolution={"outcome": "suitable_for_home"},
            message_id="00000000-0000-4000-8000-000000000001",
        )
        for _ in range(2):
            update = await story.handle.start_update(
                "resolve_work_item",
                request,
                id="00000000-0000-4000-8000-000000000001",
                wait_for_stage=WorkflowUpdateStage.ACCEPTED,
            )
            await update.result()
        assert await story.ends() is Closing.COMPLETED
    resolved = [e for e in story.outside.entries if isinstance(e, Resolved) and e.item_id == item.id]
    assert len(resolved) == 1


async def test_an_operator_cancels_in_temporal_itself(real: WorkflowEnvironment) -> None:
    async with Story(real, Outside(submissions=[PENDED]), {K.ASSESS_PATIENT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.ASSESS_PATIENT)) and bool(story.outside.requests))
        await story.handle.cancel()
        assert await story.ends() is Closing.WITHDRAWN
    assert "void_authorization" in story.outside.effects
    assert story.outside.milestones[-1] == "6.0"
