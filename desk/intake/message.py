"""What a source told us, whatever the format it came in."""

from dataclasses import dataclass

from firstdose.domain.referral.referral import Referral
from firstdose.domain.referral.source_message import CancelReason, MessageType


@dataclass(frozen=True, repr=False)
class ParsedMessage:
    """A referral, or the end of one: then with `reason` and `note` (the source's own words) instead of `referral`."""

    type: MessageType
    source_referral_id: str
    referral: Referral | None = None
    reason: CancelReason | None = None
    note: str | None = None
