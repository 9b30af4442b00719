"""What each action of the audit says as a sentence; and those that are technical, and say nothing to staff."""

from collections.abc import Callable, Mapping
from typing import Final

from desk.web.case.story_told import (
    ToldAction,
    blocked,
    held,
    lines_answered,
    moved_on,
    override_asked,
    resolved,
    result_stale,
    source_told,
    submitted,
    teaching_open,
    verified,
    visit_held,
)
from firstdose.domain.payer.coverage import Paying
from firstdose.domain.referral.order import Site
from firstdose.domain.work.reading import BreakGlassReason
from firstdose.domain.work.stage import Closing
from firstdose.domain.work.work_item import WorkItemKind

Say = Callable[[ToldAction], str | None]

SENTENCES: Final[Mapping[str, Say]] = {
    "received": lambda _: "The referral was received.",
    "update_received": lambda _: "The source sent a new version of the referral.",
    "cancellation_received": lambda _: "The source asked to cancel the referral.",
    "referral.opened": lambda _: "The referral was opened.",
    "referral.amended": lambda _: "The facts were amended.",
    "facts_refused": lambda _: "New facts could not be taken over.",
    "stage": moved_on,
    "held": held,
    "resumed": lambda _: "The hold ended.",
    "cancelled": lambda told: f"The referral was cancelled: {told.code('reason', Closing)}.",
    "benefits.verified": verified,
    "payment.changed": lambda told: f"Who pays changed: {told.code('paying', Paying)}.",
    "authorization.submitted": submitted,
    "authorization.lines": lines_answered,
    "authorization.voided": lambda told: f"Nothing more is asked for {told.services(told.details.get('lines'))}.",
    "authorization.void_answered": lambda _: "It was answered whether the payer voids the authorization.",
    "authorization.void_not_confirmed": lambda _: "Nobody confirmed in time that the payer voided the authorization.",
    "payer.answered": lambda _: "The payer answered.",
    "payer.unclear": lambda _: "The payer answered something that only a person can judge.",
    "payer.late_answer": lambda _: "An answer of the payer came too late, and changes nothing.",
    "payer.foreign_answer": lambda _: "The payer answered about another patient or request: it was not taken.",
    "decision.reviewed": lambda _: "The payer’s decision was reviewed.",
    "decision.window_closed": lambda _: "The window for what was chosen had closed.",
    "nursing.added": lambda _: "A nursing line was added.",
    "nursing.dropped": lambda _: "The nursing line was dropped.",
    "nursing.decided": lambda told: "A nurse is needed." if told.details.get("needed") else "No nurse is needed.",
    "site.changed": lambda told: f"The place of the visit changed: {told.code('site', Site)}.",
    "assessment.not_final": lambda _: "The assessment is not final: the allergies are not known.",
    "result.stale": result_stale,
    "result.reviewed": lambda told: f"The {told.code('result')} was looked at again.",
    "dispatch.blocked": blocked,
    "override.asked": override_asked,
    "override.approved": lambda _: "The override took effect.",
    "override.refused": lambda _: "The override was refused.",
    "override.ended": lambda _: "The override ended.",
    "visit.held": visit_held,
    "visit.released": lambda _: "The visit was taken off the roster.",
    "visit.teaching_open": teaching_open,
    "start.problem": lambda told: f"The patient has not started: {told.code('problem')}.",
    "stock.reserved": lambda told: f"The drug was reserved, lot {told.details.get('lot')}.",
    "stock.released": lambda told: f"The drug was put back, lot {told.details.get('lot')}.",
    "undoing.not_acknowledged": lambda _: "Nobody acknowledged in time what was undone.",
    "activity.failed": lambda told: f"A step could not be done: {told.code('step')}.",
    "work_item.opened": lambda told: f"Work for {told.whom()}: {told.code('kind', WorkItemKind)}.",
    "work_item.resolved": resolved,
    "work_item.escalated": lambda told: f"Escalated, because it is late: {told.code('kind', WorkItemKind)}.",
    "source.told": source_told,
    "billing.handed_over": lambda _: "The first infusion was handed over to billing.",
    "delivery_given_up": lambda _: "A message could not be delivered and was given up.",
    "notice.stored": lambda told: f"A notice went to the {told.code('recipient')}: {told.code('topic')}.",
    "notice.no_address": lambda told: f"A notice could not go to the {told.code('recipient')}: no address is known.",
    "notice.contact_not_allowed": lambda _: "No notice went to the patient: contact is not allowed.",
    "break_glass": lambda told: f"Somebody without a part in it read it: {told.code('reason', BreakGlassReason)}.",
    "shredded": lambda _: "The facts were shredded.",
    "message.refused": lambda told: (
        f"What was sent was refused: {told.details.get('refusal') or 'no reason is known'}."
    ),
    "workflow.restarted": lambda _: "The process was started again from its records.",
}

TECHNICAL: Final = frozenset(
    {
        "authorization.clock",
        "compensated",
        "document_opened",
        "documents_listed",
        "entry_refused",
        "facts_read",
        "item_facts_read",
        "payer_answers_read",
        "payloads_decoded",
        "signal.refused",
        "timeline_read",
        "work_item.assigned",
        "work_item.claimed",
        "work_item.released",
        "work_item.reopened",
        "work_item.snoozed",
        "work_item.withdrawn",
    }
)
"""Actions without a sentence."""
_TECHNICAL: Final = ("message", "outbox.", "payer_contact.")
"""What their names begin with."""


def is_technical(action: str) -> bool:
    return action in TECHNICAL or (action not in SENTENCES and action.startswith(_TECHNICAL))
