"""Where a referral stands, how it can end, and what the referral source hears on the way."""

from enum import StrEnum


class Stage(StrEnum):
    INTAKE = "intake"
    VERIFICATION = "verification"
    AUTHORIZATION = "authorization"
    PREPARATION = "preparation"
    SCHEDULED = "scheduled"
    FIRST_VISIT = "first_visit"
    ON_SERVICE = "on_service"
    CLOSED = "closed"

    @property
    def is_end(self) -> bool:
        """Whether the process is over: its workflow has completed."""
        return self in (Stage.ON_SERVICE, Stage.CLOSED)


class Closing(StrEnum):
    """How a referral ends."""

    COMPLETED = "completed"
    NOT_COVERED = "not_covered"
    DENIED_FINAL = "denied_final"
    PATIENT_DECLINED = "patient_declined"
    UNABLE_TO_REACH = "unable_to_reach"
    CLINICALLY_INAPPROPRIATE = "clinically_inappropriate"
    TRANSFERRED = "transferred"
    DECEASED = "deceased"
    WITHDRAWN = "withdrawn"
    DUPLICATE = "duplicate"
    EXPIRED = "expired"


class Milestone(StrEnum):
    """What the source is told: `Task.businessStatus` codes of HL7 BSeR 2.0.0."""

    CREATED = "2.0"
    ACCEPTED = "3.0"
    DECLINED = "4.0"
    SCHEDULED = "5.1.1"
    UNATTENDED = "5.1.2"
    EVENT_CANCELLED = "5.1.3"
    EVENT_COMPLETED = "5.1.4"
    CANCELLATION_REQUESTED = "5.2"
    CANCELLED = "6.0"
    COMPLETED = "7.0"


def farewell(closing: Closing) -> Milestone:
    """The last thing the source hears: completed, declined by us for a reason of ours, or cancelled."""
    match closing:
        case Closing.COMPLETED:
            return Milestone.COMPLETED
        case Closing.WITHDRAWN | Closing.TRANSFERRED | Closing.DECEASED | Closing.DUPLICATE | Closing.EXPIRED:
            return Milestone.CANCELLED
        case _:
            return Milestone.DECLINED
