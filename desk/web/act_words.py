"""What the audit's records say was done, in words. A test compares them with the acts that the code writes."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from desk.web.times import time_text
from desk.web.words import WORDS, code_text, plain_value
from firstdose.domain.authorization.lines import LineState
from firstdose.domain.referral.order import TherapyKind
from firstdose.domain.referral.referral import Urgency
from firstdose.domain.work.journal import WaitingFor
from firstdose.domain.work.reasons import HoldReason, OverrideReason
from firstdose.domain.work.role import Role
from firstdose.domain.work.stage import Closing, Stage
from firstdose.domain.work.work_item import WorkItemKind

ACTS: Final[Mapping[str, str]] = {
    "activity.failed": "Something of ours failed",
    "assessment.not_final": "Assessed, and more has to be done first",
    "audit_searched": "Searched the audit",
    "authorization.clock": "The payer’s time to decide was set",
    "authorization.lines": "The payer’s answer was recorded",
    "authorization.submitted": "Authorization was asked for",
    "authorization.void_answered": "The payer answered to the voiding",
    "authorization.void_not_confirmed": "The payer did not confirm the voiding",
    "authorization.voided": "The authorization was voided",
    "benefits.verified": "Benefits were verified",
    "billing.handed_over": "Handed over to billing",
    "break_glass": "Broke the glass to read a referral",
    "cancellation_received": "The source asked to cancel",
    "cancelled": "Cancelled",
    "compensated": "An earlier step was undone",
    "decision.reviewed": "The payer’s decision was reviewed",
    "decision.window_closed": "The time to dispute the decision is over",
    "delivery_given_up": "A delivery was given up",
    "dispatch.blocked": "The therapy could not leave",
    "delivery_dropped": "A delivery was dropped",
    "delivery_retried": "A delivery is tried again",
    "document_opened": "Opened a document",
    "documents_listed": "Listed the documents",
    "entry_refused": "An entry of the process could not be recorded",
    "facts_read": "Read the patient’s facts",
    "facts_refused": "Facts could not be taken over",
    "held": "Put on hold",
    "keys_rotated": "Keys were rotated",
    "made_anew": "Made anew",
    "message_dropped": "A message was dropped",
    "message_parked": "A message was parked",
    "message_refused": "A message was refused",
    "message_retried": "A message is tried again",
    "message_stored": "Sent a message to the process",
    "notes_read": "Read the notes",
    "notice.contact_not_allowed": "The patient was not told: they are not to be contacted",
    "notice.no_address": "Nobody was told: there is no address",
    "notice.stored": "Somebody is told",
    "nurses_imported": "Nurses were imported",
    "nursing.added": "Nursing was added",
    "nursing.decided": "Nursing was decided",
    "nursing.dropped": "Nursing was dropped",
    "override.approved": "An override was approved",
    "override.asked": "An override was asked for",
    "override.ended": "An override ended",
    "override.refused": "An override was refused",
    "payer.foreign_answer": "An answer was about another request",
    "payer.late_answer": "The payer answered late",
    "payer.outage_began": "The payer stopped answering",
    "payer.outage_ended": "The payer answers again",
    "payer_answers_read": "Read what the payer said",
    "payer_contact.answered": "The payer answered",
    "payer_contact.attempted": "The payer was asked",
    "payer_contact.begun": "A request to the payer was prepared",
    "payer_contact.event_number_used_before": "The payer’s number was used before",
    "payer_contact.foreign_answer": "The payer’s answer was about another request",
    "payer_contact.unclear": "The payer’s answer was unclear",
    "payer_contact.unreadable": "The payer’s answer could not be read",
    "payer_contact.without_effect": "The payer’s answer changed nothing",
    "payer_notification_shredded": "A payer’s notice about a shredded referral came",
    "payer_notification_unmatched": "A payer’s notice fits no request",
    "payer_notification_without_answer": "A payer’s notice had no answer",
    "payer_subscription_lost": "A subscription at the payer was lost",
    "payer_subscription_registered_again": "A subscription at the payer was renewed",
    "payers_imported": "Payers were imported",
    "payloads_decoded": "Read payloads in Temporal’s Web UI",
    "payment.changed": "Who pays was changed",
    "received": "The source sent the referral",
    "referral.amended": "The facts were amended",
    "referral.opened": "The referral was opened",
    "result.reviewed": "An older result was reviewed",
    "result.stale": "A result became too old",
    "resumed": "The hold ended",
    "shredded": "The patient’s facts were shredded",
    "signal.refused": "A message was not accepted",
    "signed_in": "Signed in",
    "signed_out": "Signed out",
    "site.changed": "The place of the visit was changed",
    "source.told": "The source was told",
    "stage": "The stage changed",
    "standing.corrected": "What the database said was corrected",
    "start.problem": "The start had a problem",
    "stock.released": "The drug was released",
    "stock.reserved": "The drug was reserved",
    "stock_imported": "Stock was imported",
    "timeline_read": "Read what happened",
    "undoing.not_acknowledged": "An undoing was not acknowledged",
    "update_received": "The source sent a new version",
    "visit.held": "A nurse’s time was held",
    "visit.released": "A nurse’s time was released",
    "visit.teaching_open": "Teaching of the visit is open",
    "work_item.assigned": "Work was given to somebody",
    "work_item.claimed": "Work was taken",
    "work_item.corrected": "Work was corrected",
    "work_item.escalated": "Work was escalated",
    "work_item.opened": "Work was opened",
    "work_item.released": "Work was given back",
    "work_item.reopened": "Work was opened again",
    "work_item.resolved": "Work was done",
    "work_item.snoozed": "Work was snoozed",
    "work_item.withdrawn": "Work is not needed any more",
    "work_searched": "Searched for a patient or a referral",
    "workflow.restarted": "The process was started again",
}

_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_TOLD_APART: Final = (Role, WaitingFor, Stage, Closing, Urgency, TherapyKind, LineState, WorkItemKind)
"""Types whose codes say the same in all of them, wherever they stand; reasons have an `other` of their own."""
_CODES: Final = {code: said for kind in _TOLD_APART for code, said in WORDS[kind].items()}
_CODES_OF_REASONS: Final = {code: said for kind in (HoldReason, OverrideReason) for code, said in WORDS[kind].items()}


def act_words(code: str) -> str:
    """An act of an older or newer version is told by its code: `hold.begun` is `Hold begun`."""
    return ACTS.get(code) or code_text(code)


def value_words(value: object, zone: ZoneInfo, now: datetime) -> str:
    """A value of a record's details: codes of the process in words, times in the zone, the rest as it stands."""
    match value:
        case str() if _MOMENT.fullmatch(value):
            return time_text(datetime.fromisoformat(value), zone, now)
        case str():
            return _CODES.get(value) or _CODES_OF_REASONS.get(value) or value
        case list():
            return ", ".join(value_words(each, zone, now) for each in value) or "none"
        case dict():
            return ", ".join(f"{name} {value_words(each, zone, now)}" for name, each in value.items()) or "none"
        case _:
            return plain_value(value)
