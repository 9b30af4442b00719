"""A settled result whose facts changed: its owner confirms it in one step, or has it made anew."""

from typing import Final, Literal

from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.work.resolution import Resolution
from firstdose.domain.work.role import Role


class ReviewChange(Resolution):
    """`redo`: the result is made anew, and what it set in motion is undone or updated."""

    outcome: Literal["still_holds", "redo"]


OWNER_OF: Final = {
    SettledResult.VERIFICATION: Role.REIMBURSEMENT_SPECIALIST,
    SettledResult.AUTHORIZATION: Role.REIMBURSEMENT_SPECIALIST,
    SettledResult.ASSESSMENT: Role.PHARMACIST,
    SettledResult.AGREEMENT: Role.CUSTOMER_SERVICE,
    SettledResult.THERAPY: Role.PHARMACIST,
    SettledResult.VISIT: Role.NURSE_COORDINATOR,
    SettledResult.LICENSE: Role.CUSTOMER_SERVICE,
}
"""Who looks at each result again."""
