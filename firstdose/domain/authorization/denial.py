"""What a denial leaves open: classified by reason, and limited by the plan's rules and by what was tried already."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from firstdose.domain.clock.rules import ClockPurpose
from firstdose.domain.payer.channel import PeerToPeerRule, Plan


class DenialReason(StrEnum):
    """Why the payer says no, as the reimbursement specialist classifies it."""

    MISSING_INFORMATION = "missing_information"
    WRONG_CODE = "wrong_code"
    NOT_MEDICALLY_NECESSARY = "not_medically_necessary"
    STEP_THERAPY = "step_therapy"
    SITE_OF_CARE = "site_of_care"
    OUT_OF_NETWORK = "out_of_network"
    NOT_A_BENEFIT = "not_a_benefit"
    OTHER = "other"


class WayOn(StrEnum):
    """What may be done about lines under review."""

    DECIDED = "decided"
    """A person says what the lines are: the payer's word is understood, or there is another one."""
    ACCEPT = "accept"
    """What the payer granted in part is enough, as it granted it: number, period and units stay."""
    RESUBMIT = "resubmit"
    """Corrected, as a new request: a denied one cannot be updated."""
    PEER_TO_PEER = "peer_to_peer"
    APPEAL = "appeal"
    EXTERNAL_REVIEW = "external_review"
    GIVE_UP = "give_up"


class Tried(BaseModel):
    """What has been tried against the refusal of a line."""

    model_config = ConfigDict(frozen=True)

    talked: bool = False
    appeals: int = 0
    reviewed_externally: bool = False


def ways_on(plan: Plan, tried: Tried) -> tuple[WayOn, ...]:
    """The ways that are still open, in the order in which they are usually tried."""
    ways = [WayOn.DECIDED, WayOn.RESUBMIT]
    if plan.peer_to_peer is not PeerToPeerRule.NONE and not tried.talked:
        ways.append(WayOn.PEER_TO_PEER)
    if tried.appeals < plan.hears_appeals:
        ways.append(WayOn.APPEAL)
    elif plan.external_review and not tried.reviewed_externally:
        ways.append(WayOn.EXTERNAL_REVIEW)
    return (*ways, WayOn.GIVE_UP)


def filing_window(ways: tuple[WayOn, ...], tried: Tried) -> ClockPurpose | None:
    """What limits the time for the next appeal among these ways; None where there is none."""
    if WayOn.EXTERNAL_REVIEW in ways:
        return ClockPurpose.EXTERNAL_REVIEW_FILING
    if WayOn.APPEAL in ways:
        return ClockPurpose.SECOND_APPEAL_FILING if tried.appeals else ClockPurpose.APPEAL_FILING
    return None


def still_open(ways: tuple[WayOn, ...], closes_at: datetime | None, now: datetime) -> tuple[WayOn, ...]:
    """The ways without the appeal whose window has closed."""
    if closes_at is None or now < closes_at:
        return ways
    return tuple(way for way in ways if way not in (WayOn.APPEAL, WayOn.EXTERNAL_REVIEW))
