"""What a payer answered to one contact: its words beside our reading. That somebody saw it is audited."""

from uuid import UUID

from fastapi import APIRouter

from desk.http.app_context import Context
from desk.http.identity import Reader
from desk.http.permits import may_see_facts, permit_reading
from desk.http.problems import HttpProblem
from firstdose.adapters.postgres.referrals.payer_views import PayerAnswersView

router = APIRouter(prefix="/api/payer-answers", tags=["payer answers"])


@router.get("/{contact}")
async def get_payer_answers(contact: UUID, desk: Context, actor: Reader) -> PayerAnswersView:
    """Every answer to this contact, the newest first, and the lines that it carries: requested against authorized."""
    if not may_see_facts(actor):
        raise HttpProblem(403, "your roles do not allow this")
    referral_id = await desk.payer_words.referral_of(str(contact))
    if referral_id is not None:
        await permit_reading(desk, actor, referral_id)
    found = await desk.payer_words.read(str(contact), actor)
    if found is None:
        raise HttpProblem(404, "there is no such contact with a payer, or its referral's facts were shredded")
    return found
