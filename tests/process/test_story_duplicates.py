"""Stories of referrals that may have come twice: intake is asked before anybody contacts patient or payer."""

from dataclasses import dataclass

from temporalio.testing import WorkflowEnvironment

from firstdose.domain.referral.order import Site
from firstdose.domain.work.journal import AnyEntry, Recorded
from firstdose.domain.work.role import SOURCE, Role
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.work_item import WorkItemKind as K
from firstdose.ports import Opening
from tests.process.outside import OUTLINE, Outside
from tests.process.story import Script, Story
from workflows.messages import AmendRequest, CancelRequest
from workflows.referral import ReferralWorkflow

OTHER, THIRD = "0190d0d0-0000-7000-8000-000000000001", "0190d0d0-0000-7000-8000-000000000002"
NEW_FACTS = "00000000-0000-4000-8000-000000000001"
NOT_ONE: Script = {K.RECONCILE: [{"outcome": "not_duplicate"}]}


@dataclass
class WithTwins(Outside):
    """A store that has found the same order under other numbers."""

    alike: tuple[str, ...] = (OTHER,)
    later: tuple[str, ...] = ()
    """Found when the facts are others."""

    async def open(self, referral_id: str) -> Opening:
        return (await super().open(referral_id)).model_copy(update={"possible_duplicates": self.alike})

    def _facts(self, entry: AnyEntry) -> Recorded | None:
        learned = super()._facts(entry)
        return learned and learned.model_copy(update={"possible_duplicates": self.later})


async def test_a_duplicate_ends_before_anybody_was_contacted(env: WorkflowEnvironment) -> None:
    async with Story(env, WithTwins(), {K.RECONCILE: [None]}) as story:
        await story.until(lambda: bool(story.items))
        (item,) = story.items
        assert (item.kind, item.role) == (K.RECONCILE, Role.INTAKE_COORDINATOR)
        assert item.asks == {
            "reason": "possible_duplicate", "other": OTHER, "options": ["duplicate", "not_duplicate"],
        }  # fmt: skip
        assert story.outside.effects == []

        await story.resolve(item, {"outcome": "retry"})
        await story.resolve(item, {"outcome": "duplicate"}, roles=(Role.PHARMACIST,))
        assert "open here are duplicate, not_duplicate" in story.refusals[0]
        assert "intake coordinator" in story.refusals[1]
        await story.resolve(item, {"outcome": "duplicate"})
        assert await story.ends() is Closing.DUPLICATE
    outside = story.outside
    assert (outside.standing.stage, outside.milestones, outside.effects) == (Stage.CLOSED, ["2.0", "6.0"], [])


async def test_work_goes_on_and_it_is_not_asked_again(env: WorkflowEnvironment) -> None:
    outside = WithTwins(nurses=())
    script: Script = {**NOT_ONE, K.ASSESS_PATIENT: [{"outcome": "suitable_for_suite"}]}
    async with Story(env, outside, script) as story:
        # Another site makes every track start again.
        await story.until(lambda: bool(story.asked(K.PLACE_VISIT)))
        assert await story.ends() is Closing.COMPLETED
    assert [item.asks["other"] for item in story.asked(K.RECONCILE)] == [OTHER]
    assert story.items[0].kind is K.RECONCILE


async def test_each_of_several_is_asked_about(env: WorkflowEnvironment) -> None:
    async with Story(env, WithTwins(alike=(OTHER, THIRD)), NOT_ONE) as story:
        assert await story.ends() is Closing.COMPLETED
    assert [item.asks["other"] for item in story.asked(K.RECONCILE)] == [OTHER, THIRD]


async def test_the_source_may_cancel_meanwhile(env: WorkflowEnvironment) -> None:
    async with Story(env, WithTwins(), {K.RECONCILE: [None]}) as story:
        await story.until(lambda: bool(story.items))
        await story.steer(ReferralWorkflow.cancel, CancelRequest(actor=SOURCE, reason=Closing.WITHDRAWN))
        assert await story.ends() is Closing.WITHDRAWN


async def test_new_facts_may_show_a_duplicate(env: WorkflowEnvironment) -> None:
    outside = WithTwins(alike=(), later=(THIRD,), supplied={NEW_FACTS: OUTLINE})
    async with Story(env, outside, {K.CONTACT_PATIENT: [None], K.RECONCILE: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.CONTACT_PATIENT)))
        await story.steer(ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id=NEW_FACTS))
        await story.until(lambda: bool(story.asked(K.RECONCILE)))
        await story.resolve(story.asked(K.RECONCILE)[0], {"outcome": "not_duplicate"})
        await story.resolve(story.asked(K.CONTACT_PATIENT)[0], {"outcome": "reached"})
        assert await story.ends() is Closing.COMPLETED
    assert len(story.asked(K.CONTACT_PATIENT)) == 1


async def test_the_site_that_people_supply_counts(env: WorkflowEnvironment) -> None:
    outside = Outside(supplied={NEW_FACTS: OUTLINE.model_copy(update={"site": Site.SUITE})})
    async with Story(env, outside, {K.CONTACT_PATIENT: [None], K.ASSESS_PATIENT: [None]}) as story:
        await story.until(lambda: bool(story.asked(K.CONTACT_PATIENT) and story.asked(K.ASSESS_PATIENT)))
        await story.steer(ReferralWorkflow.amend, AmendRequest(actor=SOURCE, message_id=NEW_FACTS))
        await story.resolve(story.asked(K.ASSESS_PATIENT)[0], {"outcome": "suitable_for_suite"})
        await story.resolve(story.asked(K.CONTACT_PATIENT)[0], {"outcome": "reached"})
        assert await story.ends() is Closing.COMPLETED
    assert "site.changed" not in outside.notes, "it was the suite from then on"
