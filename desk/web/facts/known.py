"""The facts that a form is about: as they stand, as this page showed them, and whose they are to change."""

from typing import NamedTuple
from uuid import UUID

from desk.http.problems import HttpProblem
from desk.http.referrals import get_referral
from desk.web.acts.case import by_whom
from desk.web.acts.legal import groups_to_change
from desk.web.page import DeskPage
from firstdose.adapters.postgres.keys.vault import NoDataKey
from firstdose.adapters.postgres.pool import transaction
from firstdose.adapters.postgres.referrals.revisions import Revisions
from firstdose.adapters.postgres.referrals.views import ReferralView
from firstdose.domain.referral.fact_groups import FactGroup
from firstdose.domain.referral.referral import Referral
from firstdose.domain.work.permissions import permit_amendment, permit_changes


class KnownFacts(NamedTuple):
    """`groups` are those that this person may change now."""

    case: ReferralView
    referral: Referral
    groups: tuple[FactGroup, ...]


async def known_facts(page: DeskPage, referral_id: UUID) -> KnownFacts:
    """That they were read is audited. Raises Refused, and Problem 403, 404 and 409."""
    permit_amendment(page.actor, ())
    case = await get_referral(referral_id, page.desk, page.actor)
    if case.facts is None:
        raise HttpProblem(404, "The facts of this referral were shredded.")
    if case.standing.stage.is_end:
        raise HttpProblem(409, "The process of this referral is over: its facts are not changed any more.")
    return KnownFacts(case, case.facts, await groups_to_change(page, case))


def permit_group(page: DeskPage, known: KnownFacts, group: FactGroup) -> None:
    """Raises Refused for a group that is not theirs to change now."""
    if group not in known.groups:
        permit_changes(page.actor, {group}, completing=False)


async def facts_shown(page: DeskPage, known: KnownFacts, revision: str) -> Referral:
    """As they were in the version that the form was shown with. Raises Problem 400 for one that there is not."""
    newest = known.case.revision
    if revision == str(newest):
        return known.referral
    if not revision.isdecimal() or len(revision) > len(str(newest)) or not 0 < int(revision) < newest:
        raise HttpProblem(400, "The form does not say which version of the facts it showed. Open it again.")
    try:
        async with transaction(page.desk.pool) as connection:
            return await Revisions(page.desk.vault).of_number(connection, known.case.standing.id, int(revision))
    except NoDataKey:
        raise HttpProblem(404, "The facts of this referral were shredded.") from None


async def changed_meanwhile(page: DeskPage, referral_id: UUID) -> str:
    """Who was faster, in a sentence."""
    last = await page.desk.steering.last_amendment(str(referral_id))
    told = f" by {by_whom(page, last.actor, last.at)}" if last else ""
    return (
        f"Nothing was stored: the facts were changed{told} after this page was shown."
        " What you typed is kept; look at it once more, then send it again."
    )


async def not_applied_yet(page: DeskPage, referral_id: UUID) -> str | None:
    """What is stored and not shown yet, in a sentence."""
    pending = await page.desk.steering.pending_amendment(str(referral_id))
    if pending is None:
        return None
    who = by_whom(page, pending.actor, pending.at)
    return f"A change by {who} is stored and will be applied; what you see does not have it yet."
