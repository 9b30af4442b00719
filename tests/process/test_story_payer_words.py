"""Stories of items that rest on what a payer said: each names the contacts at which its words are found."""

from temporalio.testing import WorkflowEnvironment

from firstdose.domain.payer.coverage import Benefits, CoverageStatus
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.outside import DENIED, PENDED, Outside
from tests.process.story import Script, Story

LINES = [{"sequence": each, "state": "approved"} for each in (1, 2, 3)]


async def test_what_is_denied_or_late_names_the_request_that_was_answered(env: WorkflowEnvironment) -> None:
    outside = Outside(submissions=[DENIED, PENDED])
    script: Script = {
        K.FIND_ASSISTANCE: [None],
        K.REVIEW_DECISION: [{"outcome": "resubmit"}],
        K.FOLLOW_UP_PAYER: [{"outcome": "answered", "lines": LINES}],
    }
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.COMPLETED
    denied, late = (request.key for request in outside.requests)
    assert [item.asks["contacts"] for item in story.asked(K.REVIEW_DECISION)] == [[denied]]
    assert [item.asks["contacts"] for item in story.asked(K.FOLLOW_UP_PAYER)] == [[late]]


async def test_coverage_that_is_never_found_ends_at_a_person_though_each_time_another_contact_asks(
    env: WorkflowEnvironment,
) -> None:
    outside = Outside(benefits=[Benefits(status=CoverageStatus.NOT_FOUND)])
    script: Script = {
        K.RESOLVE_COVERAGE: [{"outcome": "other_coverage"}],
        K.RECONCILE: [{"outcome": "close", "closing": "not_covered"}],
    }
    async with Story(env, outside, script) as story:
        assert await story.ends() is Closing.NOT_COVERED
    (loop,) = story.asked(K.RECONCILE)
    assert (loop.asks["step"], loop.asks["reason"], loop.asks["times"]) == ("resolve_coverage", "loop_ended", 5)
    contacts = [item.asks["contacts"] for item in story.asked(K.RESOLVE_COVERAGE)]
    assert (len(contacts), len({each for (each,) in contacts})) == (5, 5)
