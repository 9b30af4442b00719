"""Which form belongs to which kind of work item. A test compares each with the model of its answer."""

from collections.abc import Callable, Mapping
from typing import Final

from desk.web.item_forms import clinical, coverage, patient, payer, pharmacy, supervision, visit
from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.choices import OutcomeField
from desk.web.item_forms.item_form import only
from firstdose.domain.work.work_item import WorkItemKind

FORMS: Final[Mapping[WorkItemKind, Callable[[AskedItem], OutcomeField]]] = {
    WorkItemKind.COMPLETE_REFERRAL: patient.complete_referral,
    WorkItemKind.CONTACT_PATIENT: patient.contact_patient,
    WorkItemKind.VERIFY_BENEFITS: coverage.verify_benefits,
    WorkItemKind.RESOLVE_COVERAGE: coverage.resolve_coverage,
    WorkItemKind.SUBMIT_AUTHORIZATION: payer.submit_authorization,
    WorkItemKind.FOLLOW_UP_PAYER: payer.follow_up_payer,
    WorkItemKind.ANSWER_INFORMATION_REQUEST: payer.answer_information_request,
    WorkItemKind.REVIEW_DECISION: payer.review_decision,
    WorkItemKind.PEER_TO_PEER: payer.peer_to_peer,
    WorkItemKind.APPEAL: payer.appeal,
    WorkItemKind.VOID_AUTHORIZATION: payer.void_authorization,
    WorkItemKind.FIND_ASSISTANCE: coverage.find_assistance,
    WorkItemKind.ASSESS_PATIENT: clinical.assess_patient,
    WorkItemKind.REVIEW_BENEFITS: patient.review_benefits,
    WorkItemKind.SETTLE_ORDER: pharmacy.settle_order,
    WorkItemKind.PREPARE_THERAPY: pharmacy.prepare_therapy,
    WorkItemKind.PLACE_VISIT: visit.place_visit,
    WorkItemKind.CONFIRM_VISIT: visit.confirm_visit,
    WorkItemKind.CONFIRM_TIME: patient.confirm_time,
    WorkItemKind.REPORT_VISIT: visit.report_visit,
    WorkItemKind.CONFIRM_START: clinical.confirm_start,
    WorkItemKind.REVIEW_REACTION: clinical.review_reaction,
    WorkItemKind.APPROVE_OVERRIDE: supervision.approve_override,
    WorkItemKind.REVIEW_CHANGE: supervision.review_change,
    WorkItemKind.RECONCILE: supervision.reconcile,
}


def form_of(asked: AskedItem) -> OutcomeField:
    """The form with the outcomes that the item leaves open."""
    made = FORMS[asked.item.kind](asked)
    options = asked.asks.get("options")
    return made if options is None else only(made, options)
