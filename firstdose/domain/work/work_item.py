"""Work items: the one idea behind every human step. The process opens one and awaits its resolution."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.work.change_review import OWNER_OF
from firstdose.domain.work.role import Role
from firstdose.domain.work.undoing import UndoReason


class WorkItemKind(StrEnum):
    COMPLETE_REFERRAL = "complete_referral"
    CONTACT_PATIENT = "contact_patient"
    VERIFY_BENEFITS = "verify_benefits"
    RESOLVE_COVERAGE = "resolve_coverage"
    SUBMIT_AUTHORIZATION = "submit_authorization"
    FOLLOW_UP_PAYER = "follow_up_payer"
    ANSWER_INFORMATION_REQUEST = "answer_information_request"
    REVIEW_DECISION = "review_decision"
    PEER_TO_PEER = "peer_to_peer"
    APPEAL = "appeal"
    VOID_AUTHORIZATION = "void_authorization"
    FIND_ASSISTANCE = "find_assistance"
    ASSESS_PATIENT = "assess_patient"
    REVIEW_BENEFITS = "review_benefits"
    SETTLE_ORDER = "settle_order"
    PREPARE_THERAPY = "prepare_therapy"
    PLACE_VISIT = "place_visit"
    CONFIRM_VISIT = "confirm_visit"
    CONFIRM_TIME = "confirm_time"
    REPORT_VISIT = "report_visit"
    CONFIRM_START = "confirm_start"
    REVIEW_REACTION = "review_reaction"
    APPROVE_OVERRIDE = "approve_override"
    REVIEW_CHANGE = "review_change"
    RECONCILE = "reconcile"


AUTHORIZATION_KINDS: Final = (
    WorkItemKind.SUBMIT_AUTHORIZATION,
    WorkItemKind.FOLLOW_UP_PAYER,
    WorkItemKind.ANSWER_INFORMATION_REQUEST,
    WorkItemKind.REVIEW_DECISION,
    WorkItemKind.PEER_TO_PEER,
    WorkItemKind.APPEAL,
)
"""What is asked of people while an authorization is sought."""

ROLE_OF: Final = {
    WorkItemKind.COMPLETE_REFERRAL: Role.INTAKE_COORDINATOR,
    WorkItemKind.CONTACT_PATIENT: Role.CUSTOMER_SERVICE,
    WorkItemKind.VERIFY_BENEFITS: Role.REIMBURSEMENT_SPECIALIST,
    WorkItemKind.RESOLVE_COVERAGE: Role.REIMBURSEMENT_SPECIALIST,
    WorkItemKind.SUBMIT_AUTHORIZATION: Role.REIMBURSEMENT_SPECIALIST,
    WorkItemKind.FOLLOW_UP_PAYER: Role.REIMBURSEMENT_SPECIALIST,
    WorkItemKind.ANSWER_INFORMATION_REQUEST: Role.REIMBURSEMENT_SPECIALIST,
    WorkItemKind.REVIEW_DECISION: Role.REIMBURSEMENT_SPECIALIST,
    WorkItemKind.PEER_TO_PEER: Role.PHARMACIST,
    WorkItemKind.APPEAL: Role.REIMBURSEMENT_SPECIALIST,
    WorkItemKind.VOID_AUTHORIZATION: Role.REIMBURSEMENT_SPECIALIST,
    WorkItemKind.FIND_ASSISTANCE: Role.REIMBURSEMENT_SPECIALIST,
    WorkItemKind.ASSESS_PATIENT: Role.PHARMACIST,
    WorkItemKind.REVIEW_BENEFITS: Role.CUSTOMER_SERVICE,
    WorkItemKind.SETTLE_ORDER: Role.PHARMACIST,
    WorkItemKind.PREPARE_THERAPY: Role.PHARMACIST,
    WorkItemKind.PLACE_VISIT: Role.NURSE_COORDINATOR,
    WorkItemKind.CONFIRM_VISIT: Role.NURSE,
    WorkItemKind.CONFIRM_TIME: Role.CUSTOMER_SERVICE,
    WorkItemKind.REPORT_VISIT: Role.NURSE,
    WorkItemKind.CONFIRM_START: Role.PHARMACIST,
    WorkItemKind.REVIEW_REACTION: Role.PHARMACIST,
    WorkItemKind.APPROVE_OVERRIDE: Role.SUPERVISOR,
    WorkItemKind.REVIEW_CHANGE: Role.PHARMACIST,
    WorkItemKind.RECONCILE: Role.SUPERVISOR,
}
"""Whose work each kind is; `review_change` is that of the result's owner."""

POSSIBLE_DUPLICATE: Final = "possible_duplicate"
"""The reason of a `reconcile` item that asks whether the referral came twice."""

RECONCILED_BY: Final[Mapping[str, Role]] = {
    POSSIBLE_DUPLICATE: Role.INTAKE_COORDINATOR,
    UndoReason.VISIT_CANCELLED: Role.NURSE,
    UndoReason.NURSE_NOT_TOLD: Role.NURSE_COORDINATOR,
    UndoReason.HOUSEHOLD_NOT_TOLD: Role.CUSTOMER_SERVICE,
    UndoReason.THERAPY_TO_TAKE_BACK: Role.PHARMACIST,
}
"""Whose a `reconcile` item of this reason is; of every other one it is a supervisor's."""


class WorkItemState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


class WorkItem(BaseModel):
    """A human step that is asked for. `asks` says what is wanted in codes, dates and field names, never in PHI.

    `level` counts escalations; `offered_to` is the roster id of the nurse to whom a visit is offered, or who holds it.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    kind: WorkItemKind
    asks: dict[str, Any] = Field(default_factory=dict)
    opened_at: datetime
    due_at: datetime
    level: int = 0
    offered_to: str | None = None

    @property
    def is_offer(self) -> bool:
        """Whether it is withdrawn at its due time, and never escalated."""
        return self.kind is WorkItemKind.CONFIRM_VISIT

    @property
    def role(self) -> Role:
        usual = ROLE_OF[self.kind]
        if self.kind is WorkItemKind.RECONCILE:
            return RECONCILED_BY.get(self.asks.get("reason", ""), usual)
        if self.kind is WorkItemKind.REVIEW_CHANGE and "result" in self.asks:
            return OWNER_OF[SettledResult(self.asks["result"])]
        return usual
