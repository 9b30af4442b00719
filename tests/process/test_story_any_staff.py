"""Whatever staff answer and whatever the payer says: a referral ends once, and leaves nothing held or reserved."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.authorization import LineState
from firstdose.domain.journal import HandedOver, Opened, Resolved, Told, Withdrawn
from firstdose.domain.policy import Contact, NurseDispatch, PayerContact, Policy
from firstdose.domain.stage import Closing, Stage
from firstdose.domain.work_item import WorkItemKind as K
from tests.process.outside import APPROVED, DENIED, PENDED, WANTS_NOTES, Outside, says
from tests.process.server import dev_server
from tests.process.story import USUAL, Answer, Story, placed, visit_at

GIVE_UP = {"outcome": "give_up"}
LINES = [{"sequence": each, "state": "approved"} for each in (1, 2, 3)]
CHOICES: dict[K, list[Answer]] = {
    K.CONTACT_PATIENT: [{"outcome": "reached"}, {"outcome": "no_answer"}, {"outcome": "declined"}],
    K.ASSESS_PATIENT: [
        {"outcome": "suitable_for_home"},
        {"outcome": "suitable_for_suite"},
        {"outcome": "suitable_with_conditions"},
        {"outcome": "not_suitable"},
    ],
    K.REVIEW_DECISION: [
        {"outcome": "decided", "lines": LINES},
        {"outcome": "resubmit"},
        {"outcome": "appeal"},
        {"outcome": "peer_to_peer"},
        {"outcome": "give_up"},
    ],
    K.APPEAL: [{"outcome": "file"}, {"outcome": "give_up"}],
    K.PEER_TO_PEER: [{"outcome": "overturned", "lines": LINES}, {"outcome": "upheld"}],
    K.FIND_ASSISTANCE: [{"outcome": "found"}, {"outcome": "none"}],
    K.ANSWER_INFORMATION_REQUEST: [{"outcome": "sent"}, {"outcome": "unobtainable"}],
    K.FOLLOW_UP_PAYER: [{"outcome": "answered", "lines": LINES}, {"outcome": "still_pending"}],
    K.REVIEW_BENEFITS: [USUAL[K.REVIEW_BENEFITS], {"outcome": "wants_assistance"}, {"outcome": "declined"}],
    K.SETTLE_ORDER: [{"outcome": "settled"}, {"outcome": "alternative"}, {"outcome": "kit_refused"}],
    K.PREPARE_THERAPY: [USUAL[K.PREPARE_THERAPY], {"outcome": "unavailable"}],
    K.CONFIRM_VISIT: [visit_at, {"outcome": "declined"}, None],
    K.PLACE_VISIT: [placed, {"outcome": "suite"}],
    K.REPORT_VISIT: [USUAL[K.REPORT_VISIT], {"outcome": "missed"}, {"outcome": "kit_missing"}, {"outcome": "reaction"}],
    K.REVIEW_REACTION: [{"outcome": "continue"}, {"outcome": "stop"}],
}

BRISK = Policy(
    contact=Contact(attempts=3, apart=timedelta(seconds=1)),
    payer=PayerContact(inquire_every=timedelta(seconds=1)),
    dispatch=NurseDispatch(answer_within=timedelta(seconds=1), lead=timedelta(days=3)),
)
"""On the real server, where time does not skip, nobody waits for long."""


@st.composite
def scripts(draw: st.DrawFn) -> dict[K, list[Answer]]:
    """Some answers of each kind, and then the usual one, so that every story comes to an end."""
    script: dict[K, list[Answer]] = {}

    def possible(answer: Answer) -> Answer:
        """A way that is closed by now is given up."""
        if not isinstance(answer, Mapping):
            return answer
        return lambda item, _: answer if answer["outcome"] in item.asks.get("options", [answer["outcome"]]) else GIVE_UP

    for kind, answers in CHOICES.items():
        first = draw(st.lists(st.sampled_from(range(len(answers))), max_size=2))
        script[kind] = [*(possible(answers[each]) for each in first), USUAL.get(kind, answers[0])]
    return script


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    script=scripts(),
    answers=st.lists(st.sampled_from([APPROVED, PENDED, DENIED, WANTS_NOTES, says(LineState.MODIFIED)]), max_size=3),
)
async def test_any_referral_ends_once_and_leaves_nothing_behind(
    keyring: Keyring, script: dict[K, list[Answer]], answers: list[Any]
) -> None:
    outside = Outside(policy=BRISK, submissions=[*answers, APPROVED], decisions=[(timedelta(seconds=1), APPROVED)])
    async with dev_server(keyring) as env, Story(env, outside, script) as story:
        closing = await story.ends()

    assert story.refusals == []
    opened = [entry.item.id for entry in outside.entries if isinstance(entry, Opened)]
    closed = [entry.item_id for entry in outside.entries if isinstance(entry, Resolved | Withdrawn)]
    assert len(opened) == len(set(opened))
    assert sorted(opened) == sorted(closed), "every item that was opened was closed, once"
    assert outside.standing.closing is (None if closing is Closing.COMPLETED else closing)
    farewells = [e.milestone for e in outside.entries if isinstance(e, Told) and e.milestone in {"7.0", "4.0", "6.0"}]
    assert len(farewells) == 1
    handed_over = len([entry for entry in outside.entries if isinstance(entry, HandedOver)])
    if closing is Closing.COMPLETED:
        assert outside.standing.stage is Stage.ON_SERVICE
        assert handed_over == 1
        assert (len(story.roster.held), len(story.shelves.reserved)) == (1, 1)
    else:
        assert handed_over == 0
        assert (story.roster.held, story.shelves.reserved) == ({}, set())
