"""Why a referral is held or a gate passed: codes alone, for a free word could be a name."""

from enum import StrEnum


class HoldReason(StrEnum):
    HOSPITALIZED = "hospitalized"
    PATIENT_AWAY = "patient_away"
    PATIENT_REQUEST = "patient_request"
    PRESCRIBER_REQUEST = "prescriber_request"
    SUPPLY = "supply"
    OTHER = "other"

    @classmethod
    def _missing_(cls, value: object) -> "HoldReason | None":
        """Histories, states and policies that were recorded earlier spell it as here."""
        return cls.HOSPITALIZED if value == "hospitalised" else None


class OverrideReason(StrEnum):
    DISCHARGE_TODAY = "discharge_today"
    CONTINUITY_OF_CARE = "continuity_of_care"
    EMERGENCY = "emergency"
    OTHER = "other"
