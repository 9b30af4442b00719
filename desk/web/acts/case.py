"""The referral that an act's page is about, and who steered it last."""

from datetime import datetime
from uuid import UUID

from desk.http.problems import HttpProblem
from desk.web.page import DeskPage
from desk.web.times import time_text
from firstdose.adapters.postgres.referrals.steering_record import Steered
from firstdose.adapters.postgres.referrals.views import ReferralView
from firstdose.domain.work.permissions import Act, permit


async def case_to_steer(page: DeskPage, referral_id: UUID, act: Act) -> ReferralView:
    """Raises Refused for who may not do the act at all, Problem 404, and Problem 409 for one that is over."""
    permit(page.actor, act)
    case = await page.desk.referrals.get(str(referral_id))
    if case is None:
        raise HttpProblem(404)
    if case.standing.stage.is_end:
        raise HttpProblem(409, "The process of this referral is over: nothing of it can be steered any more.")
    return case


def by_whom(page: DeskPage, actor: str, at: datetime) -> str:
    """`sue, Nov 28, 2:50 PM CST`."""
    return f"{actor.removeprefix('staff:')}, {time_text(at, page.zone, page.now)}"


async def last_steered(page: DeskPage, referral_id: UUID, *actions: str) -> Steered | None:
    return await page.desk.steering.last(str(referral_id), *actions)
