"""The outline of a referral as it may be read in the clear: the payer only by an id that the register has."""

from datetime import UTC, datetime

from firstdose.adapters.postgres.payers.payers import plan_id
from firstdose.adapters.postgres.pool import Connection
from firstdose.adapters.postgres.queries import load
from firstdose.domain.payer.channel import Plan
from firstdose.domain.referral.facts import DeidentifiedFacts, outline
from firstdose.domain.referral.referral import Referral

_sql = load("payers")


def outline_by(plan: Plan, referral: Referral) -> DeidentifiedFacts:
    """`known_outline` for whom the plan is at hand that was found for the referral."""
    facts = outline(referral, datetime.now(UTC).date())
    known = facts.payer_id is not None and plan_id(facts.payer_id) == plan.payer
    return facts if known else facts.model_copy(update={"payer_id": None})


async def known_outline(connection: Connection, referral: Referral) -> DeidentifiedFacts:
    """What the source calls the payer's id may be anything, a name too: it stays with the sealed facts."""
    facts = outline(referral, datetime.now(UTC).date())
    if facts.payer_id is None or await _sql.by_id(connection, id=plan_id(facts.payer_id)) is not None:
        return facts
    return facts.model_copy(update={"payer_id": None})
