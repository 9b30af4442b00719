"""What a source may say about a referral: here it is, here is a new version of it, it is cancelled."""

from enum import StrEnum
from typing import Any

from pydantic import model_validator

from firstdose.domain.referral.referral import SourceReferralId
from firstdose.domain.sealed import Moment, Prose, Sealed


class MessageType(StrEnum):
    RECEIVED = "referral.received"
    UPDATED = "referral.updated"
    CANCELLED = "referral.cancelled"


class CancelReason(StrEnum):
    WITHDRAWN = "withdrawn"
    TRANSFERRED = "transferred"
    DECEASED = "deceased"
    DUPLICATE = "duplicate"
    PATIENT_DECLINED = "patient_declined"


class Cancellation(Sealed):
    """A reason in the source's own words counts as `withdrawn` and is kept, sealed, as the note."""

    source_referral_id: SourceReferralId
    reason: CancelReason = CancelReason.WITHDRAWN
    note: Prose | None = None

    @model_validator(mode="before")
    @classmethod
    def _own_words(cls, data: Any) -> Any:
        reason = data.get("reason") if isinstance(data, dict) else None
        if not isinstance(reason, str) or reason in CancelReason._value2member_map_:
            return data
        return {**data, "reason": CancelReason.WITHDRAWN, "note": data.get("note") or reason}


class Envelope(Sealed):
    """Our own JSON message; `data` is a Referral or a Cancellation."""

    type: MessageType
    timestamp: Moment | None = None
    data: dict[str, Any]
