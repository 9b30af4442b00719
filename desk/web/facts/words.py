"""Codes of the facts in words, and the choices that forms make of them; a part of the table in desk/web/words.py."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from firstdose.domain.referral.fact_groups import FactGroup
from firstdose.domain.referral.order import DurationUnit, Route
from firstdose.domain.referral.referral import CoverageOrder, DocumentKind, LineOfBusiness, Relationship, Sex

FACT_WORDS: Final[Mapping[type[StrEnum], Mapping[str, str]]] = {
    FactGroup: {"clinical": "Clinical facts", "coverage": "Coverage facts", "contact": "Contact facts"},
    Route: {"IV": "Intravenous (IV)", "SC": "Subcutaneous (SC)", "IM": "Intramuscular (IM)"},
    DurationUnit: {"days": "Days", "weeks": "Weeks", "doses": "Doses"},
    Sex: {"female": "Female", "male": "Male", "other": "Other", "unknown": "Unknown"},
    LineOfBusiness: {
        "commercial": "Commercial",
        "employer": "Employer plan",
        "medicare_advantage": "Medicare Advantage",
        "medicare": "Medicare",
        "medicaid": "Medicaid",
        "other": "Another line of business",
    },
    Relationship: {
        "self": "The subscriber",
        "spouse": "The subscriber's spouse",
        "child": "The subscriber's child",
        "other": "Related otherwise",
    },
    CoverageOrder: {"primary": "Primary plan", "secondary": "Secondary plan"},
    DocumentKind: {
        "clinical_note": "Clinical note",
        "letter_of_medical_necessity": "Letter of medical necessity",
        "lab_result": "Laboratory result",
        "signed_order": "Signed order",
        "insurance_card": "Insurance card",
        "other": "Another document",
    },
}

ZONES: Final = (
    ("America/New_York", "Eastern"),
    ("America/Chicago", "Central"),
    ("America/Denver", "Mountain"),
    ("America/Phoenix", "Arizona"),
    ("America/Los_Angeles", "Pacific"),
    ("America/Anchorage", "Alaska"),
    ("Pacific/Honolulu", "Hawaii"),
    ("America/Puerto_Rico", "Puerto Rico"),
    ("Pacific/Guam", "Guam"),
)
"""Those that people choose from; another that is known is added."""
