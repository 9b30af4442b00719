"""Who may read a patient's facts: the minimum necessary, and break-glass for everybody else who works here."""

from datetime import timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from firstdose.domain.work.permissions import Act, may
from firstdose.domain.work.role import Actor

GRANT_LASTS: Final = timedelta(minutes=60)


class BreakGlassReason(StrEnum):
    EMERGENCY = "emergency"
    PATIENT_CALLED = "patient_called"
    PRESCRIBER_CALLED = "prescriber_called"
    COVERING = "covering"
    """For a colleague who is away."""
    COMPLAINT = "complaint"
    OTHER = "other"


class Involvement(NamedTuple):
    """What connects a person with a referral. A nurse is connected by visits alone, not by offers or by the role."""

    by_role: bool
    """One of their roles has an item of it, open or past."""
    on_team: bool
    """They are on its team, or an item of it was theirs."""
    visits: bool
    """They hold its visit, or report it."""
    granted: bool
    """They broke the glass within the last hour."""


def may_read(actor: Actor, involvement: Involvement) -> bool:
    if may(actor, Act.READ_FACTS):
        return True
    return may(actor, Act.BREAK_GLASS) and any(involvement)
