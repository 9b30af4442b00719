"""Codes in words that the page of a case shows besides those of the worklist; a part of the table in words.py."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from firstdose.domain.authorization.lines import LineKind
from firstdose.domain.care.assessment import Condition, Suitability
from firstdose.domain.care.therapy import Delivery, KitExemption
from firstdose.domain.clock.state import Phase
from firstdose.domain.payer.channel import Channel
from firstdose.domain.payer.coverage import CoverageStatus, Paying
from firstdose.domain.work.reading import BreakGlassReason

CASE_WORDS: Final[Mapping[type[StrEnum], Mapping[str, str]]] = {
    LineKind: {"drug": "Drug", "per_diem": "Per diem", "nursing": "Nursing"},
    Channel: {"pas": "Da Vinci PAS", "x12": "X12", "people": "Phone, fax or portal"},
    CoverageStatus: {"active": "Active", "inactive": "Not active", "not_found": "Member not found"},
    Paying: {"plan": "The plan", "self_pay": "The patient", "assistance": "An assistance program"},
    Suitability: {
        "suitable_for_home": "Suitable for home",
        "suitable_for_suite": "Suitable for the infusion suite",
        "suitable_with_conditions": "Suitable for home with conditions",
        "not_suitable": "Not suitable",
    },
    Condition: {
        "caregiver_present": "A caregiver is present",
        "interpreter": "An interpreter",
        "refrigerator": "A refrigerator",
        "working_phone": "A phone that works",
        "pets_apart": "Pets are kept apart",
        "sharps_container": "A sharps container",
        "longer_observation": "Longer observation",
        "other": "Another condition",
    },
    Delivery: {"delivered": "To the patient's door", "with_nurse": "With the nurse"},
    KitExemption: {
        "not_first_dose": "It is not the first dose",
        "low_risk_drug": "A drug of low risk",
        "suite_equipment": "The suite has its own",
        "other": "Another reason",
    },
    Phase: {
        "running": "Running",
        "paused": "Stands still: it waits for us",
        "breached": "Overdue",
        "met": "Answered in time",
        "missed": "Answered too late",
    },
    BreakGlassReason: {
        "emergency": "Emergency",
        "patient_called": "The patient called",
        "prescriber_called": "The prescriber called",
        "covering": "I cover for a colleague",
        "complaint": "Complaint",
        "other": "Another reason",
    },
}
