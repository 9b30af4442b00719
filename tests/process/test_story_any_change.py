"""Any change of any fact, at any moment, by anyone: whatever rests on it is looked at again before the visit."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.testing import WorkflowEnvironment

from firstdose.adapters.keyring.keyring import Keyring
from firstdose.domain.policy import NurseDispatch, Policy
from firstdose.domain.referral.order import Site
from firstdose.domain.referral.rests_on import SettledResult, stale_after
from firstdose.domain.referral.versions import OF_FORMER, Change
from firstdose.domain.work.journal import Amended, AnyEntry, Noted, Opened, Resolved, Told
from firstdose.domain.work.role import SOURCE, Actor, Role
from firstdose.domain.work.stage import Closing, Milestone
from firstdose.domain.work.work_item import WorkItemKind as K
from tests.process.changing import change
from tests.process.outside import AGELESS, Outside
from tests.process.server import dev_server
from tests.process.story import USUAL, Story, placed
from workflows.referral import ReferralWorkflow
from workflows.rework import SETTLED_BY

AT_ONCE = Policy(ages=AGELESS, dispatch=NurseDispatch(lead=timedelta(days=3), report_early=timedelta(days=3)))
"""On the real server, where time does not skip, the nurse may leave at once."""
STAFF = Actor(id="somebody", roles=(Role.PHARMACIST, Role.CUSTOMER_SERVICE))
NOT_TOLD: Final = {Change.AGE, Change.HOSPITAL_STAY, Change.AMOUNTS, Change.LINES, Change.WHO_PAYS, *OF_FORMER}
TOLD: Final = [each for each in Change if each not in NOT_TOLD]
BRINGING: Final = [K.CONTACT_PATIENT, K.ASSESS_PATIENT, K.SETTLE_ORDER]
SHOWS: Final[Mapping[Change, list[dict[str, Any]]]] = {
    Change.SITE: [{"site": Site.SUITE}, {"site": Site.HOME}],
    Change.FREQUENCY: [{"frequency": "q12h"}, {"frequency": "q8h"}],
    Change.DRUG: [{"hcpcs": "J0690"}, {"hcpcs": "J0696"}],
    Change.STATE: [{"state": "IN"}, {"state": "IL"}],
}
"""How the outline shows it, by turns."""
SETTLING: Final = {
    SettledResult.ASSESSMENT: K.ASSESS_PATIENT,
    SettledResult.AGREEMENT: K.REVIEW_BENEFITS,
    SettledResult.THERAPY: K.SETTLE_ORDER,
}


@dataclass(frozen=True)
class Drawn:
    """These facts change when so much has been recorded."""

    after: int
    changes: frozenset[Change]
    by: Actor


DRAWN = st.builds(
    Drawn,
    after=st.integers(1, 45),
    changes=st.frozensets(st.sampled_from(TOLD), min_size=1, max_size=3),
    by=st.sampled_from([SOURCE, STAFF]),
)
REVIEWS = st.lists(st.sampled_from([{"outcome": "still_holds"}, {"outcome": "redo"}]), max_size=6)


@pytest.fixture(scope="module")
async def real(keyring: Keyring) -> AsyncIterator[WorkflowEnvironment]:
    async with dev_server(keyring) as environment:
        yield environment


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    drawn=st.lists(DRAWN, min_size=1, max_size=4),
    reviews=REVIEWS,
    brought=st.dictionaries(st.sampled_from(BRINGING), st.frozensets(st.sampled_from(TOLD), max_size=2), max_size=2),
)
async def test_whatever_rests_on_a_change_is_looked_at_again_before_the_visit(
    real: WorkflowEnvironment,
    drawn: list[Drawn],
    reviews: list[dict[str, str]],
    brought: dict[K, frozenset[Change]],
) -> None:
    outside, signs = Outside(policy=AT_ONCE, brought=brought), list[Any]()
    told: dict[int, frozenset[Change]] = {}
    script: dict[K, list[Any]] = {K.REVIEW_CHANGE: [*reviews, USUAL[K.REVIEW_CHANGE]], K.PLACE_VISIT: [placed]}
    script[K.REVIEW_BENEFITS] = [lambda *_: signs[0] if signs else None]  # so nobody is dispatched meanwhile
    async with Story(real, outside, script) as story:
        await _let_change(story, drawn, told)
        signs.append(USUAL[K.REVIEW_BENEFITS])
        for item in (await story.handle.query(ReferralWorkflow.status)).open_items:
            if item.kind is K.REVIEW_BENEFITS:
                await story.resolve(item, signs[0])
        assert await story.ends() is Closing.COMPLETED
    assert list(_not_looked_at(outside.entries, told, brought)) == []


async def _let_change(story: Story, drawn: list[Drawn], told: dict[int, frozenset[Change]]) -> None:
    for number, each in enumerate(sorted(drawn, key=lambda one: one.after), start=1):
        await _so_much_is_recorded(story, each.after)
        told[number] = each.changes
        await change(story, *each.changes, by=each.by, number=number, **_shown(each.changes, number))


async def _so_much_is_recorded(story: Story, number: int) -> None:
    """Or nothing more is recorded for a while."""
    with suppress(TimeoutError):
        async with asyncio.timeout(1), story.outside.happened:
            await story.outside.happened.wait_for(lambda: len(story.outside.entries) >= number)


def _shown(changes: frozenset[Change], number: int) -> dict[str, Any]:
    return {name: value for each in changes if each in SHOWS for name, value in SHOWS[each][number % 2].items()}


def _not_looked_at(
    entries: list[AnyEntry], told: Mapping[int, frozenset[Change]], brought: Mapping[K, frozenset[Change]]
) -> Iterator[tuple[SettledResult, frozenset[Change]]]:
    """Each result that was not settled, made anew or confirmed between a change that it rests on and the visit."""
    visit = next(at for at, entry in enumerate(entries) if _opens(entry, K.REPORT_VISIT))
    for at, entry in enumerate(entries[:visit]):
        changes, but = _changed_by(entry, told, brought)
        for result in stale_after(changes):
            known = result in but or result is SettledResult.LICENSE
            if not known and not any(_settles(later, result) for later in entries[at + 1 : visit]):
                yield result, changes


def _opens(entry: AnyEntry, kind: K) -> bool:
    return isinstance(entry, Opened) and entry.item.kind is kind


def _changed_by(
    entry: AnyEntry, told: Mapping[int, frozenset[Change]], brought: Mapping[K, frozenset[Change]]
) -> tuple[frozenset[Change], tuple[SettledResult, ...]]:
    if isinstance(entry, Amended):
        return told[int((entry.message_id or "")[-12:])], ()
    if isinstance(entry, Resolved) and entry.kind is not None and entry.kind in brought:
        return brought[entry.kind], SETTLED_BY.get(entry.kind, ())
    return frozenset(), ()


def _settles(entry: AnyEntry, result: SettledResult) -> bool:
    match entry:
        case Resolved():
            return entry.kind is not None and entry.kind is SETTLING.get(result)
        case Told():
            return result is SettledResult.VISIT and entry.milestone is Milestone.SCHEDULED
        case Noted(action="benefits.verified"):
            return result is SettledResult.VERIFICATION
        case Noted(action="authorization.submitted"):
            return result is SettledResult.AUTHORIZATION
        case Noted(action="result.reviewed"):
            return bool(entry.details["result"] == result)
        case _:
            return False
