"""Whatever staff answer and whatever the payer says: a referral ends once, and leaves nothing held or reserved."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.policy import NurseDispatch, PatientContact, PayerContact, Policy, StartCall, UndoRule
from firstdose.domain.work.journal import HandedOver, Opened, Resolved, Told, Withdrawn
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.work_item import WorkItem
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.anything import (
    Event,
    Watched,
    approves,
    events,
    extended,
    for_the_first,
    let_happen,
    outsides,
    says_of_the_first,
)
from tests.process.outside import AGELESS
from tests.process.server import dev_server
from tests.process.story import USUAL, Answer, Story, placed, ready, started, visit_at


def without_kit(item: WorkItem, now: datetime) -> Mapping[str, Any]:
    return {**ready(item, now), "kit_present": False}


def past_its_date(item: WorkItem, now: datetime) -> Mapping[str, Any]:
    return {**ready(item, now), "beyond_use": (now + timedelta(hours=1)).isoformat()}


def soon_in_stock(_: WorkItem, now: datetime) -> Mapping[str, Any]:
    return {"outcome": "later", "available_from": (now + timedelta(milliseconds=200)).isoformat()}


def another_time(_: WorkItem, now: datetime) -> Mapping[str, Any]:
    return {"outcome": "another_time", "available_from": (now + timedelta(days=1)).date().isoformat()}


ASKED_BACK = {"wanted": ["11506-3"]}
CHOICES: dict[K, list[Answer]] = {
    K.COMPLETE_REFERRAL: [{"outcome": "supplied"}, {"outcome": "unobtainable"}],
    K.CONTACT_PATIENT: [{"outcome": "reached"}, {"outcome": "no_answer"}, {"outcome": "declined"}],
    K.ASSESS_PATIENT: [
        {"outcome": "suitable_for_home"},
        {"outcome": "suitable_for_home", "needs_nursing": False},
        {"outcome": "suitable_for_suite"},
        {"outcome": "suitable_with_conditions"},
        {"outcome": "not_suitable"},
        {"outcome": "suitable_for_home", "needs_nursing": False},
    ],
    K.SUBMIT_AUTHORIZATION: [
        {"outcome": "submitted", "reference": "R1"},
        approves,
        says_of_the_first("denied"),
        says_of_the_first("approved"),
        says_of_the_first("pended", information=ASKED_BACK),
    ],
    K.REVIEW_DECISION: [
        approves,
        says_of_the_first("approved"),
        says_of_the_first("pended"),
        says_of_the_first("not_required"),
        for_the_first("appeal"),
        for_the_first("resubmit"),
        for_the_first("external_review"),
        for_the_first("give_up"),
        for_the_first("peer_to_peer"),
        {"outcome": "resubmit"},
        {"outcome": "appeal"},
        {"outcome": "external_review"},
        {"outcome": "peer_to_peer"},
        {"outcome": "give_up"},
    ],
    K.APPEAL: [{"outcome": "file"}, {"outcome": "give_up"}],
    K.PEER_TO_PEER: [approves, {"outcome": "upheld"}],
    K.FIND_ASSISTANCE: [{"outcome": "none"}, {"outcome": "found"}],
    K.RESOLVE_COVERAGE: [
        {"outcome": "close"},
        {"outcome": "self_pay"},
        {"outcome": "assistance"},
        {"outcome": "without_nursing"},
        {"outcome": "suite"},
        {"outcome": "other_coverage"},
    ],
    K.ANSWER_INFORMATION_REQUEST: [{"outcome": "sent"}, {"outcome": "unobtainable"}],
    K.FOLLOW_UP_PAYER: [
        approves,
        says_of_the_first("approved"),
        says_of_the_first("denied"),
        says_of_the_first("pended", information=ASKED_BACK),
        extended,
    ],
    K.VOID_AUTHORIZATION: [
        {"outcome": "voided", "reference": "R2", "told_by": "P1"},
        {"outcome": "not_needed"},
        {"outcome": "refused", "told_by": "P1"},
    ],
    K.REVIEW_BENEFITS: [
        USUAL[K.REVIEW_BENEFITS],
        {"outcome": "wants_assistance"},
        {"outcome": "pays_privately"},
        {"outcome": "declined"},
    ],
    K.SETTLE_ORDER: [
        {"outcome": "settled"},
        {"outcome": "alternative"},
        {"outcome": "from_elsewhere", "lots": ["X1"]},
        soon_in_stock,
        {"outcome": "kit_refused"},
        {"outcome": "unavailable"},
    ],
    K.PREPARE_THERAPY: [USUAL[K.PREPARE_THERAPY], {"outcome": "unavailable"}, without_kit, past_its_date],
    K.CONFIRM_VISIT: [visit_at, {"outcome": "declined"}, None],
    K.PLACE_VISIT: [placed, {"outcome": "suite"}, {"outcome": "not_possible"}],
    K.CONFIRM_TIME: [USUAL[K.CONFIRM_TIME], another_time],
    K.APPROVE_OVERRIDE: [{"outcome": "approved"}, {"outcome": "refused"}],
    K.REPORT_VISIT: [USUAL[K.REPORT_VISIT], {"outcome": "missed"}, {"outcome": "kit_missing"}, {"outcome": "reaction"}],
    K.CONFIRM_START: [
        started,
        {"outcome": "not_reached"},
        {"outcome": "problem", "problem": "not_yet"},
        {"outcome": "problem", "problem": "not_usable"},
        {"outcome": "problem", "problem": "needs_nurse"},
        {"outcome": "problem", "problem": "reaction"},
    ],
    K.REVIEW_REACTION: [{"outcome": "continue"}, {"outcome": "stop"}],
    K.RECONCILE: [{"outcome": "retry"}, {"outcome": "close", "closing": "expired"}],
    K.REVIEW_CHANGE: [{"outcome": "still_holds"}, {"outcome": "redo"}],
}

BRISK = Policy(
    ages=AGELESS,
    contact=PatientContact(attempts=3, apart=timedelta(milliseconds=100)),
    payer=PayerContact(inquire_every=timedelta(milliseconds=200), void_within=timedelta(milliseconds=500)),
    dispatch=NurseDispatch(
        answer_within=timedelta(milliseconds=300), lead=timedelta(days=3), report_early=timedelta(days=3)
    ),
    undo=UndoRule(nurse_within=timedelta(milliseconds=100), within=timedelta(milliseconds=200)),
    start_call=StartCall(apart=timedelta(milliseconds=100)),
    due={K.FOLLOW_UP_PAYER: timedelta(milliseconds=300)},
)
"""On the real server, where time does not skip, nobody waits for long."""


@pytest.fixture(scope="module")
async def real(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    async with dev_server(keyring) as environment:
        yield environment


_STILL_OPEN = {K.PEER_TO_PEER: "upheld", K.REVIEW_DECISION: "give_up", K.RESOLVE_COVERAGE: "close"}


def possible(answer: Answer) -> Answer:
    """A way that is closed by now is given up."""

    def allowed(item: WorkItem, now: datetime) -> Mapping[str, Any]:
        wanted = answer(item, now) if callable(answer) else answer or {}
        if wanted["outcome"] in item.asks.get("options", [wanted["outcome"]]):
            return wanted
        return {"outcome": _STILL_OPEN[item.kind]}

    return allowed if answer is not None else None


@st.composite
def scripts(draw: st.DrawFn) -> dict[K, list[Answer]]:
    """Some answers of each kind, and then the usual one, so that every story comes to an end."""
    script: dict[K, list[Answer]] = {}
    for kind, answers in CHOICES.items():
        first = draw(st.lists(st.sampled_from(range(len(answers))), max_size=3 if kind is K.REVIEW_DECISION else 2))
        last = possible(USUAL.get(kind, answers[0]))
        script[kind] = [*(possible(answers[each]) for each in first), last]
    return script


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(script=scripts(), outside=outsides(BRISK), happening=events())
async def test_any_referral_ends_once_and_leaves_nothing_behind(
    real: WorkflowEnvironment, script: dict[K, list[Answer]], outside: Watched, happening: list[Event]
) -> None:
    async with Story(real, outside, script, by_update=False) as story:
        happens = asyncio.create_task(let_happen(story, happening))
        try:
            async with asyncio.timeout(25):
                closing = await story.ends()
        except BaseException:
            await story.handle.terminate()
            raise
        finally:
            happens.cancel()
    assert outside.complaints == []
    leaves_nothing_open(outside, closing)
    asks_and_takes_back_once(outside, closing)
    handed_over = len([entry for entry in outside.entries if isinstance(entry, HandedOver)])
    if closing is Closing.COMPLETED:
        assert outside.standing.stage is Stage.ON_SERVICE
        assert handed_over == 1
        visits = 0 if started_without_nurse(outside) else 1
        assert (len(story.roster.held), len(story.shelves.reserved)) == (visits, 1)
    else:
        assert handed_over == 0
        assert (story.roster.held, story.shelves.reserved) == ({}, set())


def leaves_nothing_open(outside: Watched, closing: Closing) -> None:
    opened = [entry.item.id for entry in outside.entries if isinstance(entry, Opened)]
    closed = [entry.item_id for entry in outside.entries if isinstance(entry, Resolved | Withdrawn)]
    assert len(opened) == len(set(opened))
    # A task that was lost may have recorded an answer to what the next one withdraws.
    assert sorted(opened) == sorted(set(closed)), "every item that was opened was closed"
    assert outside.standing.closing is (None if closing is Closing.COMPLETED else closing)
    farewells = [e.milestone for e in outside.entries if isinstance(e, Told) and e.milestone in {"7.0", "4.0", "6.0"}]
    assert len(farewells) == 1


def asks_and_takes_back_once(outside: Watched, closing: Closing) -> None:
    keys = [request.key for request in outside.requests]
    assert len(keys) == len(set(keys)), "each request is submitted once"
    assert len(outside.voids) == len(set(outside.voids)), "nothing is taken back twice"
    sequences = [line.sequence for line in outside.standing.lines]
    assert sequences == sorted(set(sequences))
    states = {line.state for line in outside.standing.lines}
    if closing is not Closing.COMPLETED:
        assert set(outside.carried) <= set(outside.voids), "whatever the payer still carries is taken back"
        assert not states & {LineState.APPROVED, LineState.PENDED, LineState.SUBMITTED, LineState.DRAFT}
    elif "override.approved" not in outside.notes:
        assert all(line.state is LineState.VOID or line.covers(visit_day(outside)) for line in outside.standing.lines)


def started_without_nurse(outside: Watched) -> bool:
    last = [entry for entry in outside.entries if isinstance(entry, Resolved)][-1]
    return last.kind is K.CONFIRM_START


def visit_day(outside: Watched) -> Any:
    """The day of the first infusion."""
    if outside.standing.visit_at:
        return outside.standing.visit_at.date()
    assert started_without_nurse(outside)
    return next(entry.served_on.date() for entry in outside.entries if isinstance(entry, HandedOver))
