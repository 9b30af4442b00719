"""Which referral an address means: by its id, or by the number that people name it by."""

from uuid import UUID

from desk.http.problems import HttpProblem
from desk.web.page import DeskPage
from firstdose.adapters.postgres.referrals.referrals import Filters
from firstdose.adapters.postgres.referrals.views import ReferralRow
from firstdose.domain.referral.number import read_number


async def named_id(page: DeskPage, reference: str) -> str:
    """The id, of a referral or of none. Raises Problem 404 for what is neither an id nor a number, or unknown."""
    return _id(reference) or (await named_row(page, reference)).id


async def named_row(page: DeskPage, reference: str) -> ReferralRow:
    """The row of the list. Raises Problem 404 for what is neither an id nor a number, and for an unknown referral."""
    wanted = _id(reference) or read_number(reference)
    found = await page.desk.referrals.list(Filters(q=wanted), limit=2) if wanted else None
    row = next((row for row in found.items if wanted in (row.id, row.number)), None) if found else None
    if row is None:
        raise HttpProblem(404)
    return row


def _id(reference: str) -> str | None:
    try:
        return str(UUID(reference))
    except ValueError:
        return None
