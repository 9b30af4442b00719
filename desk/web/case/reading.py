"""What a person reads when they open a referral: by the API's own functions, so by its rules and with its audit."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from desk.http.permits import may_see_facts
from desk.http.problems import HttpProblem
from desk.http.referrals import get_referral, get_timeline
from desk.web.case.process import recorded_state
from desk.web.page import DeskPage
from firstdose.adapters.postgres.referrals.views import ReferralRow, ReferralView, TimelineEntry, Why
from firstdose.domain.referral.referral import Referral
from firstdose.domain.work.role import Actor
from workflows.mechanism.state import ReferralState


@dataclass(frozen=True, kw_only=True)
class OpenCase:
    """A referral as this person may read it. `zone` is the staff's; an auditor reads no facts and no words."""

    view: ReferralView
    why: Why
    state: ReferralState
    timeline: tuple[TimelineEntry, ...] = field(repr=False)
    actor: Actor
    now: datetime
    zone: ZoneInfo

    @property
    def row(self) -> ReferralRow:
        return self.view.standing

    @property
    def id(self) -> str:
        return self.row.id

    @property
    def facts(self) -> Referral | None:
        return self.view.facts

    @property
    def may_see_facts(self) -> bool:
        return may_see_facts(self.actor)

    @property
    def patient_zone(self) -> ZoneInfo:
        """Where the visit is: the patient's zone, if it is known."""
        told = self.facts.patient.time_zone if self.facts else None
        return ZoneInfo(told) if told else self.zone


async def open_case(page: DeskPage, referral_id: str) -> OpenCase | None:
    """None for who has no part in the referral. Raises Problem 404, and Unavailable."""
    try:
        view = await get_referral(UUID(referral_id), page.desk, page.actor)
    except HttpProblem as problem:
        if problem.status == 403 and "break_glass" in problem.members:
            return None
        raise HttpProblem(problem.status) from None
    # Side by side: each is a look of its own into the store.
    timeline, why, state = await asyncio.gather(
        get_timeline(UUID(referral_id), page.desk, page.actor),
        why_not_further(page, referral_id),
        recorded_state(page, referral_id, with_texts=view.facts is not None),
    )
    return OpenCase(
        view=view,
        why=why,
        state=state,
        timeline=tuple(timeline),
        actor=page.actor,
        now=page.now,
        zone=page.zone,
    )


async def why_not_further(page: DeskPage, referral_id: str) -> Why:
    """What everybody may know of a referral. Raises Problem 404."""
    why = await page.desk.referrals.why(referral_id)
    if why is None:
        raise HttpProblem(404)
    return why
