"""Work items: the one idea behind every human step. The process opens one and awaits its resolution."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from firstdose.domain.referral.rests_on import SettledResult
from firstdose.domain.work.change_review import OWNER_OF
from firstdose.domain.work.role import Role


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
    REPORT_VISIT = "report_visit"
    REVIEW_REACTION = "review_reaction"
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
    WorkItemKind.REPORT_VISIT: Role.NURSE,
    WorkItemKind.REVIEW_REACTION: Role.SUPERVISOR,
    WorkItemKind.REVIEW_CHANGE: Role.PHARMACIST,
    WorkItemKind.RECONCILE: Role.SUPERVISOR,
}
"""Whose work each kind is; `review_change` is that of the result's owner."""

POSSIBLE_DUPLICATE: Final = "possible_duplicate"
"""The reason of a `reconcile` item that asks whether the referral came twice; it is the intake coordinator's."""


class WorkItemState(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"


class WorkItem(BaseModel):
    """A human step that is asked for. `asks` says what is wanted in codes, dates and field names, never in PHI.

    `level` counts escalations; `offered_to` is the roster id of the nurse to whom a visit is offered.
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
    def role(self) -> Role:
        if self.kind is WorkItemKind.RECONCILE and self.asks.get("reason") == POSSIBLE_DUPLICATE:
            return Role.INTAKE_COORDINATOR
        if self.kind is WorkItemKind.REVIEW_CHANGE and "result" in self.asks:
            return OWNER_OF[SettledResult(self.asks["result"])]
        return ROLE_OF[self.kind]
