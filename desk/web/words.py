"""Codes in words, in one table: a page shows no code that is not here."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from desk.web.case_words import CASE_WORDS
from desk.web.facts.words import FACT_WORDS
from desk.web.item_words import ITEM_WORDS
from firstdose.adapters.postgres.staff.work_views import WorkSort, WorkView
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.care.gates import Gate
from firstdose.domain.care.visit import ReportItem
from firstdose.domain.referral.order import Site, TherapyKind
from firstdose.domain.referral.referral import Urgency
from firstdose.domain.work.journal import WaitingFor
from firstdose.domain.work.reasons import HoldReason, OverrideReason
from firstdose.domain.work.role import Role
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.work_item import WorkItemKind, WorkItemState

WORDS: Final[Mapping[type[StrEnum], Mapping[str, str]]] = {
    Role: {
        "intake_coordinator": "Intake coordinator",
        "customer_service": "Customer service",
        "reimbursement_specialist": "Reimbursement specialist",
        "pharmacist": "Pharmacist",
        "nurse_coordinator": "Nurse coordinator",
        "nurse": "Nurse",
        "supervisor": "Supervisor",
        "auditor": "Auditor",
    },
    WaitingFor: {
        "payer": "The payer",
        "patient": "The patient",
        "prescriber": "The prescriber",
        "system": "Our own system",
    },
    Stage: {
        "intake": "Intake",
        "verification": "Verification",
        "authorization": "Authorization",
        "preparation": "Preparation",
        "scheduled": "Scheduled",
        "first_visit": "First visit",
        "on_service": "On service",
        "closed": "Closed",
    },
    Closing: {
        "completed": "Therapy completed",
        "not_covered": "Not covered",
        "denied_final": "Denied for good",
        "patient_declined": "The patient declined",
        "unable_to_reach": "The patient could not be reached",
        "clinically_inappropriate": "Not right for home",
        "transferred": "Transferred to another provider",
        "deceased": "The patient died",
        "withdrawn": "Withdrawn by the source",
        "duplicate": "Duplicate",
        "expired": "Expired",
    },
    Urgency: {"routine": "Routine", "urgent": "Urgent", "stat": "Stat"},
    TherapyKind: {
        "anti_infective": "Anti-infective",
        "parenteral_nutrition": "Parenteral nutrition",
        "hydration": "Hydration",
        "chemotherapy": "Chemotherapy",
        "pain_management": "Pain management",
        "iron": "Iron",
        "immunoglobulin": "Immunoglobulin",
        "biologic": "Biologic",
        "inotrope": "Inotrope",
    },
    Gate: {
        "licensed": "A license for the patient's state",
        "order": "A complete order",
        "authorization": "Authorization",
        "assessment": "The pharmacist's assessment",
        "agreement": "The patient's agreement to the cost",
        "therapy": "The drug, prepared",
        "kit": "The anaphylaxis kit",
        "visit_time": "A time of the visit that is possible",
        "nurse": "A nurse who may make the visit",
        "patient_confirmed": "The patient's word on the time",
        "hold": "No hold",
        "contact": "Permission to contact the patient",
    },
    ReportItem: {
        "infusion_explained": "The infusion was explained",
        "supplies_reviewed": "Supplies were reviewed",
        "storage_taught": "Storage was taught",
        "infusion_managed": "The infusion was given and watched",
        "side_effects_taught": "Side effects were taught",
        "environment_assessed": "The home was looked at",
        "condition_asked": "Condition and progress were asked",
    },
    Site: {"home": "At home", "suite": "In the infusion suite"},
    HoldReason: {
        "hospitalized": "In hospital",
        "patient_away": "The patient is away",
        "patient_request": "The patient asked for it",
        "prescriber_request": "The prescriber asked for it",
        "supply": "Supply",
        "other": "Another reason",
    },
    OverrideReason: {
        "discharge_today": "Discharge is today",
        "continuity_of_care": "Therapy must not be interrupted",
        "emergency": "Emergency",
        "other": "Another reason",
    },
    LineState: {
        "not_required": "Not required",
        "draft": "Not asked for yet",
        "submitted": "Asked for",
        "needs_review": "Needs a look",
        "pended": "Pended",
        "info_requested": "The payer has questions",
        "approved": "Approved",
        "partial": "Approved in part",
        "modified": "Approved with changes",
        "denied": "Denied",
        "peer_to_peer": "Peer-to-peer",
        "appealed": "Appealed",
        "external_review": "In external review",
        "exhausted": "Exhausted",
        "expired": "Expired",
        "void": "Void",
    },
    WorkView: {
        "start": "Mine and unassigned",
        "mine": "Mine",
        "unassigned": "Unassigned",
        "role": "My roles",
        "all": "All",
        "overdue": "Overdue",
        "due_today": "Due today",
        "expiring": "Authorization ends in 14 days",
        "waiting": "Waiting for",
    },
    WorkSort: {"due": "Due first", "due_last": "Due last", "age": "Longest open", "urgency": "Most urgent"},
    WorkItemState: {"open": "Open", "claimed": "Taken", "resolved": "Done", "withdrawn": "Not needed any more"},
    WorkItemKind: {
        "complete_referral": "Complete the referral",
        "contact_patient": "Call the patient",
        "verify_benefits": "Verify benefits",
        "resolve_coverage": "Resolve coverage",
        "submit_authorization": "Submit the authorization",
        "follow_up_payer": "Follow up with the payer",
        "answer_information_request": "Answer the payer's questions",
        "review_decision": "Review the payer's decision",
        "peer_to_peer": "Peer-to-peer with the payer",
        "appeal": "Appeal",
        "void_authorization": "Void the authorization",
        "find_assistance": "Find financial assistance",
        "assess_patient": "Assess the patient",
        "review_benefits": "Review benefits with the patient",
        "settle_order": "Settle the order with the prescriber",
        "prepare_therapy": "Prepare the therapy",
        "place_visit": "Find a nurse",
        "confirm_visit": "Accept or decline the visit",
        "confirm_time": "Confirm the time with the patient",
        "report_visit": "Report the visit",
        "confirm_start": "Confirm the start",
        "review_reaction": "Review a reaction",
        "approve_override": "Approve or refuse an override",
        "review_change": "Review a change",
        "reconcile": "Look into it",
    },
    **FACT_WORDS,
    **ITEM_WORDS,
    **CASE_WORDS,
}
"""By type, then by code. A test compares each type with what is here."""


def code_text(name: str) -> str:
    """A name of the audit, of which there are too many for a table: `work_item.claimed` is `Work item claimed`."""
    text = name.replace("_", " ").replace(".", " ")
    return f"{text[:1].upper()}{text[1:]}"


def plain_value(value: object) -> str:
    """A value of the audit's details, without brackets where it has one part or a few."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(plain_value(each) for each in value) or "none"
        case dict():
            return ", ".join(f"{name} {plain_value(each)}" for name, each in value.items()) or "none"
        case _:
            return str(value)


def words(code: StrEnum) -> str:
    """What a code says. Raises KeyError for a type that is not in the table."""
    return WORDS[type(code)][code.value]


def whom(code: str) -> str:
    """Who is waited for: a role, or somebody outside."""
    return words(WaitingFor(code) if code in set(WaitingFor) else Role(code))
