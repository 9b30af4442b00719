"""The texts of our mails. They say that something waits, never what or for whom: anybody may read a mail."""

from typing import Any

from firstdose.domain.work.work_item import WorkItemKind
from firstdose.ports import Recipient, Topic

_CALL = "Please call us at the number that you have from us. For your privacy this mail says no more."
_LOOK = "Please sign in to the desk. Referral:"

_TO_PATIENT = {
    Topic.WELCOME: ("A message from your infusion pharmacy", "Your infusion pharmacy would like to speak with you."),
    Topic.ASSESSMENT_DUE: ("A message from your infusion pharmacy", "Our pharmacist would like to speak with you."),
    Topic.VISIT_OFFERED: ("A message from your infusion pharmacy", "We are arranging your appointment."),
    Topic.VISIT_DISPATCHED: ("A message from your infusion pharmacy", "Your appointment is arranged."),
    Topic.REACTION: ("A message from your infusion pharmacy", "We would like to speak with you today."),
}
_TO_STAFF = {
    Topic.WELCOME: ("A new referral", "A new referral has come in."),
    Topic.ASSESSMENT_DUE: ("An assessment is due", "A patient waits for the initial assessment."),
    Topic.VISIT_OFFERED: ("A visit is offered", "A visit is offered to you and waits for your answer."),
    Topic.VISIT_DISPATCHED: ("A visit is dispatched", "The gates are open: the visit takes place."),
    Topic.REACTION: ("A reaction was reported", "A reaction was reported and must be reviewed within the hour."),
}


def notice_mail(address: str, number: str, recipient: Recipient, topic: Topic) -> dict[str, Any]:
    """`{to, subject, text}`. Only mails to staff have the referral's number."""
    if recipient is Recipient.PATIENT:
        subject, text = _TO_PATIENT[topic]
        return _mail(address, subject, f"{text} {_CALL}")
    subject, text = _TO_STAFF[topic]
    return _mail(address, subject, f"{text} {_LOOK} {number}")


def escalation_mail(address: str, number: str, kind: WorkItemKind, level: int) -> dict[str, Any]:
    """`{to, subject, text}`."""
    what = kind.value.replace("_", " ")
    return _mail(address, f"Overdue: {what}", f"Escalation {level} of the work item: {what}. {_LOOK} {number}")


def _mail(address: str, subject: str, text: str) -> dict[str, Any]:
    return {"to": address, "subject": subject, "text": f"{text}\n"}
