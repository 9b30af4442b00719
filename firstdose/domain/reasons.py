"""Why a referral is held or a gate passed: codes alone, for a free word could be a name."""

from enum import StrEnum


class HoldReason(StrEnum):
    HOSPITALISED = "hospitalised"
    PATIENT_AWAY = "patient_away"
    PATIENT_REQUEST = "patient_request"
    PRESCRIBER_REQUEST = "prescriber_request"
    SUPPLY = "supply"
    OTHER = "other"


class OverrideReason(StrEnum):
    DISCHARGE_TODAY = "discharge_today"
    CONTINUITY_OF_CARE = "continuity_of_care"
    EMERGENCY = "emergency"
    OTHER = "other"
