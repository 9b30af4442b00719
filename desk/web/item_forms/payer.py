"""Forms of what is asked of a payer: authorization, disputes, and the voiding of what was asked."""

from collections.abc import Mapping
from typing import Any, Final

from desk.web.item_forms.asked import AskedItem
from desk.web.item_forms.choices import OutcomeField, YesNoList, in_words, one_of, option
from desk.web.item_forms.fields import DayField, FormField, LongText, MomentField, TextList, ValueField, WholeNumber
from desk.web.item_forms.item_form import outcome
from desk.web.item_forms.payer_lines import payer_lines, which_lines
from firstdose.domain.authorization.denial import DenialReason
from firstdose.domain.referral.referral import DocumentKind

_WAYS: Final[Mapping[str, str]] = {
    "resubmit": "Ask again, corrected",
    "peer_to_peer": "Have a pharmacist talk to the payer’s physician",
    "appeal": "Appeal",
    "external_review": "Ask for an external review",
    "give_up": "Give up: nothing more is tried with the payer",
}


def submit_authorization(asked: AskedItem) -> OutcomeField:
    return outcome(
        "What came of it?",
        option("submitted", "It is submitted, and the payer decides later", _reference()),
        option("answered", "The payer answered at once", *_payers_word(asked), _reference(), *_wants()),
    )


def follow_up_payer(asked: AskedItem) -> OutcomeField:
    longer = WholeNumber(
        key="extended_by_days", label="How much longer, days", least=1, most=60, ask="Enter the number of days."
    )
    return outcome(
        "What does the payer say?",
        option("answered", "It has decided, or asks for something", *_payers_word(asked), *_wants()),
        option("still_pending", "It is not decided yet", *_told(asked, optional=True)),
        option("extended", "It takes longer", *_told(asked, name_optional=True), longer),
    )


def answer_information_request(asked: AskedItem) -> OutcomeField:
    sent = "Send these documents" if asked.asks.get("send") == "electronically" else "I have sent the documents"
    return outcome(
        "Can the payer’s questions be answered?",
        option("sent", sent, *_documents(asked)),
        option("unobtainable", "What the payer wants cannot be had"),
    )


def review_decision(asked: AskedItem) -> OutcomeField:
    reason = one_of("reason", "Why does the payer say no?", DenialReason, unknown="Not clear")
    in_part = which_lines(asked, in_part=True)
    return outcome(
        "How does it go on?",
        option("decided", "I know what the payer decided", *_payers_word(asked), reason),
        option("accept", "Take what was granted in part", *in_part),
        *(option(way, label, reason, *which_lines(asked)) for way, label in _WAYS.items()),
    )


def peer_to_peer(asked: AskedItem) -> OutcomeField:
    return outcome(
        "What came of the talk?",
        option("overturned", "The payer changed its decision", *_payers_word(asked)),
        option("upheld", "The payer stays with it", *_told(asked, optional=True)),
    )


def appeal(_asked: AskedItem) -> OutcomeField:
    argument = LongText(key="argument", label="Why the therapy is necessary", optional=True)
    return outcome(
        "What about the appeal?",
        option("file", "File it", argument),
        option("give_up", "Give up: nothing more is tried with the payer"),
    )


def void_authorization(asked: AskedItem) -> OutcomeField:
    confirmation = ValueField(
        key="reference", label="The payer’s reference for the voiding", longest=80, ask="Enter the payer’s reference."
    )
    return outcome(
        "What does the payer say?",
        option("voided", "It is voided", confirmation, *_told(asked)),
        option("not_needed", "Nothing is in force there"),
        option("refused", "The payer does not void it", *_told(asked)),
    )


def _told(asked: AskedItem, *, optional: bool = False, name_optional: bool = False) -> tuple[FormField, ...]:
    """The evidence of a payer's word."""
    return (
        ValueField(
            key="told_by",
            label="Who at the payer said so",
            hint="A name, or: portal",
            longest=80,
            optional=optional or name_optional,
            ask="Enter who said so.",
        ),
        MomentField(
            key="told_at",
            label="When they said so",
            zone=asked.zone,
            optional=optional,
            ask="Enter the day and the time at which they said so.",
        ),
    )


def _payers_word(asked: AskedItem) -> tuple[FormField, ...]:
    return (payer_lines(asked), *_told(asked))


def _reference() -> ValueField:
    return ValueField(key="reference", label="The payer’s reference for the request", longest=80, optional=True)


def _wants() -> tuple[FormField, ...]:
    """What the payer wants to see before it decides the lines that are not decided."""
    wanted = TextList(
        key="information.wanted",
        label="What the payer wants to see",
        hint="For lines not decided yet. Each document, or its code, on a line of its own.",
        optional=True,
    )
    due = DayField(key="information.due_on", label="The payer wants it by", optional=True)
    control = ValueField(
        key="information.control_number", label="Number to write on the documents", longest=80, optional=True
    )
    return (wanted, due, control)


def _documents(asked: AskedItem) -> tuple[FormField, ...]:
    """Those that the referral has; all kinds where the item does not say."""
    there: list[Any] = list(asked.asks.get("documents", DocumentKind))
    members = in_words(DocumentKind(each) for each in dict.fromkeys(there) if each in set(DocumentKind))
    if not members:
        return ()
    return (YesNoList(key="documents", label="Which documents answer the questions?", members=members),)
